"""The change feed: one row per version of a record, numbered per portal in the order of commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from installations.models import Portal

from .models import Change, FeedHead


@dataclass(frozen=True)
class Entry:
    """One new version of one record."""

    object_type: str
    record_id: int
    version: int
    kind: Change.Kind
    properties: tuple[str, ...] = ()  # names of those that changed


def append(portal: Portal, entries: Sequence[Entry], source: Change.Source) -> list[Entry]:
    """Write entries at the end of the portal's feed; return them.

    The head's row stays locked until the commit, so that whoever reads the feed up to some position never finds a
    smaller one later. Hence the last thing that a transaction does.
    """
    if not entries:
        return []
    last = _advance(portal, len(entries))
    Change.objects.bulk_create(
        Change(
            portal=portal,
            position=position,
            object_type=entry.object_type,
            record_id=entry.record_id,
            version=entry.version,
            kind=entry.kind,
            source=source,
            properties=list(entry.properties),
        )
        for position, entry in enumerate(entries, start=last - len(entries) + 1)
    )
    return list(entries)


def position_of(portal: Portal) -> int:
    """Return how far a portal's feed goes: pages that show the mirror are as new as this number."""
    return FeedHead.objects.filter(portal=portal).values_list("position", flat=True).first() or 0


def _advance(portal: Portal, by: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO crm_feedhead (portal_id, position, moved_at) VALUES (%s, %s, clock_timestamp())
            ON CONFLICT (portal_id) DO UPDATE
            SET position = crm_feedhead.position + EXCLUDED.position, moved_at = EXCLUDED.moved_at
            RETURNING position
            """,
            [portal.pk, by],
        )
        (position,) = cursor.fetchone()
    return int(position)
