"""Custom objects: kinds of records that a portal defines by a schema.

developers.hubspot.com/docs/guides/api/crm/objects/custom-objects
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from emulator.crm.association_types import AssociationType
from emulator.crm.catalog.activities import ACTIVITIES
from emulator.crm.catalog.shorthand import system
from emulator.crm.labels import define_pair
from emulator.crm.object_types import CUSTOM, ObjectType, Scopes
from emulator.crm.properties import Property, Schema
from emulator.crm.schemas import CustomObject
from emulator.crm.store import Crm
from emulator.errors import Conflict, InvalidInput, ResourceNotFound, UnknownObjectType

MOST_SEARCHABLE = 20

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
SCOPES = Scopes(
    read=("crm.objects.custom.read",),
    write=("crm.objects.custom.write",),
    schema_read=("crm.schemas.custom.read", "crm.objects.custom.read"),
    schema_write=("crm.schemas.custom.write",),
)


@dataclass
class Wanted:
    """A schema as it is asked for."""

    name: str
    singular: str
    plural: str
    description: str
    properties: Sequence[Property]
    required: tuple[str, ...]
    searchable: tuple[str, ...]
    primary: str
    secondary: tuple[str, ...]
    associated: Sequence[str]

    @property
    def group(self) -> str:
        return f"{self.name}_information"


def kind_of(hub_id: int, number: int, wanted: Wanted) -> ObjectType:
    qualified = f"p{hub_id}_{wanted.name}".lower()
    return ObjectType(
        type_id=f"{CUSTOM}{number}",
        name=wanted.name,
        plural=qualified,
        default_properties=("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
        modified_property="hs_lastmodifieddate",
        created_property="hs_createdate",
        label_property=wanted.primary or "hs_object_id",
        searchable=wanted.searchable,
        scopes=SCOPES,
        needs_all_of=wanted.required,
        aliases=(f"p_{wanted.name}".lower(), wanted.name.lower()),
        label=wanted.singular,
        plural_label=wanted.plural,
    )


def add(crm: Crm, wanted: Wanted) -> CustomObject:
    """Raises Conflict, InvalidInput or UnknownObjectType, without having changed anything."""
    _check(crm, wanted)
    partners = list(dict.fromkeys(crm.object_type(name) for name in wanted.associated))
    at = crm.stamp()
    number = _next_number(crm)
    crm.latest_custom_object = number
    kind = kind_of(crm.hub_id, number, wanted)
    schema = Schema(system(wanted.group, kind), [(wanted.group, f"{wanted.singular} information")])
    for definition in wanted.properties:
        schema.define(definition)
    made = CustomObject(kind, wanted.description, wanted.secondary, at, at)
    crm.add_kind(kind, schema)
    for definition in wanted.properties:
        crm.follow(kind, definition)
    crm.custom_objects[kind.type_id] = made
    for partner in dict.fromkeys((*partners, *ACTIVITIES)):
        define_pair(crm.association_types, kind, partner, f"{kind.name}_to_{partner.name}", None, None)
    return made


def _check(crm: Crm, wanted: Wanted) -> None:
    if not _NAME.fullmatch(wanted.name):
        raise InvalidInput(f"'{wanted.name}' is not a valid name: letters, digits and underscores, a letter first")
    if not wanted.singular or not wanted.plural:
        raise InvalidInput("labels.singular and labels.plural are required")
    if any(each.kind.name.lower() == wanted.name.lower() for each in crm.custom_objects.values()):
        raise Conflict(f"Object schema with name {wanted.name} already exists")
    try:
        crm.object_type(wanted.name)
    except UnknownObjectType:
        check_names(wanted, {each.name for each in wanted.properties})
    else:
        raise Conflict(f"{wanted.name} is the name of an object of HubSpot's own")


def check_names(wanted: Wanted, known: set[str]) -> None:
    """Raises InvalidInput for properties that a schema speaks of and does not have."""
    if len(wanted.searchable) > MOST_SEARCHABLE:
        raise InvalidInput(f"At most {MOST_SEARCHABLE} properties can be searchable")
    display = (wanted.primary,) if wanted.primary else ()
    for name in (*wanted.required, *wanted.searchable, *display, *wanted.secondary):
        if name not in known:
            raise InvalidInput(f"The schema has no property '{name}'")


def _next_number(crm: Crm) -> int:
    """Ids of different accounts differ, as far as that goes."""
    taken = [int(type_id.removeprefix(CUSTOM)) for type_id in crm.custom_objects]
    return max([10_000_000 + crm.hub_id * 7_919 % 90_000_000, crm.latest_custom_object, *taken]) + 1


def named(crm: Crm, name: str) -> CustomObject:
    """A custom object by any of its names, archived ones included.

    Raises ResourceNotFound.
    """
    for each in crm.custom_objects.values():
        if name in each.kind.names or name.lower() in each.kind.names:
            return each
    raise ResourceNotFound(f"No custom object {name} exists.")


def archive(crm: Crm, custom: CustomObject) -> None:
    """Raises InvalidInput while there are records."""
    if len(crm.table(custom.kind)):
        raise InvalidInput(f"{custom.kind.plural_title} cannot be deleted while there are records of it")
    custom.archived_at = crm.stamp()
    # What is archived is associated still, by types that are about to go.
    for record in list(crm.table(custom.kind).records.values()):
        crm.links.forget(custom.kind, record.id)
        crm.table(custom.kind).forget(record)
    for type_ in crm.association_types.of_kind(custom.kind):
        crm.association_types.remove(type_)
        crm.association_limits.pop(type_.key, None)
    crm.remove_kind(custom.kind)


def forget(crm: Crm, custom: CustomObject) -> None:
    """Remove for good, so that the name can be used again.

    Raises InvalidInput unless it was archived.
    """
    if custom.archived_at is None:
        archive(crm, custom)
    del crm.custom_objects[custom.kind.type_id]


def change(crm: Crm, custom: CustomObject, wanted: Wanted) -> None:
    """Raises InvalidInput."""
    check_names(wanted, {each.name for each in crm.schema(custom.kind).all()})
    kind = custom.kind
    kind.label, kind.plural_label = wanted.singular, wanted.plural
    kind.needs_all_of, kind.searchable = wanted.required, wanted.searchable
    kind.label_property = wanted.primary or "hs_object_id"
    custom.description, custom.secondary = wanted.description, wanted.secondary
    custom.updated_at = crm.stamp()


def associate_with(
    crm: Crm, custom: CustomObject, from_type: ObjectType, to_type: ObjectType, name: str
) -> AssociationType:
    """Let records of two kinds, of which one is custom, be associated.

    Raises Conflict or InvalidInput.
    """
    if custom.kind not in (from_type, to_type):
        raise InvalidInput(f"The association does not involve {custom.kind.name}")
    if crm.association_types.plain(from_type, to_type) is not None:
        raise Conflict(f"{from_type.name} and {to_type.name} can be associated already")
    name = name or f"{from_type.name}_to_{to_type.name}"
    return define_pair(crm.association_types, from_type, to_type, name, None, None)[0]


def remove_association(crm: Crm, custom: CustomObject, type_id: int) -> None:
    """Raises ResourceNotFound, or InvalidInput while records are associated by it."""
    type_ = crm.association_types.get(-type_id)
    if type_ is None or custom.kind not in (type_.from_type, type_.to_type) or type_.label:
        raise ResourceNotFound(f"No association {type_id} of {custom.kind.name} exists.")
    if crm.links.uses(type_):
        raise InvalidInput(f"The association {type_.name} is in use and cannot be deleted")
    for each in dict.fromkeys((type_, crm.association_types.inverse(type_))):
        crm.association_types.remove(each)
        crm.association_limits.pop(each.key, None)
