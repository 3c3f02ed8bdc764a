"""What reads of HubSpot have found, in the form that the mirror takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hubspot_api.associations import Associated
from hubspot_api.records import Record as HubspotRecord
from installations.text import storable

from .models import Record
from .object_types import BY_ID

State = Record.State


@dataclass(frozen=True)
class RecordRead:
    """One record as one read found it. `read_at`: when that read began."""

    object_type: str
    record_id: int
    state: State
    read_at: datetime
    properties: dict[str, str] = field(default_factory=dict, repr=False)
    url: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None  # None: HubSpot knows no such record, or answers with another
    merged_into: int | None = None
    forgotten: bool = False  # privacy law had it deleted

    @property
    def key(self) -> tuple[str, int]:
        return self.object_type, self.record_id

    @property
    def title(self) -> str:
        return BY_ID[self.object_type].title_of(self.properties)


@dataclass(frozen=True)
class AssociationsRead:
    """All associations of one record towards one object type, as one read found them."""

    object_type: str
    record_id: int
    to_type: str
    read_at: datetime
    found: frozenset[tuple[int, str, int, str]]  # (to_id, category, type_id, label)

    @property
    def key(self) -> tuple[str, int]:
        return self.object_type, self.record_id


@dataclass
class Readings:
    """What one step has read."""

    records: list[RecordRead] = field(default_factory=list)
    associations: list[AssociationsRead] = field(default_factory=list)


def found(object_type: str, record: HubspotRecord, read_at: datetime) -> RecordRead:
    """Take over a record that HubSpot returned, live or archived."""
    return RecordRead(
        object_type,
        record.id,
        State.ARCHIVED if record.archived else State.LIVE,
        read_at,
        {name: storable(value) for name, value in record.properties.items() if value},
        storable(record.url or ""),
        record.created_at,
        record.updated_at,
    )


def merged(object_type: str, record_id: int, into: HubspotRecord, read_at: datetime) -> RecordRead:
    """Note that HubSpot answers for `record_id` with another record."""
    return RecordRead(object_type, record_id, State.MERGED, read_at, merged_into=into.id)


def gone(object_type: str, record_id: int, read_at: datetime) -> RecordRead:
    """Note that HubSpot knows the record in no way."""
    return RecordRead(object_type, record_id, State.GONE, read_at)


def forgotten(object_type: str, record_id: int, read_at: datetime) -> RecordRead:
    """Note that HubSpot has deleted the record for privacy law's sake, whatever it still shows of it."""
    return RecordRead(object_type, record_id, State.GONE, read_at, forgotten=True)


def associated(
    object_type: str, record_id: int, to_type: str, found_there: tuple[Associated, ...], read_at: datetime
) -> AssociationsRead:
    """Take over one record's associations."""
    kinds = ((one.to_id, kind) for one in found_there for kind in one.types)
    rows = ((to_id, kind.category, kind.type_id, storable(kind.label or "")) for to_id, kind in kinds)
    return AssociationsRead(object_type, record_id, to_type, read_at, frozenset(rows))
