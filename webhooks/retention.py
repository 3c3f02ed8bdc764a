"""How long events are kept once they are done with, and taking the old ones out in small bites.

Never what still waits: an event goes only when its portal's lane has passed it and no failure is left of it. Rows
are looked at in the order of ids, which nearly is the order of arrival, so the walk ends where the young ones begin.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from .models import EVENTS, Event, Failure

KEPT = timedelta(days=14)
DEAD_KEPT = timedelta(days=30)
BATCH = 5000

# One statement, one snapshot: a lane that passes an event and a failure that sets it aside commit together.
_PURGE = f"""
WITH looked AS (
    SELECT id, portal_id, received_at FROM webhooks_event WHERE id > %(after)s ORDER BY id LIMIT %(batch)s
), old AS (
    SELECT id FROM webhooks_event WHERE id IN (
        SELECT looked.id FROM looked JOIN lanes_lane AS lane ON lane.portal_id = looked.portal_id
        WHERE looked.received_at < %(before)s AND lane.kind = '{EVENTS}' AND looked.id <= lane.position
            AND NOT EXISTS (SELECT 1 FROM webhooks_failure WHERE event_id = looked.id)
    ) FOR UPDATE SKIP LOCKED
), deleted AS (
    DELETE FROM webhooks_event USING old WHERE webhooks_event.id = old.id RETURNING webhooks_event.id
)
SELECT (SELECT count(*) FROM deleted), max(id), min(received_at) < %(before)s FROM looked
"""  # noqa: S608 - built from constants only


def purge_done(for_s: float) -> int:
    """Delete events that were done with and are old; return how many. Stops after about `for_s` seconds."""
    before, end = timezone.now() - KEPT, time.monotonic() + for_s
    after, total = 0, 0
    while time.monotonic() < end:
        deleted, last, is_old = _purge_batch(after, before)
        total += deleted
        if last is None or not is_old:
            break
        after = last
    return total


def purge_dead(for_s: float) -> int:
    """Delete dead letters that nobody replayed in time, with their events; return how many."""
    end, total = time.monotonic() + for_s, 0
    while time.monotonic() < end:
        with transaction.atomic():
            old = Failure.objects.select_for_update(skip_locked=True).filter(died_at__lt=timezone.now() - DEAD_KEPT)
            ids = list(old.order_by("died_at").values_list("event_id", flat=True)[:BATCH])
            Event.objects.filter(pk__in=ids).delete()
        total += len(ids)
        if len(ids) < BATCH:
            break
    return total


def _purge_batch(after: int, before: datetime) -> tuple[int, int | None, bool]:
    with connection.cursor() as cursor:
        cursor.execute(_PURGE, {"after": after, "before": before, "batch": BATCH})
        deleted, last, is_old = cursor.fetchone()
    return deleted, last, bool(is_old)
