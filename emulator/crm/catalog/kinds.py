"""A kind of HubSpot's own, with the properties that every portal has of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from emulator.crm.catalog.shorthand import system
from emulator.crm.object_types import ObjectType, Scopes
from emulator.crm.properties import Property

Groups = tuple[tuple[str, str], ...]


class Standard(NamedTuple):
    kind: ObjectType
    groups: Groups
    properties: tuple[Property, ...]


def standard(
    type_id: str,
    name: str,
    plural: str,
    scopes: Scopes,
    *properties: Property,
    label: str,
    shown: tuple[str, ...] = (),
    created: str = "hs_createdate",
    singular: str = "",
    **more: Any,
) -> Standard:
    """A kind whose properties are all in one group; `shown` are returned beside the usual when a call asks for none."""
    group = f"{name}_information"
    kind = ObjectType(
        type_id=type_id,
        name=name,
        plural=plural,
        default_properties=tuple(sorted({*shown, created, "hs_lastmodifieddate", "hs_object_id"})),
        modified_property="hs_lastmodifieddate",
        created_property=created,
        label_property=label,
        label=singular,
        scopes=scopes,
        **{"searchable": (label,), **more},
    )
    placed = (each.in_group(group) for each in (*properties, *system("", kind)))
    return Standard(kind, ((group, f"{kind.title} information"),), tuple(placed))
