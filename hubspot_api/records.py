"""CRM records as HubSpot sends them, checked, and what lists and batches of them are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hubspot_api.fields import Fields
from hubspot_api.said import ErrorDetail


@dataclass(frozen=True, slots=True)
class Record:
    """One record of any object type.

    `id` is a number here and digits on the wire. All property values are text or None, numbers and booleans too; a
    property that was asked for and does not exist is missing from `properties`. `requested_id` is what a single read
    asked for; when `id` differs, the record asked for was merged into this one. `new` is set by upserts, `trace_id`
    by batch writes: the input's position.
    """

    id: int
    properties: Mapping[str, str | None] = field(repr=False)
    created_at: datetime
    updated_at: datetime
    archived: bool
    archived_at: datetime | None = None
    url: str | None = None
    requested_id: int | None = None
    new: bool | None = None
    trace_id: str | None = None

    @property
    def merged(self) -> bool:
        """Whether the record asked for lives on in this one, under another id."""
        return self.requested_id is not None and self.requested_id != self.id


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some records, and where to go on: `after` is opaque, None on the last page."""

    results: tuple[Record, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What came of a batch of any size.

    `results` in no particular order. `errors` as HubSpot grouped them. `missing_ids`: asked for and not returned.
    `answered`: how many inputs, in the order given, were part of a request that was answered; when a batch fails
    halfway, the exception's `partial` is such a result, and the inputs from there on are the ones in question.
    """

    results: tuple[Record, ...] = ()
    errors: tuple[ErrorDetail, ...] = ()
    missing_ids: tuple[int, ...] = ()
    answered: int = 0


def read_record(fields: Fields) -> Record:
    """Check one record of an answer."""
    return Record(
        id=fields.id(),
        properties=fields.values_by_name("properties"),
        created_at=fields.moment("createdAt"),
        updated_at=fields.moment("updatedAt"),
        archived=fields.flag("archived", default=False),
        archived_at=fields.optional_moment("archivedAt"),
        url=fields.optional_text("url"),
        new=fields.flag("new") if "new" in fields.values else None,
        trace_id=fields.optional_text("objectWriteTraceId"),
    )
