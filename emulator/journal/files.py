"""One app's journal: files of events in the order in which they happened."""

from __future__ import annotations

import threading
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from emulator.errors import ResourceNotFound
from emulator.instants import DAY_MS, iso

RETENTION_MS = 3 * DAY_MS

# "Up to 10,000 or 5 MB": HubSpot's developer rollup of July 2026.
MOST_EVENTS = 10_000
LARGEST_BYTES = 5_000_000

# A journal that nobody reads does not fill the memory: beyond this many bytes the oldest files go before their time.
HEAVIEST = 128_000_000

# What an event weighs beside its text.
_OVERHEAD = 100

# An account, and what happened there, as JSON.
Entry = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class JournalFile:
    offset: str
    published_at: int
    entries: tuple[Entry, ...]
    portals: frozenset[int]
    weight: int

    def content(self, portal_id: int | None = None) -> bytes:
        """All of it, or what happened in one account."""
        texts = [text for hub_id, text in self.entries if portal_id in (None, hub_id)]
        head = f'{{"offset":"{self.offset}","journalEvents":['
        return b"".join((head.encode(), b",".join(texts), f'],"publishedAt":"{iso(self.published_at)}"}}'.encode()))


def new_file(entries: Iterable[Entry], published_at: int, offset: str | None = None) -> JournalFile:
    kept = tuple(entries)
    weight = sum(len(text) + _OVERHEAD for _, text in kept)
    portals = frozenset(hub_id for hub_id, _ in kept)
    return JournalFile(offset or str(uuid.uuid4()), published_at, kept, portals, weight)


class Journal:
    """Events gather in an open file, which is published when it is full or has lingered.

    No thread does that: whoever writes or reads next finds that its time has come. All is under a lock of its own, held
    for a few instructions and under which no other is taken.
    """

    def __init__(self, linger_ms: int) -> None:
        self._linger_ms = linger_ms
        self._lock = threading.Lock()
        self._open: list[Entry] = []
        self._open_bytes = 0
        self._opened_at = 0
        # Published files, oldest first. A file's number is its place among all there ever were.
        self._files: list[JournalFile] = []
        self._first = 0
        self._numbers: dict[str, int] = {}
        self._of_portal: dict[int, list[int]] = {}
        self._weight = 0
        self._published_events = 0

    # -- writing ---------------------------------------------------------------------------------------------------

    def append(self, now: int, entries: Iterable[Entry]) -> None:
        with self._lock:
            self._settle(now)
            for entry in entries:
                size = len(entry[1]) + 1
                if len(self._open) >= MOST_EVENTS or (self._open and self._open_bytes + size > LARGEST_BYTES):
                    self._publish(now)
                if not self._open:
                    self._opened_at = now
                self._open.append(entry)
                self._open_bytes += size

    def _settle(self, now: int) -> None:
        if self._open and now >= self._opened_at + self._linger_ms:
            self._publish(self._opened_at + self._linger_ms)
        self._expire(now)

    def _publish(self, at: int) -> None:
        # Never before the file that it follows, whatever the machine's clock does.
        at = max(at, self._files[-1].published_at) if self._files else at
        self._add(new_file(self._open, at))
        self._open, self._open_bytes = [], 0

    def _add(self, file: JournalFile) -> None:
        number = self._first + len(self._files)
        self._files.append(file)
        self._numbers[file.offset] = number
        for hub_id in file.portals:
            self._of_portal.setdefault(hub_id, []).append(number)
        self._weight += file.weight
        self._published_events += len(file.entries)
        while self._weight > HEAVIEST and len(self._files) > 1:
            self._drop_oldest(1)

    def _expire(self, now: int) -> None:
        limit = now - RETENTION_MS
        if self._files and self._files[0].published_at <= limit:
            self._drop_oldest(bisect_right(self._files, limit, key=lambda file: file.published_at))

    def _drop_oldest(self, count: int) -> None:
        for file in self._files[:count]:
            del self._numbers[file.offset]
            self._weight -= file.weight
            self._published_events -= len(file.entries)
            for hub_id in file.portals:
                numbers = self._of_portal[hub_id]
                del numbers[0]
                if not numbers:
                    del self._of_portal[hub_id]
        del self._files[:count]
        self._first += count

    # -- reading ---------------------------------------------------------------------------------------------------

    def earliest(self, now: int, count: int, portal_id: int | None = None) -> list[JournalFile]:
        with self._lock:
            self._settle(now)
            return self._from(self._first, count, portal_id)

    def latest(self, now: int, count: int, portal_id: int | None = None) -> list[JournalFile]:
        """The last `count`, the oldest of them first."""
        with self._lock:
            self._settle(now)
            if portal_id is None:
                return self._files[-count:]
            return [self._files[number - self._first] for number in self._of_portal.get(portal_id, [])[-count:]]

    def after(self, now: int, offset: str, count: int, portal_id: int | None = None) -> list[JournalFile]:
        """Raises ResourceNotFound for an offset that never was or has expired."""
        with self._lock:
            self._settle(now)
            return self._from(self._number(offset) + 1, count, portal_id)

    def find(self, now: int, offset: str) -> JournalFile:
        """Raises ResourceNotFound."""
        with self._lock:
            self._settle(now)
            return self._files[self._number(offset) - self._first]

    def _from(self, number: int, count: int, portal_id: int | None) -> list[JournalFile]:
        if portal_id is None:
            start = number - self._first
            return self._files[start : start + count]
        numbers = self._of_portal.get(portal_id, [])
        start = bisect_left(numbers, number)
        return [self._files[each - self._first] for each in numbers[start : start + count]]

    def _number(self, offset: str) -> int:
        # Java's UUIDs are read in any case.
        number = self._numbers.get(offset.lower())
        if number is None:
            raise ResourceNotFound(f"Journal offset {offset[:50]} does not exist or has expired.")
        return number

    # -- snapshots and figures -------------------------------------------------------------------------------------

    def counts(self, now: int) -> tuple[int, int]:
        """Published files, and the events in them and in the open one."""
        with self._lock:
            self._settle(now)
            return len(self._files), self._published_events + len(self._open)

    def contents(self, now: int) -> tuple[list[JournalFile], int, list[Entry]]:
        """The files, and since when which events gather for the next."""
        with self._lock:
            self._settle(now)
            return list(self._files), self._opened_at, list(self._open)

    def restore(self, files: Iterable[JournalFile], opened_at: int, entries: Iterable[Entry]) -> None:
        with self._lock:
            for file in files:
                self._add(file)
            self._open = list(entries)
            self._open_bytes = sum(len(text) + 1 for _, text in self._open)
            self._opened_at = opened_at
