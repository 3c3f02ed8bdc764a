"""The "recent" lists: newest first, as far back as HubSpot lets one look."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Generic, TypeVar

from emulator.crm.records import Record, Table
from emulator.instants import DAY_MS

# These lists end at 30 days or at 10,000 records, whichever comes first.
REACH_MS = 30 * DAY_MS
WALL = 10_000


Item = TypeVar("Item")


@dataclass(frozen=True)
class RecentPage(Generic[Item]):
    items: list[Item]
    offset: int
    more: bool
    # Of all in reach of time, also beyond the wall: clients decide by it whether this list is enough.
    total: int


def page(everything: Iterable[Item], offset: int, count: int, beyond_wall: int) -> RecentPage[Item]:
    """One page by position. What lies beyond the wall is not walked: `beyond_wall` is told as the total then."""
    found: list[Item] = []
    position = 0
    for item in islice(everything, WALL + 1):
        if offset <= position < min(offset + count, WALL):
            found.append(item)
        position += 1
    total = position if position <= WALL else max(beyond_wall, position)
    following = offset + len(found)
    return RecentPage(found, following, following < min(position, WALL), total)


def modified(table: Table, since: int, behind: tuple[int, int] | None = None) -> Iterator[Record]:
    """Live records by last change, newest first; changed at the same time, the larger id first.

    `behind` is the time and the id of the last one seen.
    """
    log = table.modified.backwards(since, None if behind is None else behind[0])
    for at, group in groupby(log, key=_updated_at):
        for record in sorted(group, key=_id, reverse=True):
            if record.archived_at is None and (behind is None or (at, record.id) < behind):
                yield record


def modified_since(table: Table, since: int) -> Iterator[Record]:
    """Live records by last change, the earliest first, the smaller id first. Without a limit of time."""
    for _, group in groupby(table.modified.forwards(since), key=_updated_at):
        yield from sorted((record for record in group if record.archived_at is None), key=_id)


def modified_at_most(table: Table, since: int) -> int:
    start, stop = table.modified.span(since, None)
    return min(stop - start, len(table))


def created(table: Table, since: int, behind: int | None = None) -> Iterator[Record]:
    """Live records by creation, newest first, behind that id.

    Ids grow with time; what a merge made is as old as the elder of its parts, and so ends nothing.
    """
    start = len(table.live) if behind is None else bisect_left(table.live, behind)
    for position in range(start - 1, -1, -1):
        record = table.records[table.live[position]]
        if record.created_at >= since:
            yield record
        elif "hs_merged_object_ids" not in record.values:
            return


def _updated_at(record: Record) -> int:
    return record.updated_at


def _id(record: Record) -> int:
    return record.id
