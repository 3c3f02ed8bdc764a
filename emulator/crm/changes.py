"""What happened to a portal's records, as facts. Webhooks are made of these."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.crm.association_types import AssociationType
from emulator.crm.object_types import ObjectType
from emulator.crm.records import Source


@dataclass(frozen=True, slots=True)
class Created:
    kind: ObjectType
    record_id: int


@dataclass(frozen=True, slots=True)
class PropertyChanged:
    kind: ObjectType
    record_id: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Deleted:
    kind: ObjectType
    record_id: int


@dataclass(frozen=True, slots=True)
class Restored:
    kind: ObjectType
    record_id: int


@dataclass(frozen=True, slots=True)
class PrivacyDeleted:
    kind: ObjectType
    record_id: int


@dataclass(frozen=True, slots=True)
class Merged:
    kind: ObjectType
    primary_id: int
    merged_id: int
    new_id: int
    properties_moved: int


@dataclass(frozen=True, slots=True)
class Associated:
    """One side of one association type that was added or removed; the other side is a fact of its own."""

    type: AssociationType
    from_id: int
    to_id: int
    removed: bool


@dataclass(frozen=True, slots=True)
class MembershipChanged:
    """A record joined a list or left it."""

    kind: ObjectType
    list_id: int
    record_id: int
    added: bool


RecordChange = Created | PropertyChanged | Deleted | Restored | PrivacyDeleted | Merged | Associated
Change = RecordChange | MembershipChanged


@dataclass(frozen=True, slots=True)
class Write:
    """All that one write did, at one instant, by one author."""

    at: int
    source: Source
    changes: tuple[Change, ...]
