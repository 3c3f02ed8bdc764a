"""Numbered lists of what happened on the wire, bounded, read in pages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Generic, NamedTuple, Protocol, TypeVar

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Request(NamedTuple):
    seq: int
    arrived_at_ms: int
    hub_id: int | None
    app_id: int | None
    method: str
    path: str
    status: int
    # Calls of this app in this account that count for the burst limit, in the ten seconds up to and including this
    # one; searches in this account in the last second likewise. A refused call is not counted.
    burst_in_window: int
    search_in_window: int
    exempt: bool


class Delivery(NamedTuple):
    seq: int
    sent_at_ms: int
    hub_id: int
    app_id: int
    attempt: int
    # One of the two is None.
    status: int | None
    error: str | None
    duration_ms: int
    body: bytes
    url: str = ""
    headers: Mapping[str, str] = NO_HEADERS
    # The beginning of what the receiver said.
    answer: bytes = b""

    @property
    def weight(self) -> int:
        """About how many bytes it takes to remember this."""
        return len(self.body) + len(self.answer) + 100 * len(self.headers)

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Numbered(Protocol):
    """What every kind of row has."""

    @property
    def seq(self) -> int: ...

    @property
    def hub_id(self) -> int | None: ...


Row = TypeVar("Row", bound=Numbered)


class Ledger(Generic[Row]):
    """Sequence numbers start at 1 and have no gaps; the oldest rows are dropped beyond `capacity` (or `weight`)."""

    def __init__(self, capacity: int, weigh: Callable[[Row], int] | None = None, heaviest: int = 200_000_000) -> None:
        self._lock = threading.Lock()
        self._rows: list[Row] = []
        self._first_seq = 1
        self._capacity = capacity
        self._weigh: Callable[[Row], int] | None = weigh
        self._weight = 0
        self._heaviest = heaviest

    def add(self, make: Callable[[int], Row]) -> Row:
        with self._lock:
            row = make(self._first_seq + len(self._rows))
            self._rows.append(row)
            if self._weigh is not None:
                self._weight += self._weigh(row)
            if len(self._rows) > self._capacity or self._weight > self._heaviest:
                self._drop_oldest_fifth()
            return row

    def _drop_oldest_fifth(self) -> None:
        count = max(1, len(self._rows) // 5)
        if self._weigh is not None:
            self._weight -= sum(map(self._weigh, self._rows[:count]))
        del self._rows[:count]
        self._first_seq += count

    def since(self, seq: int, limit: int, hub_id: int | None = None) -> tuple[list[Row], int]:
        """Rows after `seq`, and the number to ask from next."""
        with self._lock:
            start = max(0, seq + 1 - self._first_seq)
            if hub_id is None:
                rows = self._rows[start : start + limit]
                return rows, rows[-1].seq if rows else max(seq, self._first_seq - 1)
            found = [row for row in self._rows[start:] if row.hub_id == hub_id][: limit + 1]
            latest = self._first_seq + len(self._rows) - 1
            return found[:limit], found[limit - 1].seq if len(found) > limit else max(seq, latest)

    def latest(self, limit: int) -> list[Row]:
        """Newest first."""
        with self._lock:
            return self._rows[-limit:][::-1]

    def find(self, seq: int) -> Row | None:
        with self._lock:
            place = seq - self._first_seq
            return self._rows[place] if 0 <= place < len(self._rows) else None

    def before(self, seq: int | None = None) -> Iterator[Row]:
        """All rows older than `seq`, newest first, as they are now."""
        with self._lock:
            end = len(self._rows) if seq is None else max(0, seq - self._first_seq)
            rows = self._rows[:end]
        return reversed(rows)

    def clear(self) -> None:
        """Forget the rows; numbering goes on, so that nobody sees a number twice."""
        with self._lock:
            self._first_seq += len(self._rows)
            self._rows.clear()
            self._weight = 0
