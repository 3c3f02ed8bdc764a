"""The types of records of an account, as pages name them."""

from __future__ import annotations

from emulator.crm.association_types import AssociationType
from emulator.crm.object_types import ObjectType
from emulator.crm.properties import Property
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.errors import UnknownObjectType
from emulator.web.pages.page import NoSuchPage

# What a list shows of the kinds that everybody knows, the record's name first.
_COLUMNS = {
    "0-1": ("hs_full_name_or_email", "email", "phone", "lifecyclestage", "hubspot_owner_id"),
    "0-2": ("name", "domain", "city", "industry", "hubspot_owner_id"),
    "0-3": ("dealname", "amount", "dealstage", "closedate", "hubspot_owner_id"),
    "0-5": ("subject", "hs_pipeline_stage", "hs_ticket_priority", "hs_ticket_category", "hubspot_owner_id"),
}
_MOST_COLUMNS = 5


def kind_of(crm: Crm, name: str) -> ObjectType:
    """Raises NoSuchPage."""
    try:
        return crm.object_type(name)
    except UnknownObjectType:
        raise NoSuchPage(f"This account has no type of record called {name[:60]}.") from None


def kinds_of(crm: Crm) -> list[ObjectType]:
    """All types of records of an account, its own included."""
    return list(crm.types)


def singular(kind: ObjectType) -> str:
    return kind.title.lower()


def plural(kind: ObjectType) -> str:
    return kind.plural_title


def columns_of(crm: Crm, kind: ObjectType) -> tuple[str, ...]:
    """What a list shows, the record's name first."""
    if kind.type_id in _COLUMNS:
        return _COLUMNS[kind.type_id]
    named = (kind.label_property, *kind.default_properties, *(each.name for each in crm.schema(kind).custom()))
    wanted = [name for name in dict.fromkeys(named) if name not in kind.always_returned and crm.schema(kind).get(name)]
    return tuple(wanted[:_MOST_COLUMNS]) or ("hs_object_id",)


def name_of(crm: Crm, kind: ObjectType, record: Record) -> str:
    return crm.read(kind, record, columns_of(crm, kind)[0]) or f"{kind.title} {record.id}"


def label_of(crm: Crm, kind: ObjectType, name: str) -> str:
    if name == "hs_full_name_or_email":
        return "Name"
    definition = crm.schema(kind).get(name)
    return definition.label if definition else name


def choices(crm: Crm, kind: ObjectType, definition: Property) -> list[tuple[str, str]]:
    """The values that a property can have, with their labels; none when it is free."""
    pipelines = crm.pipelines.all(kind.type_id)
    match definition.values_from:
        case "owner":
            return [
                (str(owner.owner_id), owner.user.name or owner.user.email)
                for owner in crm.owners.values()
                if not owner.archived
            ]
        case "pipeline":
            return [(each.id, each.label) for each in pipelines]
        case "stage":
            several = len(pipelines) > 1
            return [
                (stage.id, f"{each.label}: {stage.label}" if several else stage.label)
                for each in pipelines
                for stage in each.stages
            ]
    if definition.type == "bool":
        return [("true", "Yes"), ("false", "No")]
    return [(option.value, option.label) for option in definition.options]


def in_words(crm: Crm, kind: ObjectType, record: Record, name: str) -> str:
    """A value as people say it: an owner's name, a stage's label."""
    value = crm.read(kind, record, name) or ""
    definition = crm.schema(kind).get(name)
    return value_in_words(crm, kind, definition, value) if definition else value


def value_in_words(crm: Crm, kind: ObjectType, definition: Property, value: str) -> str:
    if not value:
        return value
    if definition.type == "datetime":
        return value[:16].replace("T", " ")
    labels = dict(choices(crm, kind, definition))
    if definition.many:
        return ", ".join(labels.get(part, part) for part in value.split(";") if part)
    return labels.get(value, value)


def types_from(crm: Crm, kind: ObjectType, to_kind: ObjectType) -> list[AssociationType]:
    """The ways in which a record of one kind can be associated with one of another."""
    return crm.association_types.between(kind, to_kind)
