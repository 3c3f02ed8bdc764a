"""The kill switch: stop every call to HubSpot, for all portals or for one, in every process within seconds.

A stop is a row. Each process looks at most a second old before each attempt of a call, and again when it has waited
for the limiter: so whatever began before the stop ends within its deadline, and nothing begins after it was honoured.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from hubspot_api.ports import Bucket, Gate, Permit

from ..audit import record
from ..errors import TryLater
from ..models import Portal, Stop
from ..ratelimit import PrivateApp, WorkClass
from ..ratelimit import gate_for as unguarded_gate_for
from ..ratelimit.gates import WAIT_S
from ..signals import calls_may_go_on

logger = logging.getLogger(__name__)

HONOURED_WITHIN_S = 3.0  # every process has looked by then, and what it had just let through has left
_COME_BACK_S = (60.0, 120.0)  # work that is stopped looks again after so long; spread, so that it does not all at once


class CallsStopped(TryLater):
    """Staff stopped the calls to HubSpot, for everybody or for this portal."""


@dataclass(frozen=True)
class _Seen:
    at: float  # of the monotonic clock
    hub_ids: frozenset[int | None]


_seen = _Seen(-1e9, frozenset())


def active() -> Iterable[Stop]:
    """Return the stops in force, that for everybody first."""
    return Stop.objects.filter(ended_at=None).order_by("hub_id").reverse()


def is_everything_stopped() -> bool:
    """Ask the database, not our memory."""
    return Stop.objects.filter(ended_at=None, hub_id=None).exists()


def stopped_since(hub_id: int, at: datetime) -> bool:
    """Whether calls are stopped for this account or for everybody, or were at any time since. Asks the database."""
    stops = Stop.objects.filter(Q(hub_id=None) | Q(hub_id=hub_id))
    return stops.filter(Q(ended_at=None) | Q(ended_at__gte=at)).exists()


def require_go(hub_id: int) -> None:
    """Raise CallsStopped if calls are stopped for everybody, or for this account. 0: a call of the app's own."""
    stopped = _stopped()
    if None in stopped or hub_id in stopped:
        whose = "all portals" if None in stopped else f"account {hub_id}"
        retry_at = timezone.now() + timedelta(seconds=random.uniform(*_COME_BACK_S))  # noqa: S311 - jitter
        raise CallsStopped(f"Staff stopped the calls to HubSpot for {whose}.", retry_at)


def _stopped() -> frozenset[int | None]:
    """Threads that look at the same moment both ask: cheaper than a lock, which a fork could leave locked."""
    global _seen  # noqa: PLW0603 - what this process knows
    began = time.monotonic()
    if began - _seen.at >= settings.SWITCHES_SEEN_FOR_S:
        _seen = _Seen(began, frozenset(Stop.objects.filter(ended_at=None).values_list("hub_id", flat=True)))
    return _seen.hub_ids


@transaction.atomic
def stop(actor: str, reason: str, hub_id: int | None = None) -> bool:
    """Stop calls, for one account or for everybody; False if they are stopped already."""
    row = Stop(hub_id=hub_id, begun_by=actor, reason=reason)
    if not _is_new(row):
        return False
    for portal in _portals_of(hub_id):
        record(portal, actor, "stopped calls to HubSpot", reason)
    logger.critical("%s stopped all calls to HubSpot for %s: %s", actor, hub_id or "everybody", reason)
    return True


@transaction.atomic
def resume(actor: str, hub_id: int | None = None) -> bool:
    """Let calls go on; False if this switch had not been thrown. A stop of the other kind stays in force."""
    ended = Stop.objects.filter(ended_at=None, hub_id=hub_id).update(ended_at=timezone.now(), ended_by=actor)
    if not ended:
        return False
    portals = _portals_of(hub_id)
    for portal in portals:
        record(portal, actor, "let calls to HubSpot go on")
    calls_may_go_on.send(Stop, portal_ids=None if hub_id is None else [one.pk for one in portals if one])
    logger.warning("%s let calls to HubSpot go on for %s.", actor, hub_id or "everybody")
    return True


def _is_new(row: Stop) -> bool:
    Stop.objects.bulk_create([row], ignore_conflicts=True)
    return Stop.objects.filter(pk=row.pk).exists()


def _portals_of(hub_id: int | None) -> list[Portal | None]:
    """Whom to name in the audit entries: None stands for everybody, once rather than ten thousand times."""
    return [None] if hub_id is None else [*Portal.objects.live().filter(hub_id=hub_id)]


class GuardedGate:
    """The rate limiter's gate, shut while calls are stopped."""

    def __init__(self, inner: Gate, hub_id: int) -> None:
        self._inner = inner
        self._hub_id = hub_id

    def admit(self, bucket: Bucket, longest: float) -> Permit:
        """Return leave for one attempt. Raises CallsStopped, LimiterFull."""
        require_go(self._hub_id)
        permit = self._inner.admit(bucket, longest)
        require_go(self._hub_id)  # it may have waited for seconds; its place comes back by itself
        return permit


def gate_for(
    hub_id: int, work_class: WorkClass, *, wait_s: float = WAIT_S, private_app: PrivateApp | None = None
) -> GuardedGate:
    """Return the limiter's gate for one portal and class of work, behind the kill switch."""
    return GuardedGate(unguarded_gate_for(hub_id, work_class, wait_s=wait_s, private_app=private_app), hub_id)
