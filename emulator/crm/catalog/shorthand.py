"""Short ways to write down a property of HubSpot's own."""

from __future__ import annotations

from emulator.crm.object_types import ObjectType
from emulator.crm.properties import Option, Property


def text(name: str, label: str, group: str, *, unique: bool = False, long: bool = False) -> Property:
    return Property(name, label, "string", "textarea" if long else "text", group, unique=unique)


def phone(name: str, label: str, group: str) -> Property:
    return Property(name, label, "string", "phonenumber", group)


def number(name: str, label: str, group: str) -> Property:
    return Property(name, label, "number", "number", group)


def date(name: str, label: str, group: str) -> Property:
    return Property(name, label, "date", "date", group)


def moment(name: str, label: str, group: str) -> Property:
    return Property(name, label, "datetime", "date", group)


def flag(name: str, label: str, group: str) -> Property:
    options = (Option("true", "True", 0), Option("false", "False", 1))
    return Property(name, label, "bool", "booleancheckbox", group, options=options)


def choice(name: str, label: str, group: str, *pairs: tuple[str, str], many: bool = False) -> Property:
    options = tuple(Option(value, shown, order) for order, (value, shown) in enumerate(pairs))
    return Property(name, label, "enumeration", "checkbox" if many else "select", group, options=options)


def owner(group: str) -> Property:
    return Property("hubspot_owner_id", "Owner", "enumeration", "select", group, values_from="owner")


def pipeline(name: str, group: str) -> Property:
    return Property(name, "Pipeline", "enumeration", "select", group, values_from="pipeline")


def stage(name: str, label: str, group: str) -> Property:
    return Property(name, label, "enumeration", "radio", group, values_from="stage")


def derived(name: str, label: str, group: str, kind: str = "string") -> Property:
    """A value that HubSpot sets itself and nobody may write."""
    field_types = {"string": "text", "number": "number", "datetime": "date", "bool": "booleancheckbox"}
    return Property(name, label, kind, field_types.get(kind, "text"), group, read_only=True, calculated=True)


def system(group: str, kind: ObjectType) -> tuple[Property, ...]:
    """What every record carries."""
    return (
        derived(kind.created_property, "Create Date", group, "datetime"),
        derived(kind.modified_property, "Last Modified Date", group, "datetime"),
        derived("hs_object_id", "Record ID", group, "number"),
        derived("hs_object_source", "Record source", group),
        derived("hs_object_source_id", "Record source ID", group),
        derived("hs_object_source_label", "Record source label", group),
        derived("hs_merged_object_ids", "Merged record IDs", group),
        derived("hubspot_owner_assigneddate", "Owner assigned date", group, "datetime"),
        owner(group),
    )


LIFECYCLE = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
