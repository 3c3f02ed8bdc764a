"""Putting made-up records in place, spread over two years."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from emulator.crm.records import Record, Source, Table
from emulator.instants import DAY_MS

PAST_MS = 730 * DAY_MS
IMPORT = Source("IMPORT", "seed", None, "Import")


def add_records(
    table: Table,
    count: int,
    values: Callable[[int], dict[str, str]],
    dice: random.Random,
    authors: Sequence[Source],
    now: int,
) -> list[Record]:
    """Created one after the other, and most of them not changed for a while."""
    step = max(1, PAST_MS // max(1, count))
    record_id, created = table.next_id, now - PAST_MS
    made = []
    for _ in range(count):
        record = Record(record_id, values(record_id), created + dice.randrange(step), dice.choice(authors))
        record.updated_at += int((now - record.created_at) * dice.random() ** 3)
        made.append(record)
        record_id += 1 + dice.randrange(3)
        created += step
    table.load(made)
    return made
