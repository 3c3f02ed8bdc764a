"""Keep what HubSpot counted in portals' allowances and we did not make, as the rate limiter learns it from headers."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from ..models import Portal
from ..ratelimit import limiter

_ADD = """
INSERT INTO installations_otherscalls AS had (portal_id, at, calls) VALUES (%s, %s, %s)
ON CONFLICT ON CONSTRAINT others_calls DO UPDATE SET calls = had.calls + excluded.calls
"""


def keep(minute: datetime | None = None) -> int:
    """Add what was heard since the last time to a minute, the one before this; return of how many portals.

    Of two who ask at once, one is told. Whoever dies in between takes a minute's sample along: the next one comes.
    """
    minute = minute or timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=1)
    heard = limiter().others()
    portals = dict(Portal.objects.live().filter(hub_id__in=heard).values_list("hub_id", "pk"))
    rows = sorted((portals[hub_id], minute, calls) for hub_id, calls in heard.items() if hub_id in portals)
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, rows)
    return len(rows)
