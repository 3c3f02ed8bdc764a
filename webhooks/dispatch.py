"""Work through a portal's inbox: batches in order, halved when one fails, so that a poison event dies alone."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

import psycopg
from django.db import InterfaceError, OperationalError
from django.db.models import Exists, OuterRef
from django.utils import timezone

from hubspot_api.errors import Forbidden, HubSpotError, OAuthError, Unauthorized, WrongHublet
from installations.errors import InstallationError
from installations.models import Portal
from installations.ratelimit import WorkClass
from lanes.claims import Claim
from lanes.kinds import LaneKind, register
from lanes.models import Lane
from lanes.slices import LeaseLost, Slice

from . import failures
from .handlers import ReceivedChange, handler
from .models import EVENTS, Event, Failure

logger = logging.getLogger(__name__)

BATCH = 500  # a hundred records a call, five calls at once
_SHIFT_PER_DEATH = 3  # after each holder that died, the next takes an eighth as many
_SHIFT_PER_FAILURE = 2  # after each failed slice in a row but the first, the next takes a quarter as many

# Not the events' fault: the portal, the token, HubSpot or our database is in trouble, and the whole lane waits.
_BAD_TIMES = (InstallationError, LeaseLost, OperationalError, InterfaceError)
_TOO_MUCH = (psycopg.errors.QueryCanceled, psycopg.errors.ProgramLimitExceeded)  # what the database says of a batch
_BAD_PORTAL = (Unauthorized, Forbidden, OAuthError, WrongHublet)


def work(turn: Slice) -> datetime | None:
    """Run one slice of a portal's inbox; return when to run again."""
    portal = Portal.objects.get(pk=turn.portal_id)
    limit = _limit(turn.claim)
    while turn.has_time:
        turn.renew()
        events = _next_events(turn, max(limit, 1))
        if events and limit:
            _settle(turn, portal, events)
        elif events:
            _try_gingerly(turn, portal, events[0])
        _retry_failed(turn, portal)  # after the new ones: one that always fails must not keep them waiting
        if not events:
            return failures.next_due_at(turn.portal_id)
    return timezone.now()


def _limit(claim: Claim) -> int:
    """How many events to take at once: fewer after deaths and failures; at 0 each is set aside before it is touched.

    For even what looks like bad times, such as a read that HubSpot never answers, may be about one event.
    """
    return BATCH >> (_SHIFT_PER_DEATH * claim.holders_lost + _SHIFT_PER_FAILURE * max(claim.failures - 1, 0))


def _next_events(turn: Slice, limit: int) -> list[Event]:
    return list(Event.objects.filter(portal=turn.portal_id, id__gt=turn.position).order_by("id")[:limit])


def _retry_failed(turn: Slice, portal: Portal) -> None:
    for event in failures.due(turn.portal_id, limit=20):
        if not turn.has_time:
            return
        turn.renew()
        with turn.fence():
            failures.count(event, "The process that handled this event ended.")
        _try_again(turn, portal, event)


def _try_gingerly(turn: Slice, portal: Portal, event: Event) -> None:
    """It has gone wrong here again and again: set the event aside, counted, before it is touched."""
    with turn.fence(position=event.pk):
        failures.count(event, "The process that handled this event ended.")
    _try_again(turn, portal, event)


def _try_again(turn: Slice, portal: Portal, event: Event) -> None:
    """Handle an event that is set aside and whose attempt is counted."""
    try:
        data = handler().read(portal, [ReceivedChange.of(event)])
        with turn.fence():
            handler().apply(portal, data)
            failures.forget(event)
    except Exception as error:
        if _times_are_bad(error):
            with turn.fence():
                failures.take_back(event, f"{type(error).__name__}: {error}")
            raise
        with turn.fence():
            failures.explain(event, _reason(event, error))


def _settle(turn: Slice, portal: Portal, events: Sequence[Event]) -> None:
    """Handle the next events in order, or find the one that cannot be handled and set it aside.

    Where many fail, only as many as the slice has time for: the next one begins after them.
    """
    last = events[-1]
    try:
        data = handler().read(portal, [ReceivedChange.of(event) for event in events])
        with turn.fence(position=last.pk):
            handler().apply(portal, data)
    except Exception as error:
        if _times_are_bad(error):
            raise
        if len(events) > 1:
            middle = len(events) // 2
            turn.renew()
            _settle(turn, portal, events[:middle])
            if turn.has_time:  # only then is the first half settled to its end
                _settle(turn, portal, events[middle:])
            return
        with turn.fence(position=last.pk):
            failures.count(last, _reason(last, error))


def _times_are_bad(error: Exception) -> bool:
    if isinstance(error, HubSpotError):
        return error.retryable or isinstance(error, _BAD_PORTAL)
    return isinstance(error, _BAD_TIMES) and not isinstance(error.__cause__, _TOO_MUCH)


def _reason(event: Event, error: Exception) -> str:
    logger.warning("Event %s of portal %s failed alone.", event.pk, event.hub_id, exc_info=error)
    return f"{type(error).__name__}: {error}"


def _find_forgotten() -> Iterable[int]:
    """Lanes with events after their position, or failures to retry, and no due time. None is expected."""
    after = Event.objects.filter(portal=OuterRef("portal"), id__gt=OuterRef("position"))
    failed = Failure.objects.filter(portal=OuterRef("portal"), retry_at__isnull=False)
    idle = Lane.objects.filter(kind=EVENTS, due_at=None, parked=False)
    return idle.filter(Exists(after) | Exists(failed)).values_list("pk", flat=True)


register(LaneKind(EVENTS, WorkClass.EVENTS, work, _find_forgotten))
