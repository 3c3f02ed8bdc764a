"""Definitions of properties. Source: HubSpot's page "Properties".

A write is refused with ValidationFailed, a name that is taken with Conflict, one that is unknown with NotFound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hubspot_api.answers import Answer
from hubspot_api.client import Client
from hubspot_api.fields import Fields
from hubspot_api.parts import Outcome, in_parts, parts_of

SIZE = 100  # inputs HubSpot takes at once

_ALL = "/crm/properties/{version}/{object_type}"
_ONE = _ALL + "/{name}"
_BATCH = _ALL + "/batch/"


@dataclass(frozen=True, slots=True)
class Option:
    """A value that an enumeration can have, and how people see it."""

    value: str
    label: str
    hidden: bool = False


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


@dataclass(frozen=True, slots=True)
class NewProperty:
    """A property to be defined.

    `type` and `field_type` must go together: string with text, textarea, html or phonenumber; number with number;
    enumeration with select, radio, checkbox or booleancheckbox; date and datetime with date; and any type with
    calculation_equation and a `formula`. `group` may be left out only in a new schema. Ten properties of an object
    type can be `unique`, for ever.
    """

    name: str
    label: str
    type: str
    field_type: str
    group: str = ""
    description: str = ""
    options: tuple[Option, ...] = ()
    unique: bool = False
    hidden: bool = False
    formula: str | None = None

    def wire(self) -> dict[str, object]:
        """Spell it as HubSpot takes it."""
        return _given(
            name=self.name,
            label=self.label,
            type=self.type,
            fieldType=self.field_type,
            groupName=self.group or None,
            description=self.description or None,
            options=_wire_options(self.options) if self.options else None,
            hasUniqueValue=self.unique,
            hidden=self.hidden,
            calculationFormula=self.formula,
        )


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """What to change; None leaves it as it is. `options` replace all there were. Names and uniqueness cannot change."""

    label: str | None = None
    group: str | None = None
    description: str | None = None
    type: str | None = None
    field_type: str | None = None
    options: tuple[Option, ...] | None = None
    hidden: bool | None = None
    formula: str | None = None

    def wire(self) -> dict[str, object]:
        """Spell it as HubSpot takes it."""
        return _given(
            label=self.label,
            groupName=self.group,
            description=self.description,
            type=self.type,
            fieldType=self.field_type,
            options=None if self.options is None else _wire_options(self.options),
            hidden=self.hidden,
            calculationFormula=self.formula,
        )


def list_all(client: Client, object_type: str, *, archived: bool = False) -> tuple[Property, ...]:
    """Return the definitions of an object type's properties."""
    answer = client.request("GET", _ALL, path_params={"object_type": object_type}, params={"archived": archived})
    return answer.fields.each("results", read_property)


def get(client: Client, object_type: str, name: str, *, archived: bool = False) -> Property:
    """Return one definition. Raises NotFound."""
    path_params = {"object_type": object_type, "name": name}
    return read_property(client.request("GET", _ONE, path_params=path_params, params={"archived": archived}).fields)


def create(client: Client, object_type: str, new: NewProperty) -> Property:
    """Define a property. Raises Conflict when there is one of that name, ValidationFailed."""
    answer = client.request("POST", _ALL, path_params={"object_type": object_type}, json=new.wire())
    return read_property(answer.fields)


def update(client: Client, object_type: str, name: str, change: PropertyChange) -> Property:
    """Change a definition. Raises NotFound, ValidationFailed: HubSpot's own cannot be changed."""
    path_params = {"object_type": object_type, "name": name}
    answer = client.request("PATCH", _ONE, path_params=path_params, json=change.wire(), idempotent=True)
    return read_property(answer.fields)


def archive(client: Client, object_type: str, name: str) -> None:
    """Put a property, with its values, into the recycle bin. Raises ValidationFailed for HubSpot's own."""
    client.request("DELETE", _ONE, path_params={"object_type": object_type, "name": name})


def read_many(client: Client, object_type: str, names: Iterable[str], *, archived: bool = False) -> Outcome[Property]:
    """Return any number of definitions by name. Those that do not exist are missing from the results."""

    def send(part: Sequence[str]) -> Answer:
        body = {"archived": archived, "dataSensitivity": "non_sensitive", "inputs": [{"name": one} for one in part]}
        return _post(client, object_type, "read", body, idempotent=True)

    return in_parts(tuple(dict.fromkeys(names)), SIZE, send, read_property)


def create_many(client: Client, object_type: str, new: Sequence[NewProperty]) -> Outcome[Property]:
    """Define any number of properties, each on its own: those that HubSpot refuses are in `errors`.

    Not repeated when an answer is lost. To do it again is safe: what exists is refused.
    """

    def send(part: Sequence[NewProperty]) -> Answer:
        return _post(client, object_type, "create", {"inputs": [one.wire() for one in part]}, idempotent=False)

    return in_parts(new, SIZE, send, read_property)


def archive_many(client: Client, object_type: str, names: Iterable[str]) -> None:
    """Put properties into the recycle bin. HubSpot says nothing of names that it does not know."""
    for part in parts_of(tuple(dict.fromkeys(names)), SIZE):
        _post(client, object_type, "archive", {"inputs": [{"name": one} for one in part]}, idempotent=True)


def _post(client: Client, object_type: str, verb: str, body: Mapping[str, object], *, idempotent: bool) -> Answer:
    path_params = {"object_type": object_type}
    return client.request("POST", _BATCH + verb, path_params=path_params, json=body, idempotent=idempotent)


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _wire_options(options: Sequence[Option]) -> list[dict[str, object]]:
    return [
        {"value": one.value, "label": one.label, "hidden": one.hidden, "displayOrder": place}
        for place, one in enumerate(options)
    ]


def read_property(fields: Fields) -> Property:
    """Check one definition of an answer."""
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
