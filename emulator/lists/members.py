"""Who is on one list: by record id, and in the order of joining."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice


@dataclass(frozen=True, slots=True)
class Member:
    record_id: int
    joined_at: int
    # Where the membership stands in the order that its page follows.
    token: int


@dataclass(frozen=True, slots=True)
class Page:
    members: list[Member]
    # Whether there are others beyond the last.
    more: bool


class Members:
    """Joining is appended to a log; entries of members that left are skipped, and dropped when they are the most."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._ids = array("q")
        self._log_numbers = array("q")
        self._log_ids = array("q")
        self._log_times = array("q")
        self._next = 1

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, record_id: object) -> bool:
        return record_id in self._numbers

    def __iter__(self) -> Iterator[int]:
        """Record ids, ascending."""
        return iter(self._ids)

    def add(self, record_id: int, at: int) -> bool:
        """Whether it was not on the list already."""
        if record_id in self._numbers:
            return False
        self._log(record_id, at)
        if not self._ids or self._ids[-1] < record_id:
            self._ids.append(record_id)
        else:
            insort(self._ids, record_id)
        return True

    def fill(self, memberships: Iterable[tuple[int, int]]) -> None:
        """Many at once, in the order of joining: (record id, when)."""
        for record_id, at in memberships:
            if record_id not in self._numbers:
                self._log(record_id, at)
        self._ids = array("q", sorted(self._numbers))

    def _log(self, record_id: int, at: int) -> None:
        self._numbers[record_id] = self._next
        self._log_numbers.append(self._next)
        self._log_ids.append(record_id)
        self._log_times.append(at)
        self._next += 1

    def discard(self, record_id: int) -> bool:
        """Whether it was on the list."""
        if self._numbers.pop(record_id, None) is None:
            return False
        del self._ids[bisect_left(self._ids, record_id)]
        if len(self._log_ids) > 2 * len(self._numbers) + 16:
            self._compact()
        return True

    def _compact(self) -> None:
        kept = [place for place in range(len(self._log_ids)) if self._is_current(place)]
        self._log_ids = array("q", (self._log_ids[place] for place in kept))
        self._log_times = array("q", (self._log_times[place] for place in kept))
        self._log_numbers = array("q", (self._log_numbers[place] for place in kept))

    def _is_current(self, place: int) -> bool:
        return self._numbers.get(self._log_ids[place]) == self._log_numbers[place]

    def joined_at(self, record_id: int) -> int:
        return self._log_times[bisect_left(self._log_numbers, self._numbers[record_id])]

    def in_join_order(self) -> Iterator[tuple[int, int]]:
        """(record id, when)"""
        for place in range(len(self._log_ids)):
            if self._is_current(place):
                yield self._log_ids[place], self._log_times[place]

    # -- pages: tokens name the last membership seen, and pages begin beyond it -------------------------------------

    def by_id(self, after: int | None, before: int | None, limit: int) -> Page:
        """Ascending, or descending when only `before` is given."""
        if after is None and before is not None:
            places: Iterable[int] = range(bisect_left(self._ids, before) - 1, -1, -1)
        else:
            places = range(bisect_right(self._ids, after) if after is not None else 0, len(self._ids))
        found = list(islice((self._ids[place] for place in places), limit + 1))
        members = [Member(record_id, self.joined_at(record_id), record_id) for record_id in found[:limit]]
        return Page(members, len(found) > limit)

    def by_joining(self, after: int | None, before: int | None, limit: int) -> Page:
        """Oldest first, or newest first when only `before` is given."""
        if after is None and before is not None:
            places: Iterable[int] = range(bisect_left(self._log_numbers, before) - 1, -1, -1)
        else:
            start = bisect_right(self._log_numbers, after) if after is not None else 0
            places = range(start, len(self._log_numbers))
        found = list(islice((place for place in places if self._is_current(place)), limit + 1))
        members = [
            Member(self._log_ids[place], self._log_times[place], self._log_numbers[place]) for place in found[:limit]
        ]
        return Page(members, len(found) > limit)
