"""How long the change feed is kept: long enough for any follower, and for a record's page to tell its story."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import connection
from django.utils import timezone

KEPT = timedelta(days=90)
BATCH = 5000

# A portal's positions follow time, so only the first ones of each need a look.
_PURGE = """
WITH old AS (
    SELECT portal.id AS portal_id, first.position FROM installations_portal AS portal
    CROSS JOIN LATERAL (
        SELECT position, at FROM crm_change WHERE portal_id = portal.id ORDER BY position LIMIT %s
    ) AS first
    WHERE first.at < %s LIMIT %s
)
DELETE FROM crm_change USING old WHERE crm_change.portal_id = old.portal_id AND crm_change.position = old.position
"""


def purge_changes(for_s: float) -> int:
    """Delete old changes; return how many. Stops after about `for_s` seconds."""
    before, end = timezone.now() - KEPT, time.monotonic() + for_s
    total, deleted = 0, BATCH
    while deleted == BATCH and time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute(_PURGE, [BATCH, before, BATCH])
            deleted = cursor.rowcount
        total += deleted
    return total
