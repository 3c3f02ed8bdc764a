"""Events that fail alone: tried again with growing pauses, then dead letters that staff may replay."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Min, QuerySet
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from lanes.signals import signal

from .models import EVENTS, Event, Failure

# Five attempts in all: HubSpot's own hiccups never get here, so what fails this often fails for a reason.
PAUSES = [timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30)]

BAD_TIMES_PAUSE = timedelta(minutes=5)


def count(event: Event, reason: str) -> None:
    """Count an attempt at one event alone; after the last one it is a dead letter.

    A repeated attempt is counted before it begins, so that one that ends the process counts too.
    """
    now = timezone.now()
    failure = Failure.objects.filter(event=event).first() or Failure(event=event, portal=event.portal)
    failure.attempts += 1
    is_last = failure.attempts > len(PAUSES)
    failure.reason, failure.failed_at = reason[:2000], now
    failure.retry_at = None if is_last else now + PAUSES[failure.attempts - 1]
    failure.died_at = now if is_last else None
    failure.save()


def explain(event: Event, reason: str) -> None:
    """Say why the attempt counted last has failed."""
    Failure.objects.filter(event=event).update(reason=reason[:2000], failed_at=timezone.now())


def take_back(event: Event, reason: str) -> None:
    """Uncount the attempt counted last: it was the times that were bad. The event waits for better ones."""
    Failure.objects.filter(event=event).update(
        attempts=Greatest(F("attempts") - 1, 0),
        reason=reason[:2000],
        retry_at=timezone.now() + BAD_TIMES_PAUSE,
        died_at=None,
    )


def forget(event: Event) -> None:
    """It has succeeded."""
    Failure.objects.filter(event=event).delete()


def due(portal_id: int, limit: int) -> list[Event]:
    """Failed events whose time has come by the database's clock, which woke their lane; the longest waiting first."""
    failures = Failure.objects.filter(portal_id=portal_id, retry_at__lte=Now()).order_by("retry_at")
    return [failure.event for failure in failures.select_related("event")[:limit]]


def next_due_at(portal_id: int) -> datetime | None:
    """When the next failed event is tried again; None when there is none."""
    at: datetime | None = Failure.objects.filter(portal_id=portal_id).aggregate(at=Min("retry_at"))["at"]
    return at


def replay(dead: QuerySet[Failure]) -> int:
    """Give dead letters all their attempts again, from now on; return how many."""
    portal_ids = sorted(set(dead.values_list("portal_id", flat=True)))
    replayed = dead.exclude(died_at=None).update(attempts=0, retry_at=timezone.now(), died_at=None)
    signal(portal_ids, EVENTS)
    return replayed
