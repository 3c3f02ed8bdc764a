"""Definitions of properties. Source: HubSpot's page "Properties"."""

from __future__ import annotations

from dataclasses import dataclass

from hubspot_api.client import Client
from hubspot_api.fields import Fields


@dataclass(frozen=True, slots=True)
class Option:
    """A value that an enumeration can have, and how people see it."""

    value: str
    label: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Property:
    """A property's definition.

    `type`: bool, date, datetime, enumeration, number, phone_number, string, and others. `calculated` ones can change
    without moving the record's last-modified time. `external_options`: the values live elsewhere (owners, pipelines).
    `refers_to`: "OWNER" for owner fields.
    """

    name: str
    label: str
    type: str
    field_type: str
    group: str
    options: tuple[Option, ...]
    calculated: bool
    hidden: bool
    unique: bool
    read_only: bool
    hubspot_defined: bool
    external_options: bool
    archived: bool
    refers_to: str | None


def list_all(client: Client, object_type: str, *, archived: bool = False) -> tuple[Property, ...]:
    """Return the definitions of an object type's properties."""
    answer = client.request(
        "GET",
        "/crm/properties/{version}/{object_type}",
        path_params={"object_type": object_type},
        params={"archived": archived},
    )
    return answer.fields.each("results", _property)


def _property(fields: Fields) -> Property:
    modification = fields.optional_child("modificationMetadata")
    return Property(
        name=fields.text("name"),
        label=fields.text("label"),
        type=fields.text("type"),
        field_type=fields.text("fieldType"),
        group=fields.optional_text("groupName") or "",
        options=fields.each("options", _option) if fields.values.get("options") is not None else (),
        calculated=fields.flag("calculated", default=False),
        hidden=fields.flag("hidden", default=False),
        unique=fields.flag("hasUniqueValue", default=False),
        read_only=modification.flag("readOnlyValue", default=False) if modification else False,
        hubspot_defined=fields.flag("hubspotDefined", default=False),
        external_options=fields.flag("externalOptions", default=False),
        archived=fields.flag("archived", default=False),
        refers_to=fields.optional_text("referencedObjectType"),
    )


def _option(fields: Fields) -> Option:
    return Option(fields.text("value"), fields.text("label"), fields.flag("hidden", default=False))
