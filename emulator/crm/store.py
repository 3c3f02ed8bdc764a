"""Everything a portal's CRM holds, and how records are read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.clock import Clock
from emulator.crm.association_types import AssociationTypes
from emulator.crm.catalog import BUILT_IN, GROUPS, STANDARD
from emulator.crm.catalog.activities import ACTIVITIES
from emulator.crm.catalog.associations import HUBSPOT_TYPES
from emulator.crm.catalog.pipelines import DEFAULT_PIPELINES
from emulator.crm.changes import Change, Write
from emulator.crm.derived import Derivation, derivations
from emulator.crm.formulas import calculation
from emulator.crm.links import Links
from emulator.crm.object_types import CONTACT, ObjectType, ObjectTypes
from emulator.crm.owners import Owner
from emulator.crm.pipelines import Pipelines
from emulator.crm.properties import Property, Schema
from emulator.crm.records import Numbers, Record, Table
from emulator.crm.schemas import CustomObject
from emulator.crm.search.cache import SearchCache
from emulator.crm.values import Values
from emulator.crm.write_rules import WriteRules
from emulator.errors import InvalidInput, UnknownObjectType
from emulator.instants import iso

Follower = Callable[[Write], tuple[Change, ...]]


def _ignore(write: Write) -> None:
    """Nobody listens."""


@dataclass
class Crm:
    """One portal's records. All of it is read and changed under `lock` only."""

    hub_id: int
    clock: Clock
    owners: dict[int, Owner]
    # Where a record's page is: the origin of HubSpot's web app for this portal.
    ui_origin: str = ""
    # How long a change stays invisible to search.
    search_lag_ms: int = 0
    publish: Callable[[Write], None] = _ignore
    # What follows from a write, each in a write of its own: records that join lists or leave them.
    followers: list[Follower] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    pipelines: Pipelines = field(init=False)
    types: ObjectTypes = field(init=False)
    links: Links = field(init=False)
    # How many records a type may lead to, by its key, where the account's admins set a limit.
    association_limits: dict[int, int] = field(init=False, default_factory=dict)
    write_rules: WriteRules = field(init=False, default_factory=WriteRules)
    custom_objects: dict[str, CustomObject] = field(init=False, default_factory=dict)
    # The number of the latest one: none is given twice, whatever was deleted.
    latest_custom_object: int = field(init=False, default=0)
    tables: dict[str, Table] = field(init=False, default_factory=dict)
    schemas: dict[str, Schema] = field(init=False, default_factory=dict)
    _derived: dict[str, dict[str, Derivation]] = field(init=False, default_factory=dict)
    _activity_numbers: Numbers = field(init=False, default_factory=Numbers)
    search_cache: SearchCache = field(init=False, default_factory=SearchCache)
    # When the latest write happened that somebody could hear of.
    announced_at: int | None = field(init=False, default=None)
    # Grows with every write.
    version: int = field(init=False, default=0)
    _latest: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.types = ObjectTypes(())
        self.pipelines = Pipelines(DEFAULT_PIPELINES)
        self.links = Links(HUBSPOT_TYPES.copy())
        for kind in STANDARD:
            self.add_kind(kind, Schema(BUILT_IN[kind.type_id], GROUPS[kind.type_id]))

    def add_kind(self, kind: ObjectType, schema: Schema) -> None:
        self.types.add(kind)
        self.schemas[kind.type_id] = schema
        self._derived[kind.type_id] = derivations(kind, self.pipelines)
        self.empty(kind)

    def empty(self, kind: ObjectType) -> None:
        """Begin with no records."""
        numbers = self._activity_numbers if kind in ACTIVITIES else None
        self.tables[kind.type_id] = Table(kind, _unique(kind, self.schema(kind)), numbers)

    def remove_kind(self, kind: ObjectType) -> None:
        self.types.remove(kind)
        for per_kind in (self.schemas, self.tables, self._derived):
            per_kind.pop(kind.type_id)

    def define(self, kind: ObjectType, definition: Property) -> None:
        """Give a kind a property of the portal's own.

        Raises Conflict or InvalidInput.
        """
        self.schema(kind).define(definition)
        self.follow(kind, definition)

    def redefine(self, kind: ObjectType, definition: Property) -> None:
        self.schema(kind).redefine(definition)
        self.follow(kind, definition)

    def follow(self, kind: ObjectType, definition: Property) -> None:
        """Index what is unique and compute what is calculated."""
        if definition.archived_at is not None:
            return
        if definition.unique:
            self.table(kind).index_property(definition.name)
        if definition.formula is not None:
            self._derived[kind.type_id][definition.name] = calculation(definition.formula)

    def archive_property(self, kind: ObjectType, name: str) -> None:
        """Its values stay, unseen; others may have them now, and nothing is computed. An unknown name is no error.

        Raises InvalidInput.
        """
        if name in kind.needs_all_of:
            raise InvalidInput(f"Property '{name}' is required by the schema of {kind.plural} and cannot be archived.")
        schema = self.schema(kind)
        was = schema.get(name)
        schema.archive(name, self.clock.now_ms())
        if was is not None:
            self.table(kind).unique.pop(name, None)
            self._derived[kind.type_id].pop(name, None)

    def object_type(self, name: str) -> ObjectType:
        """Raises UnknownObjectType."""
        return self.types.named(name)

    @property
    def association_types(self) -> AssociationTypes:
        return self.links.types

    def table(self, kind: ObjectType) -> Table:
        """Raises UnknownObjectType when its schema was deleted while a call waited for the lock."""
        try:
            return self.tables[kind.type_id]
        except KeyError:
            raise UnknownObjectType(kind.name) from None

    def schema(self, kind: ObjectType) -> Schema:
        """Raises UnknownObjectType, as `table` does."""
        try:
            return self.schemas[kind.type_id]
        except KeyError:
            raise UnknownObjectType(kind.name) from None

    def values(self, kind: ObjectType) -> Values:
        return Values(self.hub_id, kind, self.schema(kind), self.pipelines, self.owners)

    def derived(self, kind: ObjectType) -> dict[str, Derivation]:
        return self._derived[kind.type_id]

    def stamp(self) -> int:
        """Now, for a write. Never earlier than the write before, whatever the machine's clock does."""
        self.version += 1
        self._latest = max(self._latest, self.clock.now_ms())
        return self._latest

    def announce(self, write: Write) -> None:
        self.announced_at = write.at
        self.publish(write)
        for follower in self.followers:
            if changes := follower(write):
                self.announce(Write(write.at, write.source, changes))

    def read(self, kind: ObjectType, record: Record, name: str) -> str | None:
        value = record.values.get(name)
        if value is None and (derive := self._derived[kind.type_id].get(name)):
            return derive(record)
        return value

    def url(self, kind: ObjectType, record: Record) -> str:
        return f"{self.ui_origin}/contacts/{self.hub_id}/record/{kind.type_id}/{record.id}"

    def purge_archived(self) -> None:
        """Forget what was archived more than 90 days ago, associations included."""
        now = self.clock.now_ms()
        for table in self.tables.values():
            for record in table.purge_archived(now):
                self.links.forget(table.kind, record.id)


def _unique(kind: ObjectType, schema: Schema) -> frozenset[str]:
    built_in = {"email"} if kind is CONTACT else set()
    return frozenset(built_in | {definition.name for definition in schema.all() if definition.unique})


class View:
    """How one call wants records to look: which properties, with which history."""

    def __init__(self, crm: Crm, kind: ObjectType, properties: Iterable[str] = (), history: Iterable[str] = ()) -> None:
        self._crm = crm
        self._kind = kind
        asked = set(properties) or set(kind.default_properties)
        schema = crm.schema(kind)
        known = {name for name in asked if schema.get(name) is not None}
        derived = crm.derived(kind)
        self._plan = [(name, derived.get(name)) for name in sorted(known.union(kind.always_returned))]
        self._history = sorted(name for name in set(history) if schema.get(name) is not None)

    def show(self, record: Record) -> dict[str, Any]:
        values = record.values
        shown: dict[str, str | None] = {}
        for name, derive in self._plan:
            value = values.get(name)
            shown[name] = derive(record) if value is None and derive is not None else value
        return self._wrap(record, shown)

    def _wrap(self, record: Record, properties: Mapping[str, str | None]) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "id": str(record.id),
            "properties": properties,
            "createdAt": iso(record.created_at),
            "updatedAt": iso(record.updated_at),
            "archived": record.archived_at is not None,
        }
        if record.archived_at is not None:
            answer["archivedAt"] = iso(record.archived_at)
        if self._history:
            answer["propertiesWithHistory"] = {name: _history(record, name) for name in self._history}
        answer["url"] = self._crm.url(self._kind, record)
        return answer

    def show_written(self, record: Record) -> dict[str, Any]:
        """The answer to a write carries everything that has a value."""
        schema = self._crm.schema(self._kind)
        values: dict[str, str | None] = {
            name: value for name, value in record.values.items() if schema.get(name) is not None
        }
        for name, derive in self._crm.derived(self._kind).items():
            value = derive(record)
            if value is not None:
                values.setdefault(name, value)
        return self._wrap(record, dict(sorted(values.items())))


def _history(record: Record, name: str) -> list[dict[str, Any]]:
    rows = []
    for version in record.versions(name):
        row: dict[str, Any] = {
            "value": version.value,
            "timestamp": iso(version.at),
            "sourceType": version.source.type,
            "sourceId": version.source.id,
        }
        if version.source.label:
            row["sourceLabel"] = version.source.label
        if version.source.user_id is not None:
            row["updatedByUserId"] = version.source.user_id
        rows.append(row)
    return rows
