"""How it goes, in figures read from the database at the moment of asking: for the overview and for the metrics.

Read, not counted along: web and worker processes come and go, the rows do not. What could be millions is counted up
to a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Count, Min, Q, Sum
from django.utils import timezone

from crm.models import Sync
from installations.calls import days
from installations.models import (
    ROTATE_AFTER,
    Anomaly,
    CallMinute,
    Credential,
    FailedRequests,
    Place,
    Portal,
    Stop,
    erase_due,
)
from installations.people import places
from installations.ratelimit import WorkClass, limiter
from lanes.models import Lane, Sweep
from webhooks.journal import reading
from webhooks.models import EVENTS, Event, Failure, JournalReader

BOUND = 10_000
MOST_ASKED = 100  # each costs a question to Redis
ERROR_BUDGET = 0.05  # "API usage guidelines": more failed calls a day than this, and an app is no longer listed
ERROR_WARNING = 0.02
BEAT_IS_LATE = timedelta(minutes=3)
ERASURE_IS_LATE = timedelta(hours=2)
JOURNAL_IS_LATE = timedelta(minutes=5)
GAP_IS_NEWS = timedelta(days=3)

# A probe of one index per lane; each gives up where there is more than anybody wants counted.
_PENDING = f"""
SELECT count(*) FROM (
    SELECT 1 FROM lanes_lane AS lane CROSS JOIN LATERAL (
        SELECT 1 FROM webhooks_event AS event
        WHERE event.portal_id = lane.portal_id AND event.id > lane.position LIMIT %s
    ) AS waiting
    WHERE lane.kind = '{EVENTS}' LIMIT %s
) AS counted
"""  # noqa: S608 - built from constants only


def portals_by_state() -> dict[str, int]:
    counted = dict(Portal.objects.values_list("state").annotate(Count("pk")))
    return {state.value: counted.get(state.value, 0) for state in Portal.State}


@dataclass(frozen=True)
class DueLanes:
    """The lanes of one class that could be claimed now."""

    work_class: WorkClass
    count: int
    oldest_at: datetime | None  # None: none is due

    @property
    def age_s(self) -> float:
        return (timezone.now() - self.oldest_at).total_seconds() if self.oldest_at else 0.0


def due_lanes() -> list[DueLanes]:
    """Return every class, in order of rank. A lane that is held is being worked on, so it is not waiting."""
    now = timezone.now()
    waiting = Lane.objects.filter(Q(token=None) | Q(lease_until__lt=now), parked=False, due_at__lte=now)
    rows = waiting.values("work_class").annotate(n=Count("pk"), oldest=Min("due_at"))
    found = {row["work_class"]: DueLanes(WorkClass(row["work_class"]), row["n"], row["oldest"]) for row in rows}
    return [found.get(work_class, DueLanes(work_class, 0, None)) for work_class in WorkClass]


def failing_lanes() -> dict[str, int]:
    """Return how many lanes of each kind have failed in their latest slice, at most `BOUND` in all."""
    failing = Lane.objects.filter(failures__gt=0).order_by().values_list("kind", flat=True)[:BOUND]
    kinds = list(failing)
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def parked_lanes() -> int:
    return Lane.objects.filter(parked=True).count()


def waiting_events() -> dict[str, int]:
    """Return how many events are in each state that is not done, each counted up to `BOUND`."""
    with connection.cursor() as cursor:
        cursor.execute(_PENDING, [BOUND, BOUND])
        (pending,) = cursor.fetchone()
    failed = Failure.objects.order_by()
    return {
        Event.State.PENDING.value: pending,
        Event.State.RETRYING.value: failed.filter(died_at=None)[:BOUND].count(),
        Event.State.DEAD.value: failed.filter(died_at__isnull=False)[:BOUND].count(),
        Event.State.QUARANTINED.value: Event.objects.filter(portal=None).order_by()[:BOUND].count(),
    }


@dataclass(frozen=True)
class Beat:
    """What the sweep of each minute tells: that beat and a worker live, and how many wake-ups were ever lost."""

    swept_at: datetime | None  # None: never yet
    lost_wake_ups: int

    @property
    def age_s(self) -> float | None:
        return (timezone.now() - self.swept_at).total_seconds() if self.swept_at else None

    @property
    def is_late(self) -> bool:
        return self.swept_at is None or timezone.now() - self.swept_at > BEAT_IS_LATE


def beat() -> Beat:
    sweep = Sweep.objects.first()
    return Beat(sweep.swept_at, sweep.found) if sweep else Beat(None, 0)


@dataclass(frozen=True)
class Journal:
    """How reading HubSpot's journal goes. `row` is None until somebody looked for the first time."""

    is_wanted: bool
    row: JournalReader | None

    @property
    def caught_up_at(self) -> datetime | None:
        return self.row.caught_up_at if self.row else None

    @property
    def lag_s(self) -> float | None:
        """Seconds since its end was last reached; None: never yet."""
        return (timezone.now() - self.caught_up_at).total_seconds() if self.caught_up_at else None

    @property
    def refused_at(self) -> datetime | None:
        return self.row.refused_at if self.row and self.is_wanted else None

    @property
    def is_late(self) -> bool:
        lag = self.lag_s
        return self.is_wanted and not self.refused_at and (lag is None or lag > JOURNAL_IS_LATE.total_seconds())

    @property
    def gap_at(self) -> datetime | None:
        """When something was last lost, while that is news."""
        at = self.row.gap_at if self.row else None
        return at if at and timezone.now() - at < GAP_IS_NEWS else None


def journal() -> Journal:
    return Journal(reading.is_wanted(), JournalReader.objects.first())


def overdue_erasures() -> int:
    """Return how many portals should have been erased two hours ago: the eraser comes by every hour."""
    return erase_due(timezone.now() - ERASURE_IS_LATE).count()


def refresh_failures() -> int:
    """Return for how many portals the latest refresh failed."""
    return Credential.objects.filter(failures__gt=0).count()


def tokens_to_rotate() -> int:
    """Return how many private-app tokens are so old that people are reminded to rotate them."""
    old = Credential.objects.filter(expires_at=None, obtained_at__lte=timezone.now() - ROTATE_AFTER)
    return old.filter(portal__state=Portal.State.ACTIVE).count()


def spent_days() -> list[Portal]:
    """Return the portals whose mirror waits because their private apps' calls of today are used up; at most 100."""
    connected = Portal.objects.filter(connection=Portal.Connection.PRIVATE_APP, state=Portal.State.ACTIVE)
    asked = [(portal, days.today(portal)) for portal in connected.order_by("pk")[:MOST_ASKED]]
    return [portal for portal, day in asked if day is not None and day.is_short]


def stops() -> list[Stop]:
    """Return the stops of calls that are in force, that for everybody first."""
    return sorted(Stop.objects.filter(ended_at=None), key=lambda stop: (stop.hub_id is not None, stop.begun_at))


def anomalies() -> list[Anomaly]:
    """Return what nobody has looked at of what is unusual now, the latest first, at most `MOST_ASKED`."""
    return list(Anomaly.objects.alarming().select_related("portal").order_by("-begun_at")[:MOST_ASKED])


def anomalies_by_kind() -> dict[str, int]:
    counted = Anomaly.objects.alarming().order_by().values_list("kind").annotate(n=Count("pk"))
    return dict.fromkeys(Anomaly.Kind.values, 0) | dict(counted)


def new_places_of_staff() -> list[Place]:
    """Return new places that staff signed in from and nobody has said are all right; at most `MOST_ASKED`."""
    return list(places.unseen_of_staff()[:MOST_ASKED])


def mirrored_records() -> dict[str, int]:
    """Return the live records of all portals by HubSpot's object type id."""
    return dict(Sync.objects.order_by("object_type").values_list("object_type").annotate(Sum("live_records")))


def limiter_is_degraded() -> bool:
    """Whether Redis is away, so that each process has to limit its calls by itself."""
    return limiter().usage(0).degraded


@dataclass(frozen=True)
class Calls:
    """Requests to HubSpot and how many it answered with an error, as HubSpot counts: every attempt is one."""

    requests: int
    errors: int

    @property
    def error_share(self) -> float:
        return self.errors / self.requests if self.requests else 0.0


def calls_since(since: datetime) -> Calls:
    """Add up the minutes since then. Attempts that found no connection are no requests: HubSpot cannot count them."""
    sums = CallMinute.objects.filter(at__gte=since).aggregate(
        requests=Sum("requests", default=0), errors=Sum("errors", default=0)
    )
    return Calls(**sums)


def calls_by_answer(since: datetime) -> dict[str, int]:
    """Return how many calls ended with which class of answer."""
    counted = CallMinute.objects.filter(at__gte=since).order_by().values_list("answer").annotate(n=Sum("calls"))
    return dict.fromkeys(CallMinute.Answer.values, 0) | dict(counted)


@dataclass(frozen=True)
class Cause:
    """A kind of request that failed on a day: of whom (None: the app itself), why, and how often."""

    portal: Portal | None
    method: str
    path: str
    status: int | None
    category: str
    times: int


def causes(day: date, most: int = 5) -> list[Cause]:
    """Return what failed most often on a day (UTC), by kind of request, reason and portal."""
    rows = FailedRequests.objects.filter(day=day).order_by("-times", "pk").select_related("portal")[:most]
    return [Cause(row.portal, row.method, row.path, row.status, row.category, row.times) for row in rows]


def categories(day: date, most: int = 20) -> dict[str, int]:
    """Return how many requests failed on a day (UTC) by HubSpot's category, or by our name for it."""
    counted = FailedRequests.objects.filter(day=day).values_list("category").annotate(n=Sum("times"))
    return dict(counted.order_by("-n", "category")[:most])


def midnight() -> datetime:
    """When the day began. HubSpot does not say by which clock it counts an app's errors of a day; we take UTC."""
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
