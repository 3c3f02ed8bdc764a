"""Enrolled records: finding them, and how requests show them."""

from __future__ import annotations

from typing import Any

from emulator.crm.object_types import CONTACT, ObjectType
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.errors import UnknownObjectType
from emulator.legacy.contacts import ContactView
from emulator.legacy.values import Values, wrapped

Json = dict[str, Any]


def enrolled_record(crm: Crm, type_id: str, record_id: int) -> tuple[ObjectType, Record] | None:
    """The live record, whatever it was merged into. Under the portal's lock."""
    try:
        kind = crm.object_type(type_id)
    except UnknownObjectType:
        # Its kind was deleted.
        return None
    table = crm.table(kind)
    record = table.live_record(table.resolve(record_id))
    return None if record is None else (kind, record)


def text_of(crm: Crm, kind: ObjectType, record: Record, name: str) -> str:
    """A property as actions see it; empty when it has no value."""
    return crm.read(kind, record, name) or ""


def all_properties(crm: Crm, kind: ObjectType, record: Record) -> dict[str, str]:
    """Everything that has a value, dates in milliseconds as in the bodies."""
    values = Values(crm, kind)
    return {name: values.versions(record, name)[0].value for name in sorted(values.valued(record))}


def whole_record(crm: Crm, kind: ObjectType, record: Record) -> Json:
    """The record as the API before v3 shows it; only contacts with their history.

    developers.hubspot.com/docs/methods/workflows/webhook_information
    """
    if kind is CONTACT:
        return ContactView(crm).profile(record, (), history=True)
    values = Values(crm, kind)
    return {
        "portalId": crm.hub_id,
        "objectTypeId": kind.type_id,
        "objectId": record.id,
        "properties": wrapped(values, record, values.valued(record), ()),
    }
