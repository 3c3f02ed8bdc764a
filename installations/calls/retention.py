"""How long, and how much of each portal, the log of calls is kept: failures longer. Old ones go in small bites."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from ..bites import delete_in_bites
from ..models import CallMinute, FailedRequests, OthersCalls

KEPT = timedelta(days=2)
FAILED_KEPT = timedelta(days=30)
MINUTES_KEPT = timedelta(days=8)
MOST_KEPT = 10_000  # calls of one portal that succeeded
MOST_FAILED_KEPT = 5_000
BATCH = 5000

# By ctid, because rows are found by time in one go and need no order among each other.
_PURGE = """
DELETE FROM installations_apicall WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM installations_apicall WHERE at < %s AND {which} LIMIT %s FOR UPDATE SKIP LOCKED
))
"""
_PURGE_SUCCEEDED = _PURGE.format(which="error = ''")
_PURGE_FAILED = _PURGE.format(which="error <> ''")

# Who has called of late, and since when they have no more than they may: only these can have grown too large.
_LATEST_CALLERS = "SELECT DISTINCT portal_id FROM installations_callminute WHERE at > %s"
_BOUNDARY = """
SELECT at FROM installations_apicall
WHERE {whose} AND {which} ORDER BY at DESC OFFSET %s LIMIT 1
"""
_PURGE_PORTAL = """
DELETE FROM installations_apicall WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM installations_apicall
    WHERE {whose} AND at <= %s AND {which} LIMIT %s FOR UPDATE SKIP LOCKED
))
"""


def purge_calls(for_s: float) -> int:
    """Delete calls whose time is over, and the oldest of portals that have too many; return how many.

    Stops after about `for_s` seconds.
    """
    now, end = timezone.now(), time.monotonic() + for_s
    deleted = _purge(_PURGE_SUCCEEDED, [now - KEPT], end) + _purge(_PURGE_FAILED, [now - FAILED_KEPT], end)
    deleted += sum(_purge_portal(portal_id, end) for portal_id in _latest_callers(now))
    if time.monotonic() < end:
        delete_in_bites(CallMinute.objects.filter(at__lt=now - MINUTES_KEPT))
        delete_in_bites(OthersCalls.objects.filter(at__lt=now - MINUTES_KEPT))
        delete_in_bites(FailedRequests.objects.filter(day__lt=(now - FAILED_KEPT).date()))
    return deleted


def _latest_callers(now: datetime) -> list[int | None]:
    with connection.cursor() as cursor:
        cursor.execute(_LATEST_CALLERS, [now - timedelta(hours=1)])
        return [portal_id for (portal_id,) in cursor.fetchall()]


def _purge_portal(portal_id: int | None, end: float) -> int:
    deleted, whose = 0, "portal_id IS NULL" if portal_id is None else f"portal_id = {int(portal_id)}"
    for which, most in (("error = ''", MOST_KEPT), ("error <> ''", MOST_FAILED_KEPT)):
        if time.monotonic() >= end:
            break
        with connection.cursor() as cursor:
            cursor.execute(_BOUNDARY.format(whose=whose, which=which), [most])
            found = cursor.fetchone()
        if found:
            deleted += _purge(_PURGE_PORTAL.format(whose=whose, which=which), [found[0]], end)
    return deleted


def _purge(statement: str, parameters: list[datetime], end: float) -> int:
    total, deleted = 0, BATCH
    while deleted == BATCH and time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute(statement, [*parameters, BATCH])
            deleted = cursor.rowcount
        total += deleted
    return total
