"""How long the change feed is kept: long enough for any follower, and for a record's page to tell its story."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import connection
from django.utils import timezone

KEPT = timedelta(days=90)
BATCH = 5000
PORTALS = 50  # looked through at once

# A portal's positions follow time, so only its first ones need a look, and of most portals only the very first.
_PURGE = """
WITH due AS (
    SELECT id FROM installations_portal AS portal
    WHERE (SELECT at FROM crm_change WHERE portal_id = portal.id ORDER BY position LIMIT 1) < %(before)s
    LIMIT %(portals)s
), old AS (
    SELECT due.id AS portal_id, first.position FROM due
    CROSS JOIN LATERAL (
        SELECT position, at FROM crm_change WHERE portal_id = due.id ORDER BY position LIMIT %(batch)s
    ) AS first
    WHERE first.at < %(before)s LIMIT %(batch)s
)
DELETE FROM crm_change USING old WHERE crm_change.portal_id = old.portal_id AND crm_change.position = old.position
"""


def purge_changes(for_s: float) -> int:
    """Delete old changes; return how many. Stops after about `for_s` seconds."""
    before, end = timezone.now() - KEPT, time.monotonic() + for_s
    total, deleted = 0, 1
    while deleted and time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute(_PURGE, {"before": before, "portals": PORTALS, "batch": BATCH})
            deleted = cursor.rowcount
        total += deleted
    return total
