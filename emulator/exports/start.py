"""Making an export: what it will hold is what there is now, however long it waits its turn."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from emulator.exports import files
from emulator.exports.columns import columns
from emulator.exports.exports import Export
from emulator.exports.request import ExportRequest
from emulator.instants import date_of
from emulator.portals import Portal

# How long an export takes: a second, and another for every hundred thousand rows.
_BASE_MS = 1_000
_ROWS_PER_MS = 100


def start(portal: Portal, request: ExportRequest, app_id: int, now: int) -> Export:
    """Raises ExportsExhausted."""
    portal.exports.check_allowance(now)
    records = request.records(portal.crm)
    content = files.write(columns(portal.crm, request, ZoneInfo(portal.time_zone)), records)
    name, content = files.packed(files.file_name(request.name, date_of(now)), content, len(records))
    begins = portal.exports.begins_at(now)
    export = Export(
        portal.exports.next_id,
        app_id,
        request.name,
        request.type,
        request.kind.constant,
        request.properties,
        len(records),
        now,
        begins,
        begins + _BASE_MS + len(records) // _ROWS_PER_MS,
        name,
        content,
    )
    portal.exports.add(export)
    return export
