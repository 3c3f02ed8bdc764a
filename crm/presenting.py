"""Show records to people: labels for names, words for values, links into HubSpot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from installations.models import Portal

from .models import Association, Change, Owner, Property, Record
from .object_types import OBJECT_TYPES, ObjectType

_MOST_ASSOCIATED = 50  # of one type, shown on a record's page


@dataclass(frozen=True)
class ShownProperty:
    """One property of one record, ready for a page."""

    name: str
    label: str
    value: str
    is_live: bool  # changes arrive within seconds; else with the next reconcile


@dataclass(frozen=True)
class ShownAssociation:
    """Records of one type at the other end; `more` of them are not shown."""

    object_type: ObjectType
    records: list[tuple[int, str, str]]  # (id, title, label of the association)
    more: int


class Presenter:
    """One portal's words for one object type."""

    def __init__(self, portal: Portal, object_type: ObjectType) -> None:
        self.portal = portal
        self.object_type = object_type

    @cached_property
    def _definitions(self) -> dict[str, Property]:
        rows = Property.objects.filter(portal=self.portal, object_type=self.object_type.id)
        return {row.name: row for row in rows}

    @cached_property
    def _owners(self) -> dict[str, str]:
        rows = Owner.objects.filter(portal=self.portal)
        return {str(owner_id): name for owner_id, name in rows.values_list("owner_id", "name")}

    def label(self, name: str) -> str:
        definition = self._definitions.get(name)
        return definition.label if definition else name

    def value(self, name: str, value: str) -> str:
        """Return a value as people read it; one that does not fit its type is shown as it is."""
        definition = self._definitions.get(name)
        if name == "hubspot_owner_id":
            return self._owners.get(value, value)
        if definition is None:
            return value
        if definition.type == "enumeration":
            options = dict(definition.options)
            return ", ".join(options.get(part, part) for part in value.split(";") if part)
        if definition.type == "datetime":
            return self._moment(value)
        return {"true": "Yes", "false": "No"}.get(value, value) if definition.type == "bool" else value

    def title(self, record: Record) -> str:
        return record.title or f"{self.object_type.label} {record.record_id}"

    def cells(self, record: Record) -> list[str]:
        """Return the values of the list's columns."""
        return [self.value(name, record.properties.get(name, "")) for name in self.object_type.columns]

    def properties(self, record: Record) -> list[ShownProperty]:
        """Return what has a value: the live ones first, in their order, then the others by label."""
        live = [name for name in self.object_type.live_properties if name in record.properties]
        others = sorted(set(record.properties) - set(live), key=lambda name: self.label(name).lower())
        return [
            ShownProperty(name, self.label(name), self.value(name, record.properties[name]), name in live)
            for name in [*live, *others]
        ]

    def _moment(self, value: str) -> str:
        try:
            at = datetime.fromtimestamp(int(value) / 1000, UTC) if value.isdecimal() else datetime.fromisoformat(value)
            return f"{at.astimezone(_zone(self.portal)):%Y-%m-%d %H:%M %Z}"
        except (ValueError, OverflowError, OSError):
            return value


def link(portal: Portal, record: Record) -> str:
    """Return the record's page in HubSpot: the address HubSpot gave, else made from the portal's UI host."""
    made = f"https://{portal.ui_domain}/contacts/{portal.hub_id}/record/{record.object_type}/{record.record_id}"
    return record.url if record.url.startswith(("https://", "http://localhost")) else made


def associations(record: Record) -> list[ShownAssociation]:
    """Return what a record is associated with, type by type."""
    shown = []
    for object_type in OBJECT_TYPES:
        rows = Association.objects.filter(
            portal=record.portal_id, from_type=record.object_type, from_id=record.record_id, to_type=object_type.id
        )
        labels: dict[int, set[str]] = {}
        for to_id, label in rows.order_by("to_id").values_list("to_id", "label"):
            labels.setdefault(to_id, set()).add(label)
        ids = list(labels)[:_MOST_ASSOCIATED]
        titles = _titles(record.portal_id, object_type, ids)
        entries = [(one, titles[one], ", ".join(sorted(filter(None, labels[one])))) for one in ids]
        shown.append(ShownAssociation(object_type, entries, len(labels) - len(ids)))
    return [one for one in shown if one.records]


def changes(record: Record, limit: int = 20) -> list[Change]:
    """Return a record's latest versions, the newest first."""
    rows = Change.objects.filter(portal=record.portal_id, object_type=record.object_type, record_id=record.record_id)
    return list(rows.order_by("-version")[:limit])


def _titles(portal_id: int, object_type: ObjectType, ids: Iterable[int]) -> dict[int, str]:
    wanted = list(ids)
    rows = Record.objects.filter(portal=portal_id, object_type=object_type.id, record_id__in=wanted)
    known = dict(rows.values_list("record_id", "title"))
    return {one: known.get(one) or f"{object_type.label} {one}" for one in wanted}


def _zone(portal: Portal) -> ZoneInfo:
    try:
        return ZoneInfo(portal.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
