"""Tickets as v1 shows them, and the log of their changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from emulator.crm.object_types import TICKET
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.instants import DAY_MS
from emulator.legacy.values import Values, wrapped

# The log goes back a day, and tells at most this many changes at once.
LOG_REACH_MS = DAY_MS
LOG_PAGE = 1_000


class TicketView:
    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._values = Values(crm, TICKET)

    def show(self, record: Record, names: Iterable[str], history: Iterable[str] = ()) -> dict[str, Any]:
        return {
            "objectType": "TICKET",
            "portalId": self._crm.hub_id,
            "objectId": record.id,
            "properties": wrapped(self._values, record, names, history),
            "version": 1 + len({version.at for versions in (record.history or {}).values() for version in versions}),
            "isDeleted": record.archived_at is not None,
        }


class TicketChange(NamedTuple):
    """Ordered by time, then by these."""

    at: int
    type: str
    ticket_id: int
    properties: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "timestamp": self.at,
            "changeType": self.type,
            "objectId": self.ticket_id,
            "changes": {
                "changedProperties": list(self.properties),
                # Always empty in HubSpot too.
                "newAssociations": [],
                "removedAssociations": [],
                "newListMemberships": [],
                "removedListMemberships": [],
            },
        }


def change_log(crm: Crm, after: TicketChange, now: int) -> list[TicketChange]:
    """The changes since `after`, the earliest first. Costs as much as there were changes in a day."""
    low = max(after.at, now - LOG_REACH_MS)
    table = crm.table(TICKET)
    touched = {record.id: record for record in table.modified.forwards(low)}
    touched |= {number: table.records[number] for number in table.archived}
    found = (change for record in touched.values() for change in _changes_of(record) if change.at >= low)
    return sorted(change for change in found if change[:3] > after[:3])[:LOG_PAGE]


def _changes_of(record: Record) -> Iterator[TicketChange]:
    history = record.history or {}
    yield TicketChange(record.created_at, "CREATED", record.id, ("createdate", *sorted({*record.values, *history})))
    by_time: dict[int, list[str]] = {}
    for name, versions in history.items():
        for version in versions:
            if version.at != record.created_at:
                by_time.setdefault(version.at, []).append(name)
    if record.updated_at not in (record.created_at, *by_time):
        by_time[record.updated_at] = []
    for at, names in by_time.items():
        yield TicketChange(at, "CHANGED", record.id, (TICKET.modified_property, *sorted(names)))
    if record.archived_at is not None:
        yield TicketChange(record.archived_at, "DELETED", record.id)
