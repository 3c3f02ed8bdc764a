"""Write what was read into the mirror, by its rule: a row is replaced only by what is newer by HubSpot's own
last-modified or, where that is the same, by a read that began later. What privacy law had deleted is never replaced.
Every version of a record becomes one row of the change feed.

Called inside a slice's transaction. So that the lanes of one portal, which write the same records, do not wait for each
other in a circle, rows are locked in one order: records by their keys, then syncs, then the head of the feed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F

from installations.models import Portal

from . import association_rows, search
from .feed import Entry, append
from .models import Change, Record, Sync
from .readings import Readings, RecordRead, State

Key = tuple[str, int]
Kind = Change.Kind

# HubSpot moves these with every other change: on their own they are no news.
_RESTLESS = {"lastmodifieddate", "hs_lastmodifieddate"}

_INSERT = """
INSERT INTO crm_record AS mirrored (
    portal_id, object_type, record_id, state, properties, title, url, created_at, updated_at, merged_into,
    read_at, associations_read_at, version, changed_at, search, forgotten
)
SELECT
    %(portal)s, t, r, s, p, title, url, created, updated, merged, read, '{}', 1, clock_timestamp(),
    array_to_tsvector(ARRAY(SELECT json_array_elements_text(words))), forgotten
FROM json_to_recordset(%(rows)s::json) AS sent (
    t text, r bigint, s text, p jsonb, title text, url text, created timestamptz, updated timestamptz,
    merged bigint, read timestamptz, words json, forgotten boolean
)
ORDER BY t, r
ON CONFLICT (portal_id, object_type, record_id)
"""
_IF_NEW = f"{_INSERT} DO NOTHING RETURNING object_type, record_id, version"
_OVER = f"""{_INSERT} DO UPDATE SET
    state = EXCLUDED.state, properties = EXCLUDED.properties, title = EXCLUDED.title, url = EXCLUDED.url,
    created_at = COALESCE(EXCLUDED.created_at, mirrored.created_at), updated_at = EXCLUDED.updated_at,
    merged_into = EXCLUDED.merged_into, read_at = EXCLUDED.read_at, search = EXCLUDED.search,
    forgotten = EXCLUDED.forgotten, version = mirrored.version + 1, changed_at = clock_timestamp()
RETURNING object_type, record_id, version
"""


@dataclass(frozen=True)
class Mirrored:
    """What the mirror holds of a record, as far as deciding about a read needs it."""

    state: State
    properties: dict[str, str]
    updated_at: datetime | None
    merged_into: int | None
    read_at: datetime
    forgotten: bool

    def accepts(self, read: RecordRead) -> bool:
        """By HubSpot's last-modified where both have one and they differ, else by which read began later."""
        if self.forgotten or read.forgotten:
            return not self.forgotten
        if read.updated_at is None or self.updated_at is None or read.updated_at == self.updated_at:
            return self.read_at < read.read_at
        return read.updated_at > self.updated_at

    def equals(self, read: RecordRead) -> bool:
        mine = (self.state, self.properties, self.merged_into, self.forgotten)
        return mine == (read.state, read.properties, read.merged_into, read.forgotten)


@contextmanager
def writing(portal: Portal, found: Readings, source: Change.Source) -> Iterator[list[Entry]]:
    """Write records and associations, and give what is new in them; at the end that goes into the change feed.

    What the same step notes about its progress, or in lanes, belongs in between: the feed's head comes last.
    """
    records = _latest(found.records)
    dead = [read for read in records.values() if read.state != State.LIVE]
    others = {*(read.key for read in found.associations), *association_rows.other_ends(portal, dead)}
    mirrored = _lock(portal, records.keys(), others)
    news = _write_records(portal, records, mirrored)
    _count_along(portal, news, records, mirrored)
    told = {(one.object_type, one.record_id) for one in news}
    cut = association_rows.cut_loose(portal, [read for read in dead if read.key in told])
    news += association_rows.write(portal, found.associations, cut, told)
    yield news
    append(portal, news, source)


def _count_along(
    portal: Portal, news: Sequence[Entry], reads: dict[Key, RecordRead], before: dict[Key, Mirrored]
) -> None:
    """Keep the number of live records per type, so that no page has to count them."""
    moved: Counter[str] = Counter()
    for entry in news:
        key = entry.object_type, entry.record_id
        was_live = key in before and before[key].state == State.LIVE
        moved[entry.object_type] += (reads[key].state == State.LIVE) - was_live
    for object_type, by in sorted(moved.items()):
        Sync.objects.filter(portal=portal, object_type=object_type).update(live_records=F("live_records") + by)


def _latest(reads: Iterable[RecordRead]) -> dict[Key, RecordRead]:
    """Keep the read that began last, where one step has read a record twice."""
    return {read.key: read for read in sorted(reads, key=lambda read: read.read_at)}


def _lock(portal: Portal, keys: Collection[Key], others: Collection[Key] = ()) -> dict[Key, Mirrored]:
    """Lock records in the order of their keys; return what the mirror holds of `keys`, of `others` nothing."""
    rows: dict[Key, Mirrored] = {}
    for object_type in sorted({object_type for object_type, _ in (*keys, *others)}):
        ids = {record_id for kind, record_id in keys if kind == object_type}
        locked = Record.objects.select_for_update().filter(portal=portal, object_type=object_type)
        wanted = ids.union(record_id for kind, record_id in others if kind == object_type)
        list(locked.filter(record_id__in=wanted).order_by("record_id").values_list("pk"))
        for record in Record.objects.filter(portal=portal, object_type=object_type, record_id__in=ids).defer("search"):
            rows[object_type, record.record_id] = Mirrored(
                *(State(record.state), record.properties, record.updated_at, record.merged_into),
                *(record.read_at, record.forgotten),
            )
    return rows


def _write_records(portal: Portal, reads: dict[Key, RecordRead], mirrored: dict[Key, Mirrored]) -> list[Entry]:
    """Write what the rule accepts; return the new versions. Adds to `mirrored` what another lane inserted meanwhile."""
    unknown = [read for key, read in reads.items() if key not in mirrored]
    versions = _upsert(portal, unknown, _IF_NEW)
    mirrored |= _lock(portal, {read.key for read in unknown}.difference(versions))
    accepted = [read for key, read in reads.items() if key in mirrored and mirrored[key].accepts(read)]
    _touch(portal, [read for read in accepted if mirrored[read.key].equals(read)])
    versions |= _upsert(portal, [read for read in accepted if not mirrored[read.key].equals(read)], _OVER)
    return [_entry(read, mirrored.get(key), versions[key]) for key, read in reads.items() if key in versions]


def _touch(portal: Portal, unchanged: Sequence[RecordRead]) -> None:
    """Note that records were seen again, as they are."""
    seen: dict[tuple[str, datetime], list[int]] = {}
    for read in unchanged:
        seen.setdefault((read.object_type, read.read_at), []).append(read.record_id)
    for (object_type, read_at), ids in seen.items():
        Record.objects.filter(portal=portal, object_type=object_type, record_id__in=ids).update(read_at=read_at)


def _upsert(portal: Portal, reads: Sequence[RecordRead], statement: str) -> dict[Key, int]:
    """Insert or replace rows; return their versions."""
    if not reads:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(statement, {"portal": portal.pk, "rows": json.dumps([_row(portal, read) for read in reads])})
        return {(object_type, record_id): version for object_type, record_id, version in cursor.fetchall()}


def _row(portal: Portal, read: RecordRead) -> dict[str, Any]:
    return {
        "t": read.object_type,
        "r": read.record_id,
        "s": read.state,
        "p": read.properties,
        "title": read.title,
        "url": read.url,
        "created": read.created_at and read.created_at.isoformat(),
        "updated": read.updated_at and read.updated_at.isoformat(),
        "merged": read.merged_into,
        "read": read.read_at.isoformat(),
        "forgotten": read.forgotten,
        "words": search.words_of(portal, read) if read.state == State.LIVE else [],
    }


def _entry(read: RecordRead, before: Mirrored | None, version: int) -> Entry:
    old = before.properties if before else {}
    names = {*old, *read.properties}
    changed = sorted(name for name in names - _RESTLESS if old.get(name) != read.properties.get(name))
    return Entry(read.object_type, read.record_id, version, _kind(read, before), tuple(changed))


def _kind(read: RecordRead, before: Mirrored | None) -> Kind:
    if read.state == State.LIVE:
        if before is None:
            return Kind.CREATED
        return Kind.UPDATED if before.state == State.LIVE else Kind.RESTORED
    return {State.ARCHIVED: Kind.ARCHIVED, State.MERGED: Kind.MERGED, State.GONE: Kind.GONE}[read.state]
