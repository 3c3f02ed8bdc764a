"""The columns of an export: what stands above them, and in each row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from emulator.crm import partners
from emulator.crm.object_types import ObjectType
from emulator.crm.properties import Property
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.exports.request import ExportRequest
from emulator.instants import parse_instant

# More associated records than this are left out of a row, unless it is asked otherwise.
MOST_PARTNERS = 1_000

Cell = Callable[[Record], str]


class Column(NamedTuple):
    header: str
    cell: Cell


def columns(crm: Crm, request: ExportRequest, zone: ZoneInfo) -> list[Column]:
    found = [Column("hs_object_id" if request.names else "Record ID", lambda record: str(record.id))]
    for name in request.properties:
        if name == "hs_object_id":
            continue
        definition = crm.schema(request.kind).named(name)
        found.append(Column(name if request.names else definition.label, _property(crm, request, definition, zone)))
    for partner in request.associated:
        found += _associated(crm, request, partner)
    return found


def _property(crm: Crm, request: ExportRequest, definition: Property, zone: ZoneInfo) -> Cell:
    show = str if request.values else _shown(crm, request.kind, definition, zone)
    kind, name = request.kind, definition.name

    def cell(record: Record) -> str:
        value = crm.read(kind, record, name)
        return show(value) if value is not None else ""

    return cell


def _shown(crm: Crm, kind: ObjectType, definition: Property, zone: ZoneInfo) -> Callable[[str], str]:
    """In words, as people see a value."""
    if definition.values_from == "owner":
        names = {str(owner.owner_id): owner.user.name for owner in crm.owners.values()}
    elif definition.values_from in ("pipeline", "stage"):
        names = _pipeline_names(crm, kind, definition.values_from)
    elif definition.type == "datetime":
        return lambda value: f"{_moment(value, zone):%Y-%m-%d %H:%M}"
    else:
        names = {option.value: option.label for option in definition.options}
    return lambda value: ";".join(names.get(part, part) for part in value.split(";")) if names else value


def _moment(value: str, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(parse_instant(value) / 1000, UTC).astimezone(zone)


def _pipeline_names(crm: Crm, kind: ObjectType, what: str) -> dict[str, str]:
    pipelines = crm.pipelines.all(kind.type_id)
    if what == "pipeline":
        return {pipeline.id: pipeline.label for pipeline in pipelines}
    return {stage.id: stage.label for pipeline in pipelines for stage in pipeline.stages}


def _associated(crm: Crm, request: ExportRequest, partner: ObjectType) -> list[Column]:
    title = partner.name.replace("_", " ").title()
    found = [Column(f"Associated {title} IDs", _ids(crm, request, partner, None))]
    if request.display:
        found.append(Column(f"Associated {title}", _names(crm, request, partner)))
    if request.labels:
        for type_ in crm.association_types.between(request.kind, partner):
            if type_.label is not None:
                header = f"Associated {title} IDs ({type_.label})"
                found.append(Column(header, _ids(crm, request, partner, type_.key)))
    return found


def _partners(crm: Crm, request: ExportRequest, partner: ObjectType, record: Record) -> list[partners.Partner]:
    found, _ = partners.page(crm, request.kind, record.id, partner, 0, 10**9 if request.unlimited else MOST_PARTNERS)
    return found


def _ids(crm: Crm, request: ExportRequest, partner: ObjectType, key: int | None) -> Cell:
    """Of all associated records, or of those with one label."""

    def cell(record: Record) -> str:
        found = _partners(crm, request, partner, record)
        return ";".join(
            str(each.record_id) for each in found if key is None or any(type_.key == key for type_ in each.types)
        )

    return cell


def _names(crm: Crm, request: ExportRequest, partner: ObjectType) -> Cell:
    table = crm.table(partner)

    def cell(record: Record) -> str:
        found = _partners(crm, request, partner, record)
        return ";".join(
            crm.read(partner, table.records[each.record_id], partner.label_property) or "" for each in found
        )

    return cell
