"""The mirror of one portal as plain objects: records, then associations, each in the order of their keys.

Read in pages by key instead of through one long cursor: a snapshot held for minutes slows every claim of a lane.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import Q

from installations.leaving.exporting import rows
from installations.models import Portal

from .models import Change, ClosedFeature, Owner, Property, Record, Sync

PAGE = 2000
_RECORD = ("object_type", "record_id", "state", "properties", "updated_at", "version")
_ASSOCIATIONS = """
SELECT from_type, from_id, to_type, to_id, category, type_id, label FROM crm_association
WHERE portal_id = %s AND (from_type, from_id, to_type, to_id, category, type_id) > (%s, %s, %s, %s, %s, %s)
ORDER BY from_type, from_id, to_type, to_id, category, type_id LIMIT %s
"""
_Key = tuple[str, int, str, int, str, int]


def records(portal: Portal) -> Iterator[dict[str, Any]]:
    """Yield every record that the mirror holds, tombstones too."""
    rows = Record.objects.filter(portal=portal).order_by("object_type", "record_id").values_list(*_RECORD)
    page = list(rows[:PAGE])
    while page:
        for object_type, record_id, state, properties, updated_at, version in page:
            yield {
                "kind": "record",
                "object_type": object_type,
                "id": str(record_id),
                "state": state,
                "properties": properties,
                "updated_at": updated_at and updated_at.isoformat(),
                "version": version,
            }
        same_type = Q(object_type=page[-1][0], record_id__gt=page[-1][1])
        page = list(rows.filter(same_type | Q(object_type__gt=page[-1][0]))[:PAGE])


def associations(portal: Portal) -> Iterator[dict[str, Any]]:
    """Yield every association, from each side that has one."""
    after: _Key = ("", 0, "", 0, "", 0)
    while page := _association_page(portal, after):
        for from_type, from_id, to_type, to_id, category, type_id, label in page:
            yield {
                "kind": "association",
                "from_type": from_type,
                "from_id": str(from_id),
                "to_type": to_type,
                "to_id": str(to_id),
                "category": category,
                "type_id": type_id,
                "label": label,
            }
        after = page[-1][:6]


def of_installation(portal: Portal) -> Iterator[dict[str, Any]]:
    """Yield everything that the mirror holds of an installation, as lines of its export."""
    syncs = Sync.objects.filter(portal=portal)
    yield from rows("sync", syncs, "object_type", "state", "problem", "live_records", "reconciled_at")
    closed = ClosedFeature.objects.filter(portal=portal)
    yield from rows("closed_feature", closed, "feature", "scopes", "closed_at", "opened_at")
    yield from rows("owner", Owner.objects.filter(portal=portal), "owner_id", "name", "email", "is_archived")
    definitions = Property.objects.filter(portal=portal)
    yield from rows("property", definitions, "object_type", "name", "label", "type", "group", "options")
    yield from records(portal)
    yield from associations(portal)
    yield from _changes(portal)


def _changes(portal: Portal) -> Iterator[dict[str, Any]]:
    fields = ("position", "object_type", "record_id", "version", "kind", "source", "properties", "at")
    after = 0
    while page := list(
        Change.objects.filter(portal=portal, position__gt=after).order_by("position").values(*fields)[:PAGE]
    ):
        for change in page:
            yield change | {"kind": "change", "change": change["kind"]}
        after = page[-1]["position"]


def _association_page(portal: Portal, after: _Key) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_ASSOCIATIONS, [portal.pk, *after, PAGE])
        return list(cursor.fetchall())
