"""Events whose portal we did not know. If it installs within a day they are its own; then they go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

from django.db import connection, transaction
from django.utils import timezone

from installations.models import Portal
from lanes.signals import signal

from .models import EVENTS, Event

ADOPTED_WITHIN = timedelta(days=1)
KEPT = timedelta(days=2)
PURGE_BATCH = 5000

# A new id from the sequence, drawn while the lane is locked: the lane's position may have passed the old one.
_ADOPT = """
UPDATE webhooks_event SET
    portal_id = %s, id = nextval(pg_get_serial_sequence('webhooks_event', 'id'))
WHERE portal_id IS NULL AND hub_id = %s AND received_at > %s
"""


def adopt(portal: Portal) -> int:
    """Give a portal the events that came before it was known; return how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        signal([portal.pk], EVENTS)
        cursor.execute(_ADOPT, [portal.pk, portal.hub_id, timezone.now() - ADOPTED_WITHIN])
        return int(cursor.rowcount)


def adopt_strays() -> int:
    """Adopt what was stored in the very moment in which its portal installed; return how many. Expected: few."""
    stray = Event.objects.filter(portal=None, hub_id__in=Portal.objects.live().values("hub_id"))
    stray = stray.filter(received_at__gt=timezone.now() - ADOPTED_WITHIN)
    hub_ids = stray.values_list("hub_id", flat=True).distinct()
    return sum(adopt(portal) for portal in Portal.objects.live().filter(hub_id__in=list(hub_ids)))


def set_aside(event_type: str, payloads: Sequence[str]) -> None:
    """Keep what came as an event and is none (JSON texts), for staff to see that it did. No portal ever adopts it."""
    digests = [sha256(payload.encode()).digest() for payload in payloads]
    odd = [
        Event(key=bytes(6) + digest, event_type=event_type, payload=payload)
        for digest, payload in zip(digests, payloads, strict=True)
    ]
    Event.objects.bulk_create(odd, ignore_conflicts=True)


def purge() -> int:
    """Delete what nobody claimed in time; return how many. In bites: anybody may send us any number."""
    late = Event.objects.filter(portal=None, received_at__lt=timezone.now() - KEPT)
    total = 0
    while ids := list(late.values_list("pk", flat=True)[:PURGE_BATCH]):
        total += Event.objects.filter(pk__in=ids, portal=None).delete()[0]
    return total
