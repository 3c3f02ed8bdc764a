"""Records of one kind in one portal, and the orders in which they are read."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from emulator.crm.object_types import ObjectType
from emulator.instants import DAY_MS

# Archived records can be restored for 90 days. knowledge.hubspot.com/crm-setup/restore-deleted-records
ARCHIVE_RETENTION_MS = 90 * DAY_MS
# How many HubSpot keeps is not documented; a record that changes all day must not grow all day.
MOST_VERSIONS = 1_000


@dataclass(frozen=True, slots=True)
class Source:
    """Who made a change: a user in HubSpot, or an app through the API."""

    type: str
    id: str
    user_id: int | None = None
    label: str | None = None


def by_user(user_id: int) -> Source:
    return Source("CRM_UI", f"userId:{user_id}", user_id)


def by_app(app_id: int, name: str) -> Source:
    return Source("INTEGRATION", str(app_id), None, name)


class Version(NamedTuple):
    """A value that a property had, since when, and from whom."""

    value: str
    at: int
    source: Source


class Record:
    """`values` holds what was set; what HubSpot derives is computed when read.

    `history` keeps the versions, oldest first, of properties that changed after creation; a property not in it has
    the one version it got when the record was created.
    """

    __slots__ = ("archived_at", "created_at", "history", "id", "origin", "updated_at", "values")

    def __init__(self, record_id: int, values: dict[str, str], at: int, origin: Source) -> None:
        self.id = record_id
        self.values = values
        self.created_at = at
        self.updated_at = at
        self.archived_at: int | None = None
        self.origin = origin
        self.history: dict[str, list[Version]] | None = None

    def set(self, name: str, value: str, at: int, source: Source) -> None:
        if self.history is None:
            self.history = {}
        versions = self.history.get(name)
        if versions is None:
            versions = self.history[name] = self._first_version(name)
        versions.append(Version(value, at, source))
        if len(versions) > MOST_VERSIONS:
            del versions[0]
        if value:
            self.values[name] = value
        else:
            self.values.pop(name, None)

    def _first_version(self, name: str) -> list[Version]:
        value = self.values.get(name)
        return [Version(value, self.created_at, self.origin)] if value is not None else []

    def versions(self, name: str) -> list[Version]:
        """Newest first."""
        kept = (self.history or {}).get(name)
        return list(reversed(kept)) if kept is not None else self._first_version(name)

    def as_of(self, at: int) -> Record:
        """The record as it was then: what the search index still shows while it lags."""
        values = dict(self.values)
        latest = self.created_at
        for name, versions in (self.history or {}).items():
            values.pop(name, None)
            known = [version for version in versions if version.at <= at]
            if known:
                latest = max(latest, known[-1].at)
                if known[-1].value:
                    values[name] = known[-1].value
        shadow = Record(self.id, values, self.created_at, self.origin)
        shadow.updated_at = latest
        return shadow


class ModifiedLog:
    """Record ids by the time of their latest change.

    Time never goes back in a portal, so a change is appended; an entry whose record changed again is stale and
    skipped, and the log is rewritten when more than half of it is stale.
    """

    def __init__(self, records: dict[int, Record]) -> None:
        self._records = records
        self._times = array("q")
        self._ids = array("q")

    def append(self, at: int, record_id: int) -> None:
        self._times.append(at)
        self._ids.append(record_id)
        if len(self._ids) > 1000 and len(self._ids) > 2 * len(self._records):
            self._rewrite()

    def _rewrite(self) -> None:
        self._write(self.between(None, None))

    def rebuild(self) -> None:
        """After records were loaded in any order."""
        self._write(sorted(self._records, key=lambda record_id: self._records[record_id].updated_at))

    def _write(self, ids: list[int]) -> None:
        self._ids = array("q", ids)
        self._times = array("q", (self._records[record_id].updated_at for record_id in ids))

    def span(self, low: int | None, high: int | None) -> tuple[int, int]:
        start = 0 if low is None else bisect_left(self._times, low)
        stop = len(self._times) if high is None else bisect_right(self._times, high)
        return start, max(start, stop)

    def between(self, low: int | None, high: int | None) -> list[int]:
        """The ids of records last changed in [low, high], in that order. No id comes twice: a record has one time."""
        start, stop = self.span(low, high)
        entries = zip(self._times[start:stop], map(self._records.get, self._ids[start:stop]), strict=True)
        return [record.id for at, record in entries if record is not None and record.updated_at == at]

    def backwards(self, low: int, high: int | None = None) -> Iterator[Record]:
        """Records last changed in [low, high], the latest first, without copying the log."""
        start, stop = self.span(low, high)
        for position in range(stop - 1, start - 1, -1):
            if (record := self._at(position)) is not None:
                yield record

    def forwards(self, low: int) -> Iterator[Record]:
        """Records last changed at `low` or later, the earliest first, without copying the log."""
        for position in range(self.span(low, None)[0], len(self._ids)):
            if (record := self._at(position)) is not None:
                yield record

    def _at(self, position: int) -> Record | None:
        record = self._records.get(self._ids[position])
        return record if record is not None and record.updated_at == self._times[position] else None


class Numbers:
    """Hands out record ids. Activities of all kinds share one: an engagement's id names it without its kind."""

    def __init__(self) -> None:
        self.next = 101


class Table:
    """Read and changed under the portal's lock only."""

    def __init__(self, kind: ObjectType, unique: frozenset[str], numbers: Numbers | None = None) -> None:
        self.kind = kind
        self._numbers = numbers or Numbers()
        self.records: dict[int, Record] = {}
        # Ids in ascending order: an index of arrays costs eight bytes a record.
        self.live = array("q")
        self.archived = array("q")
        self.modified = ModifiedLog(self.records)
        # Merged-away ids to the id of the record that holds their data now.
        self.aliases: dict[int, int] = {}
        self.unique: dict[str, dict[str, int]] = {name: {} for name in unique}

    @property
    def next_id(self) -> int:
        return self._numbers.next

    @next_id.setter
    def next_id(self, number: int) -> None:
        self._numbers.next = number

    def __len__(self) -> int:
        return len(self.live)

    def add(self, record: Record) -> None:
        self.records[record.id] = record
        self.next_id = max(self.next_id, record.id + 1)
        _insert(self.live if record.archived_at is None else self.archived, record.id)
        self.modified.append(record.updated_at, record.id)
        if record.archived_at is None:
            self.index_unique(record)

    def load(self, records: Iterable[Record]) -> None:
        """Take over many records at once, in any order."""
        for record in records:
            self.records[record.id] = record
            if record.archived_at is None:
                self.index_unique(record)
        ids = sorted(self.records)
        self.live = array("q", (i for i in ids if self.records[i].archived_at is None))
        self.archived = array("q", (i for i in ids if self.records[i].archived_at is not None))
        self.modified.rebuild()
        if ids:
            self.next_id = max(self.next_id, ids[-1] + 1)

    def touch(self, record: Record, at: int) -> None:
        if record.updated_at != at:
            record.updated_at = at
            self.modified.append(at, record.id)

    def archive(self, record: Record, at: int) -> None:
        """Move to the recycle bin. The last-modified time does not move."""
        record.archived_at = at
        _remove(self.live, record.id)
        _insert(self.archived, record.id)
        self.unindex_unique(record)

    def restore(self, record: Record) -> None:
        record.archived_at = None
        _remove(self.archived, record.id)
        _insert(self.live, record.id)
        self.index_unique(record)

    def forget(self, record: Record) -> None:
        """Remove for good."""
        _remove(self.live if record.archived_at is None else self.archived, record.id)
        self.unindex_unique(record)
        del self.records[record.id]

    def live_record(self, record_id: int) -> Record | None:
        record = self.records.get(record_id)
        return record if record is not None and record.archived_at is None else None

    def find(self, record_id: int, *, archived: bool = False) -> Record | None:
        record = self.records.get(record_id)
        if record is None or (record.archived_at is not None) != archived:
            return None
        return record

    def resolve(self, record_id: int) -> int:
        """Follow a merged-away id to the record that replaced it."""
        while record_id in self.aliases:
            record_id = self.aliases[record_id]
        return record_id

    def page(self, after: int, limit: int, *, archived: bool = False) -> tuple[list[Record], int | None]:
        """Records in id order from the id `after` on, and the id that the next page begins with."""
        order = self.archived if archived else self.live
        start = bisect_left(order, after)
        ids = order[start : start + limit + 1]
        following = ids[limit] if len(ids) > limit else None
        return [self.records[record_id] for record_id in ids[:limit]], following

    def purge_archived(self, now: int) -> list[Record]:
        """Forget what has been in the recycle bin for too long."""
        limit = now - ARCHIVE_RETENTION_MS
        old = [r for r in map(self.records.__getitem__, self.archived) if (r.archived_at or 0) <= limit]
        for record in old:
            self.forget(record)
        return old

    def index_property(self, name: str) -> None:
        """Begin to keep a property's values apart: records may have some from before."""
        owners = self.unique[name] = {}
        for record_id in self.live:
            for key in _keys(self.records[record_id], name):
                owners.setdefault(key, record_id)

    def index_unique(self, record: Record) -> None:
        for name, owners in self.unique.items():
            for key in _keys(record, name):
                owners[key] = record.id

    def unindex_unique(self, record: Record) -> None:
        for name, owners in self.unique.items():
            for key in _keys(record, name):
                if owners.get(key) == record.id:
                    del owners[key]

    def holder(self, name: str, value: str) -> int | None:
        return self.unique.get(name, {}).get(value.strip().lower())


def _keys(record: Record, name: str) -> list[str]:
    """A contact's further addresses count for the uniqueness of its e-mail. developers.hubspot.com: Contacts guide"""
    values = [record.values.get(name, "")]
    if name == "email":
        values += record.values.get("hs_additional_emails", "").split(";")
    return [value.strip().lower() for value in values if value.strip()]


def _insert(order: array[int], record_id: int) -> None:
    if not order or order[-1] < record_id:
        order.append(record_id)
    else:
        order.insert(bisect_left(order, record_id), record_id)


def _remove(order: array[int], record_id: int) -> None:
    position = bisect_left(order, record_id)
    if position < len(order) and order[position] == record_id:
        del order[position]
