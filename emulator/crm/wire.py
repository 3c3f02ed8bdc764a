"""Values as others are told of them: in webhooks and in the journal."""

from __future__ import annotations

from emulator.crm.object_types import ObjectType
from emulator.crm.properties import HIGHLY_SENSITIVE, PLAIN
from emulator.crm.store import Crm
from emulator.instants import parse_instant


def wire_value(crm: Crm, kind: ObjectType, name: str, value: str) -> str:
    """Dates travel as milliseconds, everything else as it is stored; a cleared value is empty."""
    definition = crm.schema(kind).get(name)
    if definition is None:
        return value
    if definition.sensitivity != PLAIN:
        return "REDACTED"
    if value and definition.type in ("date", "datetime"):
        return str(parse_instant(value))
    return value


def sensitivity(crm: Crm, kind: ObjectType, name: str) -> str:
    definition = crm.schema(kind).get(name)
    return definition.sensitivity if definition else PLAIN


def is_told(crm: Crm, kind: ObjectType, name: str) -> bool:
    """Of highly sensitive properties nobody hears."""
    return sensitivity(crm, kind, name) != HIGHLY_SENSITIVE
