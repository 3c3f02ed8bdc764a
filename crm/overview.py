"""What the overview shows: the connection, the syncs, how fresh the mirror is, how much of the limit is used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from hubspot_api.errors import Migrating, WrongHublet
from hubspot_api.ports import Bucket
from installations.calls import days
from installations.calls.days import Day
from installations.clients import private_app_of
from installations.credentials.token_times import times_of
from installations.models import Credential, Portal
from installations.ratelimit import limiter
from installations.scopes import in_words
from lanes.models import Lane
from webhooks.models import EVENTS, Event

from . import presenting
from .models import FeedHead, Sync
from .object_types import BY_ID, ObjectType

_COUNTED = 1000  # more events than this are shown as "more than"


@dataclass(frozen=True)
class ShownSync:
    """One object type's row."""

    object_type: ObjectType
    sync: Sync

    @property
    def is_first(self) -> bool:
        return self.sync.state == Sync.State.FIRST_SYNC

    @property
    def is_closed(self) -> bool:
        return self.sync.state == Sync.State.UNAVAILABLE

    @property
    def is_sweep(self) -> bool:
        return self.sync.state == Sync.State.IN_SYNC and self.sync.reading_ended_at is None

    @property
    def percent(self) -> int:
        """Progress of the first sync; sweeps do not count."""
        return self.sync.percent if self.is_first else 100


@dataclass(frozen=True)
class FirstSync:
    """The first syncs of all types that may be read, together."""

    syncs: list[ShownSync]
    is_stopped: bool  # the portal is not connected: nothing is read

    @property
    def percent(self) -> int:
        """The mean: it never goes back when a type's total becomes known, and is 100 only when all have ended."""
        return sum(one.percent for one in self.syncs) // len(self.syncs) if self.syncs else 0

    @property
    def is_running(self) -> bool:
        return not self.is_stopped and any(one.is_first for one in self.syncs)

    @property
    def announcement(self) -> str:
        """What to read out to those who do not see the bar: every tenth part, not every step."""
        return f"First sync: {self.percent // 10 * 10} %"


@dataclass(frozen=True)
class Freshness:
    """How far the mirror is behind HubSpot, as far as can be known."""

    waiting: int  # events not worked through yet, at most 1,000 counted
    oldest_waiting_at: datetime | None  # None: nothing waits
    changed_at: datetime | None  # None: nothing was ever mirrored
    reconciled_at: datetime | None  # the type asked about longest ago; None: some was never


@dataclass(frozen=True)
class Standstill:
    """HubSpot moves the account to another data centre, or says that it has: nothing can be read meanwhile."""

    is_under_way: bool  # else the move is over, and our access leads to where the account was
    until: datetime  # when it is tried again


@dataclass(frozen=True)
class ApiUse:
    """Calls of the last ten seconds against what HubSpot allows."""

    used: int
    limit: int
    is_degraded: bool
    frozen_until: datetime | None
    day: Day | None  # None: HubSpot does not count the calls of a day

    @property
    def percent(self) -> int:
        return min(100, self.used * 100 // self.limit)


def context(portal: Portal) -> dict[str, object]:
    """Return everything that the overview's moving part shows."""
    syncs = _syncs(portal)
    open_syncs = [one for one in syncs if not one.is_closed]
    return {
        **_connection(portal),
        "syncs": syncs,
        "first_sync": FirstSync(open_syncs, is_stopped=portal.state != Portal.State.ACTIVE),
        "freshness": _freshness(portal),
        "standstill": _standstill(portal),
        "api_use": _api_use(portal),
        "events": Event.objects.filter(portal=portal).with_state().order_by("-id")[:10],
        "changes": presenting.latest_changes(portal, 10),
    }


def _connection(portal: Portal) -> dict[str, object]:
    credential = Credential.objects.filter(portal=portal).first()
    if credential is None:  # somebody is disconnecting the portal at this moment
        return {"token": None, "granted": []}
    return {"token": times_of(credential), "granted": in_words(credential.scopes)}


def _syncs(portal: Portal) -> list[ShownSync]:
    rows = Sync.objects.filter(portal=portal, object_type__in=BY_ID).order_by("object_type")
    return [ShownSync(BY_ID[sync.object_type], sync) for sync in rows]


def _freshness(portal: Portal) -> Freshness:
    position = Lane.objects.filter(portal=portal, kind=EVENTS).values_list("position", flat=True).first() or 0
    waiting = Event.objects.filter(portal=portal, id__gt=position).order_by("id")
    first = waiting.values_list("received_at", flat=True).first()
    moved_at = FeedHead.objects.filter(portal=portal).values_list("moved_at", flat=True).first()
    asked = list(Sync.objects.filter(portal=portal, state=Sync.State.IN_SYNC).values_list("reconciled_at", flat=True))
    reconciled_at = min((at for at in asked if at), default=None) if None not in asked else None
    count = waiting[:_COUNTED].count() if first else 0
    return Freshness(count, first, moved_at, reconciled_at)


def _standstill(portal: Portal) -> Standstill | None:
    held = Lane.objects.filter(portal=portal, not_before__gt=timezone.now()).order_by("not_before")
    for error, until in held.values_list("latest_error", "not_before"):
        name = error.partition(":")[0]
        if until is not None and name in {Migrating.__name__, WrongHublet.__name__}:
            return Standstill(name == Migrating.__name__, until)
    return None


def _api_use(portal: Portal) -> ApiUse:
    private_app = private_app_of(portal)
    usage = limiter().usage(portal.hub_id, private_app)
    burst = usage.buckets[Bucket.BURST]
    day = days.day_of(usage, private_app) if private_app else None
    return ApiUse(burst.used, burst.limit, usage.degraded, burst.frozen_until, day)
