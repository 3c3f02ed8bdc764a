"""Show records to people: labels for names, words for values, links into HubSpot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from installations.models import Portal

from .models import Association, Change, Owner, Property, Record
from .object_types import BY_ID, OBJECT_TYPES, ObjectType

_MOST_ASSOCIATED = 50  # of one type, shown on a record's page


@dataclass(frozen=True)
class ShownProperty:
    """One property of one record, ready for a page."""

    name: str
    label: str
    value: str


@dataclass(frozen=True)
class PropertyGroup:
    """Properties of one record whose changes arrive in the same way."""

    id: str
    heading: str
    arrives: str
    properties: list[ShownProperty]


_ARRIVALS = {
    "live": ("Live properties", "A change in HubSpot shows here within seconds."),
    "periodic": (
        "Other properties",
        "A change in HubSpot shows here with the next check. Checks run every 1 to 15 minutes.",
    ),
    "polled": (
        "Properties",
        "A change in HubSpot shows here within about a minute. HubSpot sends a private app no changes: it is asked.",
    ),
    "calculated": (
        "Calculated properties",
        "HubSpot reports no changes of these. They are read with the record's next change, and once a day.",
    ),
}


@dataclass(frozen=True)
class AssociatedRecord:
    """A record at the other end of an association."""

    record_id: int
    title: str
    label: str  # of the association; empty: it has none
    is_mirrored: bool  # else there is no page to lead to, yet


@dataclass(frozen=True)
class ShownAssociation:
    """Records of one type at the other end; `more` of them are not shown."""

    object_type: ObjectType
    records: list[AssociatedRecord]
    more: int

    @property
    def count(self) -> int:
        return len(self.records) + self.more


@dataclass(frozen=True)
class ShownChange:
    """One entry of the change feed, with the words for what it is about."""

    change: Change
    object_type: ObjectType
    title: str
    labels: list[str]  # of the properties that changed


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

    def cells(self, record: Record) -> list[tuple[str, str]]:
        """Return the labels and values of the list's columns."""
        return [
            (self.label(name), self.value(name, record.properties.get(name, ""))) for name in self.object_type.columns
        ]

    def properties(self, record: Record) -> list[PropertyGroup]:
        """Return what has a value: the live ones first, in their order, then the others by label.

        For a private app HubSpot tells of none: all but the calculated ones are asked for alike.
        """
        by_label = sorted(record.properties, key=lambda name: self.label(name).lower())
        live = [name for name in self.object_type.live_properties if name in record.properties]
        first, then = ("polled", "polled") if self.portal.is_private_app else ("live", "periodic")
        named = {first: live}
        named.setdefault(then, [])
        named["calculated"] = []
        for name in by_label:
            if name not in live:
                named["calculated" if self._is_calculated(name) else then].append(name)
        return [self._group(arrival, names, record) for arrival, names in named.items() if names]

    def changes(self, record: Record, limit: int = 20) -> list[ShownChange]:
        """Return a record's latest versions, the newest first."""
        rows = Change.objects.filter(
            portal=record.portal_id, object_type=record.object_type, record_id=record.record_id
        )
        title = self.title(record)
        return [
            ShownChange(row, self.object_type, title, [self.label(name) for name in _named(row)])
            for row in rows.order_by("-version")[:limit]
        ]

    def _is_calculated(self, name: str) -> bool:
        return name in self._definitions and self._definitions[name].is_calculated

    def _group(self, arrival: str, names: list[str], record: Record) -> PropertyGroup:
        shown = [ShownProperty(name, self.label(name), self.value(name, record.properties[name])) for name in names]
        return PropertyGroup(arrival, *_ARRIVALS[arrival], shown)

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
        entries = [_associated(object_type, one, titles, labels[one]) for one in ids]
        shown.append(ShownAssociation(object_type, entries, len(labels) - len(ids)))
    return [one for one in shown if one.records]


def _associated(object_type: ObjectType, record_id: int, titles: dict[int, str], labels: set[str]) -> AssociatedRecord:
    title = titles.get(record_id) or f"{object_type.label} {record_id}"
    return AssociatedRecord(record_id, title, ", ".join(sorted(filter(None, labels))), record_id in titles)


def latest_changes(portal: Portal, limit: int) -> list[ShownChange]:
    """Return the end of a portal's change feed, the newest first."""
    rows = list(Change.objects.filter(portal=portal, object_type__in=BY_ID).order_by("-position")[:limit])
    titles, labels = _titles_of(portal, rows), _labels_of(portal, rows)
    return [
        ShownChange(
            row,
            BY_ID[row.object_type],
            titles.get((row.object_type, row.record_id)) or f"{BY_ID[row.object_type].label} {row.record_id}",
            [labels.get((row.object_type, name), name) for name in _named(row)],
        )
        for row in rows
    ]


def _named(change: Change) -> list[str]:
    """Return the names of the properties to show: of a new or returned record it would be all."""
    return change.properties if change.kind == Change.Kind.UPDATED else []


def _titles(portal_id: int, object_type: ObjectType, ids: list[int]) -> dict[int, str]:
    rows = Record.objects.filter(portal=portal_id, object_type=object_type.id, record_id__in=ids)
    return dict(rows.values_list("record_id", "title"))


def _titles_of(portal: Portal, changes: list[Change]) -> dict[tuple[str, int], str]:
    ids = {change.record_id for change in changes}
    rows = Record.objects.filter(portal=portal, object_type__in=BY_ID, record_id__in=ids)
    return {(kind, number): title for kind, number, title in rows.values_list("object_type", "record_id", "title")}


def _labels_of(portal: Portal, changes: list[Change]) -> dict[tuple[str, str], str]:
    names = {name for change in changes for name in _named(change)}
    rows = Property.objects.filter(portal=portal, name__in=names)
    return {(kind, name): label for kind, name, label in rows.values_list("object_type", "name", "label")}


def _zone(portal: Portal) -> ZoneInfo:
    try:
        return ZoneInfo(portal.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
