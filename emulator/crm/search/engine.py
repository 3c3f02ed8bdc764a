"""Running a search: candidates from an index, matches among them, one page of these."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record
from emulator.crm.search.matching import Key, key_of, test_of, text_test
from emulator.crm.search.plan import bounds, candidates, numbers_of, partners_of, range_of
from emulator.crm.search.request import ASSOCIATIONS, Filter, SearchRequest
from emulator.crm.store import Crm

Predicate = Callable[[Record], bool]


@dataclass(frozen=True)
class Found:
    # Counts what matches now: while the index lags it may disagree with the records found.
    total: int
    records: Sequence[Record]
    following: int | None


def search(crm: Crm, kind: ObjectType, request: SearchRequest) -> Found:
    """Under the portal's lock. Archived records are never found."""
    matches = _remembered(crm, kind, request)
    total = len(matches)
    if crm.search_lag_ms:
        matches = _as_indexed(crm, kind, request)
    end = request.after + request.limit
    page = matches[request.after : end]
    return Found(total, page, end if end < len(matches) and page else None)


def _remembered(crm: Crm, kind: ObjectType, request: SearchRequest) -> Sequence[Record]:
    """A client pages through a query: its matches are kept until something in the portal changes."""
    key = (kind.type_id, request.groups, request.query, request.sort, request.descending)
    found = crm.search_cache.get(crm.version, key)
    if found is None:
        found = _matches(crm, kind, request)
        crm.search_cache.put(key, found)
    return found


def _matches(crm: Crm, kind: ObjectType, request: SearchRequest) -> Sequence[Record]:
    table = crm.table(kind)
    if (all_match := _ids_that_all_match(crm, kind, request)) is not None:
        return Rows(table.records, all_match)
    if request.sort == kind.modified_property:
        ids: Sequence[int] = table.modified.between(*_modified_bounds(kind, request))
        found = _filtered(crm, kind, request, filter(None, map(table.live_record, ids)))
        return found[::-1] if request.descending else found
    records = map(table.records.__getitem__, candidates(crm, kind, request.groups))
    return _sorted(crm, kind, request, _filtered(crm, kind, request, records))


class Rows(Sequence[Record]):
    """Records behind a list of ids, looked up when a page is cut out."""

    def __init__(self, records: Mapping[int, Record], ids: Sequence[int]) -> None:
        self._records = records
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, place: int) -> Record: ...

    @overload
    def __getitem__(self, place: slice) -> list[Record]: ...

    def __getitem__(self, place: int | slice) -> Record | list[Record]:
        if isinstance(place, slice):
            return [self._records[record_id] for record_id in self._ids[place]]
        return self._records[self._ids[place]]


def _ids_that_all_match(crm: Crm, kind: ObjectType, request: SearchRequest) -> Sequence[int] | None:
    """A walk through the ids, with nothing else asked: no record needs to be looked at."""
    by_id = all(f.name == "hs_object_id" and f.operator in _RANGES for group in request.groups for f in group)
    if not by_id or len(request.groups) > 1 or request.query or request.sort not in (None, "hs_object_id"):
        return None
    ids = candidates(crm, kind, request.groups)
    return ids[::-1] if request.descending else ids


_RANGES = ("GT", "GTE", "LT", "LTE", "BETWEEN")


def _modified_bounds(kind: ObjectType, request: SearchRequest) -> tuple[int | None, int | None]:
    if len(request.groups) != 1:
        return None, None
    _, modified = bounds(kind, request.groups[0])
    return modified.low, modified.high


def _filtered(crm: Crm, kind: ObjectType, request: SearchRequest, records: Iterable[Record]) -> list[Record]:
    matches = predicate(crm, kind, request)
    return list(records) if matches is None else [record for record in records if matches(record)]


def _sorted(crm: Crm, kind: ObjectType, request: SearchRequest, records: list[Record]) -> list[Record]:
    """By creation, oldest first, unless asked otherwise. Records without the value come last."""
    if request.sort in (None, "hs_object_id"):
        return records[::-1] if request.descending else records
    if request.sort == kind.created_property:
        return sorted(records, key=lambda record: (record.created_at, record.id), reverse=request.descending)
    name = request.sort or ""
    definition = crm.schema(kind).named(name)
    key = key_of(definition)
    filled: list[tuple[Key, Record]] = []
    empty: list[Record] = []
    for record in records:
        value = crm.read(kind, record, name)
        try:
            place = key(value) if value is not None else None
        except (ValueError, OverflowError):
            place = None
        if place is None:
            empty.append(record)
        else:
            filled.append((place, record))
    filled.sort(key=lambda pair: pair[0], reverse=request.descending)
    return [record for _, record in filled] + empty


def predicate(crm: Crm, kind: ObjectType, request: SearchRequest) -> Predicate | None:
    """Whether a record matches; None when every record does."""
    groups = [_all_of([_filter(crm, kind, wanted) for wanted in group]) for group in request.groups]
    tests = [_any_of(groups)] if groups else []
    if request.query:
        tests.append(_free_text(kind, request.query))
    return _all_of(tests) if tests else None


def _all_of(tests: Sequence[Predicate]) -> Predicate:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda record: first(record) and second(record)
    return lambda record: all(test(record) for test in tests)


def _any_of(tests: Sequence[Predicate]) -> Predicate:
    return tests[0] if len(tests) == 1 else lambda record: any(test(record) for test in tests)


def _free_text(kind: ObjectType, query: str) -> Predicate:
    test = text_test(query)
    names = kind.searchable
    return lambda record: test(" ".join([record.values[name] for name in names if name in record.values]))


def _filter(crm: Crm, kind: ObjectType, wanted: Filter) -> Predicate:
    if wanted.name.startswith(ASSOCIATIONS):
        return _associated(crm, kind, wanted)
    if (quick := _on_system_value(kind, wanted)) is not None:
        return quick
    test = test_of(wanted, crm.schema(kind).named(wanted.name))
    name = wanted.name
    derive = crm.derived(kind).get(name)
    if derive is None:
        return lambda record: test(record.values.get(name))
    return lambda record: test(derive(record))


def _on_system_value(kind: ObjectType, wanted: Filter) -> Predicate | None:
    """The id and the two times are whole numbers; comparing them needs no text."""
    read = _system_value(kind, wanted.name)
    if read is None or not wanted.value:
        return None
    left = range_of(wanted, numbers_of(wanted, instants=wanted.name != "hs_object_id"))
    if left is None:
        return None
    low = left[0] if left[0] is not None else -(2**63)
    high = left[1] if left[1] is not None else 2**63
    return lambda record: low <= read(record) <= high


def _system_value(kind: ObjectType, name: str) -> Callable[[Record], int] | None:
    if name == "hs_object_id":
        return lambda record: record.id
    if name == kind.created_property:
        return lambda record: record.created_at
    if name == kind.modified_property:
        return lambda record: record.updated_at
    return None


def _associated(crm: Crm, kind: ObjectType, wanted: Filter) -> Predicate:
    partners = partners_of(crm, kind, wanted)
    return lambda record: record.id in partners


def _as_indexed(crm: Crm, kind: ObjectType, request: SearchRequest) -> Sequence[Record]:
    """What the lagging index finds: records as they were a while ago, in whatever state they are now."""
    horizon = crm.clock.now_ms() - crm.search_lag_ms
    table = crm.table(kind)
    shadows: list[Record] = []
    for record_id in heapq.merge(table.live, table.archived):
        record = table.records[record_id]
        gone = record.archived_at is not None and record.archived_at <= horizon
        if record.created_at <= horizon and not gone:
            shadows.append(record if record.updated_at <= horizon else record.as_of(horizon))
    found = _filtered(crm, kind, request, shadows)
    if request.sort == kind.modified_property:
        return sorted(found, key=lambda record: record.updated_at, reverse=request.descending)
    return _sorted(crm, kind, request, found)
