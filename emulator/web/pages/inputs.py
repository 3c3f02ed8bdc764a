"""Properties as people see and enter them."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.crm.object_types import ObjectType
from emulator.crm.properties import Property
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.web.html import Markup, el
from emulator.web.pages.layout import field

# What a list shows of each kind, the record's name first.
_COLUMNS = {
    "0-1": ("hs_full_name_or_email", "email", "phone", "lifecyclestage", "hubspot_owner_id"),
    "0-2": ("name", "domain", "city", "industry", "hubspot_owner_id"),
    "0-3": ("dealname", "amount", "dealstage", "closedate", "hubspot_owner_id"),
    "0-5": ("subject", "hs_pipeline_stage", "hs_ticket_priority", "hs_ticket_category", "hubspot_owner_id"),
}


def columns(kind: ObjectType) -> tuple[str, ...]:
    if kind.type_id in _COLUMNS:
        return _COLUMNS[kind.type_id]
    named = (kind.label_property, *kind.default_properties)
    return tuple(dict.fromkeys(name for name in named if name not in kind.always_returned))[:5] or ("hs_object_id",)


def name_of(crm: Crm, kind: ObjectType, record: Record) -> str:
    return crm.read(kind, record, columns(kind)[0]) or f"{kind.title} {record.id}"


def label_of(crm: Crm, kind: ObjectType, name: str) -> str:
    if name == "hs_full_name_or_email":
        return "Name"
    definition = crm.schema(kind).get(name)
    return definition.label if definition else name


def shown(crm: Crm, kind: ObjectType, record: Record, name: str) -> str:
    """A value in words: an owner's name, a stage's label."""
    value = crm.read(kind, record, name) or ""
    definition = crm.schema(kind).get(name)
    if not value or definition is None:
        return value
    if definition.type == "datetime":
        return value[:10]
    return dict(_choices(crm, kind, definition)).get(value, value)


def _choices(crm: Crm, kind: ObjectType, definition: Property) -> list[tuple[str, str]]:
    pipelines = crm.pipelines.all(kind.type_id)
    match definition.values_from:
        case "owner":
            return [(str(owner.owner_id), owner.user.name) for owner in crm.owners.values()]
        case "pipeline":
            return [(each.id, each.label) for each in pipelines]
        case "stage":
            several = len(pipelines) > 1
            return [
                (stage.id, f"{each.label}: {stage.label}" if several else stage.label)
                for each in pipelines
                for stage in each.stages
            ]
    return [(option.value, option.label) for option in definition.options]


def inputs(crm: Crm, kind: ObjectType, values: Mapping[str, str]) -> list[Markup]:
    """One control for each property that may be written, the custom ones too."""
    definitions = [each for each in crm.schema(kind).all() if not (each.read_only or each.hidden)]
    return [_input(crm, kind, each, values.get(each.name, "")) for each in definitions]


def _input(crm: Crm, kind: ObjectType, definition: Property, value: str) -> Markup:
    hint = None
    if definition.many:
        hint = "Several, with ; between: " + ", ".join(option.value for option in definition.options)
    elif definition.type in ("date", "datetime"):
        hint = "YYYY-MM-DD" if definition.type == "date" else "YYYY-MM-DDThh:mm:ssZ"
    if definition.type in ("enumeration", "bool") and not definition.many:
        options = [("", "–"), *_choices(crm, kind, definition)]
        control = el(
            "select",
            [el("option", label, value=each, selected=each == value) for each, label in options],
            name=definition.name,
        )
    elif definition.field_type == "textarea":
        control = el("textarea", value, name=definition.name, rows=3)
    else:
        control = el("input", name=definition.name, value=value, autocomplete="off")
    return field(definition.label, control, hint)
