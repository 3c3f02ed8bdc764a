"""Keep the rows of associations equal to what was read, each record's side on its own."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from installations.models import Portal

from .feed import Entry
from .models import Association, Change, Record
from .readings import AssociationsRead, RecordRead, State

Key = tuple[str, int]  # object type, record id
Side = tuple[str, int, str]  # from type, from id, to type
Row = tuple[int, str, int, str]  # to id, category, type id, label

# A later read wins, per record and other object type; records that are not live, or not mirrored, have no sides.
_ACCEPT = """
UPDATE crm_record AS mirrored SET associations_read_at = mirrored.associations_read_at || sent.times
FROM (
    SELECT t, r, jsonb_object_agg(towards, read) AS times
    FROM json_to_recordset(%(sides)s::json) AS side (t text, r bigint, towards text, read bigint)
    JOIN crm_record AS held ON held.portal_id = %(portal)s AND held.object_type = t AND held.record_id = r
    WHERE held.state = 'live' AND COALESCE((held.associations_read_at ->> towards)::bigint, 0) < read
    GROUP BY t, r
) AS sent
WHERE mirrored.portal_id = %(portal)s AND mirrored.object_type = sent.t AND mirrored.record_id = sent.r
RETURNING sent.t, sent.r, sent.times
"""


def other_ends(portal: Portal, dead: Collection[RecordRead]) -> set[Key]:
    """Return the records that are associated with some that are dead now."""
    return {
        key
        for object_type, ids in _by_type(dead).items()
        for key in Association.objects.filter(portal=portal, to_type=object_type, to_id__in=ids).values_list(
            "from_type", "from_id"
        )
    }


def cut_loose(portal: Portal, dead: Collection[RecordRead]) -> set[Key]:
    """Delete dead records' associations, from both sides: HubSpot shows none. Return the records at the other ends."""
    others = other_ends(portal, dead)
    for object_type, ids in _by_type(dead).items():
        here = Q(from_type=object_type, from_id__in=ids)
        there = Q(to_type=object_type, to_id__in=ids)
        Association.objects.filter(here | there, portal=portal).delete()
    return others


def write(
    portal: Portal, reads: Sequence[AssociationsRead], cut: Collection[Key], told: Collection[Key]
) -> list[Entry]:
    """Replace the sides that were read; the records' rows are locked. Return an entry per record that changed.

    So have those in `cut`. Records in `told` have a new version in this very step: that one speaks for their
    associations too.
    """
    accepted = _accept(portal, reads)
    before = _rows_of(portal, accepted)
    removed, added, touched = [], [], set(cut)
    for side, read in accepted.items():
        was = before.get(side, set())
        removed += [(side, row) for row in was - read.found]
        added += [(side, row) for row in read.found - was]
        if was != read.found:
            touched.add(read.key)
    _delete(portal, removed)
    _insert(portal, added)
    return _new_versions(portal, touched.difference(told))


def _accept(portal: Portal, reads: Sequence[AssociationsRead]) -> dict[Side, AssociationsRead]:
    by_side = {(r.object_type, r.record_id, r.to_type): r for r in sorted(reads, key=lambda read: read.read_at)}
    if not by_side:
        return {}
    sides = [
        {"t": from_type, "r": from_id, "towards": to_type, "read": _microseconds(read.read_at)}
        for (from_type, from_id, to_type), read in by_side.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPT, {"portal": portal.pk, "sides": json.dumps(sides)})
        accepted = cursor.fetchall()
    keys = [(t, r, towards) for t, r, times in accepted for towards in _as_dict(times)]
    return {side: by_side[side] for side in keys}


def _as_dict(value: str | dict[str, int]) -> dict[str, int]:
    """A raw cursor of Django's gives jsonb as text."""
    return json.loads(value) if isinstance(value, str) else value


def _rows_of(portal: Portal, sides: dict[Side, AssociationsRead]) -> dict[Side, set[Row]]:
    rows: dict[Side, set[Row]] = {}
    for from_type, to_type in {(from_type, to_type) for from_type, _, to_type in sides}:
        ids = [record_id for kind, record_id, towards in sides if (kind, towards) == (from_type, to_type)]
        found = Association.objects.filter(portal=portal, from_type=from_type, to_type=to_type, from_id__in=ids)
        for from_id, to_id, category, type_id, label in found.values_list(
            "from_id", "to_id", "category", "type_id", "label"
        ):
            rows.setdefault((from_type, from_id, to_type), set()).add((to_id, category, type_id, label))
    return rows


def _delete(portal: Portal, removed: Sequence[tuple[Side, Row]]) -> None:
    by_side: dict[Side, list[Row]] = {}
    for side, row in removed:
        by_side.setdefault(side, []).append(row)
    for (from_type, from_id, to_type), rows in by_side.items():
        which = Q()
        for to_id, category, type_id, _ in rows:
            which |= Q(to_id=to_id, category=category, type_id=type_id)
        Association.objects.filter(which, portal=portal, from_type=from_type, from_id=from_id, to_type=to_type).delete()


def _insert(portal: Portal, added: Sequence[tuple[Side, Row]]) -> None:
    Association.objects.bulk_create(
        [
            Association(
                portal=portal,
                from_type=from_type,
                from_id=from_id,
                to_type=to_type,
                to_id=to_id,
                category=category,
                type_id=type_id,
                label=label,
            )
            for (from_type, from_id, to_type), (to_id, category, type_id, label) in sorted(added)
        ],
        update_conflicts=True,  # a label may have been renamed
        unique_fields=["portal", "from_type", "from_id", "to_type", "to_id", "category", "type_id"],
        update_fields=["label"],
    )


def _by_type(reads: Collection[RecordRead]) -> dict[str, list[int]]:
    ids: dict[str, list[int]] = {}
    for read in reads:
        ids.setdefault(read.object_type, []).append(read.record_id)
    return ids


def _new_versions(portal: Portal, keys: set[Key]) -> list[Entry]:
    entries: list[Entry] = []
    for object_type in sorted({object_type for object_type, _ in keys}):
        ids = [record_id for kind, record_id in keys if kind == object_type]
        rows = Record.objects.filter(portal=portal, object_type=object_type, record_id__in=ids, state=State.LIVE)
        rows.update(version=F("version") + 1, changed_at=timezone.now())
        for record_id, version in rows.order_by("record_id").values_list("record_id", "version"):
            entries.append(Entry(object_type, record_id, version, Change.Kind.ASSOCIATED))
    return entries


def _microseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)
