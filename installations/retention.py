"""How long the log of calls is kept: failures longer than successes. Old ones go in small bites."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

KEPT = timedelta(days=2)
FAILED_KEPT = timedelta(days=30)
BATCH = 5000

# By ctid, because rows are found by time in one go and need no order among each other.
_PURGE = """
DELETE FROM installations_apicall WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM installations_apicall WHERE at < %s AND {which} LIMIT %s FOR UPDATE SKIP LOCKED
))
"""
_PURGE_SUCCEEDED = _PURGE.format(which="error = ''")
_PURGE_FAILED = _PURGE.format(which="error <> ''")


def purge_calls(for_s: float) -> int:
    """Delete calls whose time is over; return how many. Stops after about `for_s` seconds."""
    now, end = timezone.now(), time.monotonic() + for_s
    return _purge(_PURGE_SUCCEEDED, now - KEPT, end) + _purge(_PURGE_FAILED, now - FAILED_KEPT, end)


def _purge(statement: str, before: datetime, end: float) -> int:
    total, deleted = 0, BATCH
    while deleted == BATCH and time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute(statement, [before, BATCH])
            deleted = cursor.rowcount
        total += deleted
    return total
