"""Add work to a lane so that no wake-up is lost: count the signal, make the lane due, ring after the commit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from installations.ratelimit import WorkClass

from . import doorbell
from .kinds import kind_of
from .models import Lane

# What every signaller sets. A lane held back by a failure becomes due no earlier than that allows. One that is due
# keeps its place among those that wait; and as no index changes then, thousands of signals leave nothing to clean up.
SIGNALLED = "signal = signal + 1, due_at = LEAST(due_at, GREATEST(clock_timestamp(), not_before))"


def open_lane(portal_id: int, kind: str, part: str = "", *, due_at: datetime | None = None) -> None:
    """Make sure that the lane exists; a new one is due at `due_at` (None: when first signalled)."""
    Lane.objects.bulk_create(
        [Lane(portal_id=portal_id, kind=kind, part=part, work_class=kind_of(kind).work_class, due_at=due_at)],
        ignore_conflicts=True,
    )
    if due_at is not None:
        transaction.on_commit(doorbell.ring)


def signal(portal_ids: Iterable[int], kind: str, part: str | None = None) -> int:
    """Tell lanes that they have work; return how many were told. The last statement of its transaction.

    Lanes are locked in key order, so that two signallers of many lanes never wait for each other in a circle.
    `part` None means every part of the kind.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH locked AS (
                SELECT id FROM lanes_lane
                WHERE portal_id = ANY(%s) AND kind = %s AND (%s::text IS NULL OR part = %s)
                ORDER BY id FOR NO KEY UPDATE
            )
            UPDATE lanes_lane SET {SIGNALLED} FROM locked WHERE lanes_lane.id = locked.id
            """,  # noqa: S608 - a constant of ours
            [list(portal_ids), kind, part, part],
        )
        told = int(cursor.rowcount)
    transaction.on_commit(doorbell.ring)
    return told


def bring_forward(portal_id: int, kind: str, due_at: datetime) -> None:
    """Make lanes that wait for a later time due at `due_at`. Those that wait to be signalled sleep on.

    A hint, given inside a slice: a lane that somebody else changes at this moment is left to them.
    """
    waiting = Lane.objects.filter(portal_id=portal_id, kind=kind, due_at__gt=due_at, not_before=None)
    ids = waiting.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)
    Lane.objects.filter(pk__in=list(ids)).update(due_at=due_at)


def hurry(portal_id: int, kind: str, part: str | None = None) -> int:
    """Make lanes due now although a failure held them back: somebody asked, or the cause is gone."""
    lanes = Lane.objects.filter(portal_id=portal_id, kind=kind)
    if part is not None:
        lanes = lanes.filter(part=part)
    lanes.update(not_before=None, failures=0)
    return signal([portal_id], kind, part)


def let_go_on(portal_ids: Iterable[int] | None) -> int:
    """Make lanes due that something held back which is over now, of all portals if None; return how many."""
    chosen = None if portal_ids is None else list(portal_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH locked AS (
                SELECT id FROM lanes_lane
                WHERE NOT parked AND not_before > clock_timestamp() AND (%s::bigint[] IS NULL OR portal_id = ANY(%s))
                ORDER BY id FOR NO KEY UPDATE
            )
            UPDATE lanes_lane SET not_before = NULL, due_at = clock_timestamp()
            FROM locked WHERE lanes_lane.id = locked.id
            """,
            [chosen, chosen],
        )
        told = int(cursor.rowcount)
    transaction.on_commit(doorbell.ring)
    return told


def park(portal_id: int) -> None:
    """Let all lanes of a portal rest until it is connected again. Slices under way end at their next fence.

    Waits for none of them: it leaves the token alone, whose change their fences shut out.
    """
    _update_all(portal_id, "parked = true", f"work_class <> {int(WorkClass.URGENT)}")


def unpark(portal_id: int) -> None:
    """Wake all lanes of a portal: whatever came meanwhile is done now."""
    # Due from now on, not since before: others were not resting meanwhile.
    _update_all(
        portal_id,
        "parked = false, not_before = NULL, failures = 0, signal = signal + 1, due_at = clock_timestamp()",
    )
    transaction.on_commit(doorbell.ring)


def _update_all(portal_id: int, changes: str, which: str = "true") -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH locked AS (
                SELECT id FROM lanes_lane WHERE portal_id = %s AND {which} ORDER BY id FOR NO KEY UPDATE
            )
            UPDATE lanes_lane SET {changes} FROM locked WHERE lanes_lane.id = locked.id
            """,  # noqa: S608 - constants of ours
            [portal_id],
        )


def rearm_forgotten(lane_ids: Iterable[int]) -> int:
    """Make lanes due that have work and no time; return how many there were. Each is a lost wake-up: a bug."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE lanes_lane SET {SIGNALLED} WHERE id = ANY(%s) AND due_at IS NULL AND NOT parked",  # noqa: S608
            [list(lane_ids)],
        )
        return int(cursor.rowcount)
