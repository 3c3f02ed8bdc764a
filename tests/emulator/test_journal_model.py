"""A journal's files against a naive model: whatever is written when, and whoever reads from where."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emulator.errors import ResourceNotFound
from emulator.journal import files
from emulator.journal.files import RETENTION_MS, Entry, Journal, JournalFile

LINGER = 100
PORTALS = st.sampled_from([1, 2, 3])
SOMEONE = st.one_of(st.none(), PORTALS)


@dataclass
class Naive:
    opened_at: int
    entries: list[Entry] = field(default_factory=list)
    # When a full one was published; others are when they have lingered.
    full_at: int | None = None

    @property
    def published_at(self) -> int:
        return self.opened_at + LINGER if self.full_at is None else self.full_at


class JournalModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(files, "MOST_EVENTS", 3)
        self.journal = Journal(LINGER)
        self.now = 1_000_000
        self.written: list[Naive] = []
        self.count = 0
        # Every offset that was ever seen, and the first event of its file.
        self.offsets: dict[str, bytes] = {}

    def teardown(self) -> None:
        self.patch.undo()

    @rule(portals=st.lists(PORTALS, max_size=8))
    def write(self, portals: list[int]) -> None:
        entries = []
        for hub_id in portals:
            self.count += 1
            entries.append((hub_id, b"%d" % self.count))
        self.journal.append(self.now, entries)
        for entry in entries:
            self.remember(entry)

    def remember(self, entry: Entry) -> None:
        latest = self.written[-1] if self.written else None
        if latest is None or self.now >= latest.opened_at + LINGER:
            self.written.append(Naive(self.now, [entry]))
        elif len(latest.entries) == 3:
            latest.full_at = self.now
            self.written.append(Naive(self.now, [entry]))
        else:
            latest.entries.append(entry)

    @rule(ms=st.sampled_from([1, LINGER // 2, LINGER, RETENTION_MS // 2, RETENTION_MS]))
    def time_passes(self, ms: int) -> None:
        self.now += ms

    def there(self) -> list[Naive]:
        return [each for each in self.written if self.now - RETENTION_MS < each.published_at <= self.now]

    @invariant()
    def all_that_is_published_is_read_in_order(self) -> None:
        found = self.journal.earliest(self.now, 10**6)
        for file in found:
            self.offsets[file.offset] = file.entries[0][1]
        assert [(list(file.entries), file.published_at) for file in found] == [
            (each.entries, each.published_at) for each in self.there()
        ]

    @rule(portal_id=SOMEONE, count=st.integers(1, 3))
    def the_ends(self, portal_id: int | None, count: int) -> None:
        wanted = self.texts(self.there(), portal_id)
        assert self.shown(self.journal.earliest(self.now, count, portal_id), portal_id) == wanted[:count]
        assert self.shown(self.journal.latest(self.now, count, portal_id), portal_id) == wanted[-count:]

    @precondition(lambda self: self.offsets)
    @rule(data=st.data(), portal_id=SOMEONE, count=st.integers(1, 3))
    def from_an_offset(self, data: st.DataObject, portal_id: int | None, count: int) -> None:
        offset = data.draw(st.sampled_from(sorted(self.offsets)))
        there = self.there()
        place = next((i for i, each in enumerate(there) if each.entries[0][1] == self.offsets[offset]), None)
        if place is None:
            with pytest.raises(ResourceNotFound):
                self.journal.after(self.now, offset, count, portal_id)
            with pytest.raises(ResourceNotFound):
                self.journal.find(self.now, offset)
            return
        wanted = self.texts(there[place + 1 :], portal_id)[:count]
        assert self.shown(self.journal.after(self.now, offset, count, portal_id), portal_id) == wanted
        assert self.journal.find(self.now, offset).offset == offset

    @rule()
    def the_emulator_is_started_anew(self) -> None:
        kept, opened_at, entries = self.journal.contents(self.now)
        self.journal = Journal(LINGER)
        self.journal.restore(kept, opened_at, entries)

    def texts(self, there: list[Naive], portal_id: int | None) -> list[list[bytes]]:
        rows = [[text for hub_id, text in each.entries if portal_id in (None, hub_id)] for each in there]
        return [row for row in rows if row]

    def shown(self, found: list[JournalFile], portal_id: int | None) -> list[list[bytes]]:
        return [file.content(portal_id).partition(b"[")[2].partition(b"]")[0].split(b",") for file in found]


TestJournal = JournalModel.TestCase
TestJournal.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
