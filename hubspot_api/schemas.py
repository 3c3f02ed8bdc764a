"""Schemas of object types: custom ones are defined by them, HubSpot's own can be read.

Source: HubSpot's page "Custom objects". Only accounts of the enterprise tier define object types.
"""

from __future__ import annotations

from dataclasses import dataclass

from hubspot_api.client import Client
from hubspot_api.fields import Fields
from hubspot_api.properties import NewProperty, Property, read_property

_ALL = "/crm-object-schemas/{version}/schemas"
_ONE = _ALL + "/{object_type}"


@dataclass(frozen=True, slots=True)
class SchemaAssociation:
    """A way in which records of two object types, each "2-…" or "0-…", can be associated."""

    id: int
    from_type_id: str
    to_type_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Schema:
    """An object type. `type_id` ("2-123456") and `full_name` ("p101_pet") both name it in calls.

    `primary` is the property that records are called by; `required` ones are needed to create a record. An archived
    schema comes without properties and associations.
    """

    type_id: str
    name: str
    full_name: str
    singular: str
    plural: str
    description: str
    primary: str | None
    secondary: tuple[str, ...]
    required: tuple[str, ...]
    searchable: tuple[str, ...]
    properties: tuple[Property, ...]
    associations: tuple[SchemaAssociation, ...]
    archived: bool


@dataclass(frozen=True, slots=True)
class NewSchema:
    """An object type to be defined. The names in `required`, `searchable` (20 at most), `primary` and `secondary` are
    among `properties`; `associated` names other object types. `name` cannot change, and begins with a letter.
    """

    name: str
    singular: str
    plural: str
    properties: tuple[NewProperty, ...]
    primary: str
    required: tuple[str, ...] = ()
    secondary: tuple[str, ...] = ()
    searchable: tuple[str, ...] = ()
    associated: tuple[str, ...] = ()
    description: str = ""

    def wire(self) -> dict[str, object]:
        """Spell it as HubSpot takes it."""
        return {
            "name": self.name,
            "labels": {"singular": self.singular, "plural": self.plural},
            "description": self.description,
            "properties": [one.wire() for one in self.properties],
            "primaryDisplayProperty": self.primary,
            "secondaryDisplayProperties": list(self.secondary),
            "requiredProperties": list(self.required),
            "searchableProperties": list(self.searchable),
            "associatedObjects": list(self.associated),
            "allowsSensitiveProperties": False,
            "shouldCreateSameObjectAssociation": False,
        }


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """What to change; None leaves it as it is. Properties are changed by `properties`, also those of custom objects."""

    singular: str | None = None
    plural: str | None = None
    description: str | None = None
    primary: str | None = None
    secondary: tuple[str, ...] | None = None
    required: tuple[str, ...] | None = None
    searchable: tuple[str, ...] | None = None

    def wire(self) -> dict[str, object]:
        """Spell it as HubSpot takes it; "" as description clears it."""
        labels = {"singular": self.singular, "plural": self.plural}
        given: dict[str, object] = {
            "labels": {name: label for name, label in labels.items() if label is not None} or None,
            "description": self.description or None,
            "clearDescription": self.description == "",
            "primaryDisplayProperty": self.primary,
            "secondaryDisplayProperties": self.secondary,
            "requiredProperties": self.required,
            "searchableProperties": self.searchable,
        }
        return {name: value for name, value in given.items() if value is not None}


def list_all(client: Client, *, archived: bool = False) -> tuple[Schema, ...]:
    """Return the account's own object types."""
    return client.request("GET", _ALL, params={"archived": archived}).fields.each("results", _schema)


def get(client: Client, object_type: str) -> Schema:
    """Return one object type, also one of HubSpot's. Raises BadRequest for one that does not exist."""
    return _schema(client.request("GET", _ONE, path_params={"object_type": object_type}).fields)


def create(client: Client, new: NewSchema) -> Schema:
    """Define an object type. Raises Conflict when there is one of that name, archived ones too; ValidationFailed.

    Activities are associated with it without being named.
    """
    return _schema(client.request("POST", _ALL, json=new.wire()).fields)


def update(client: Client, object_type: str, change: SchemaChange) -> None:
    """Change an object type. Raises ValidationFailed for a property that it does not have."""
    path_params = {"object_type": object_type}
    client.request("PATCH", _ONE, path_params=path_params, json=change.wire(), idempotent=True)


def archive(client: Client, object_type: str) -> None:
    """Remove an object type; its name stays taken. Raises ValidationFailed while there are records of it."""
    client.request("DELETE", _ONE, path_params={"object_type": object_type})


def delete(client: Client, object_type: str) -> None:
    """Remove an object type for good, archived before or not: its name can be used again. As `archive` otherwise."""
    client.request("DELETE", _ONE, path_params={"object_type": object_type}, params={"archived": True})


def add_association(
    client: Client, object_type: str, from_type_id: str, to_type_id: str, name: str
) -> SchemaAssociation:
    """Let records of two object types be associated; `object_type` is one of the two, and custom.

    Raises Conflict when they can be already.
    """
    answer = client.request(
        "POST",
        _ONE + "/associations",
        path_params={"object_type": object_type},
        json={"fromObjectTypeId": from_type_id, "toObjectTypeId": to_type_id, "name": name},
    )
    return _association(answer.fields)


def remove_association(client: Client, object_type: str, association_id: int) -> None:
    """Undo `add_association`. Raises ValidationFailed while records are associated by it, NotFound."""
    path_params: dict[str, str | int] = {"object_type": object_type, "association_id": association_id}
    client.request("DELETE", _ONE + "/associations/{association_id}", path_params=path_params)


def _schema(fields: Fields) -> Schema:
    labels = fields.child("labels")
    return Schema(
        type_id=fields.text("objectTypeId"),
        name=fields.text("name"),
        full_name=fields.text("fullyQualifiedName"),
        singular=labels.optional_text("singular") or "",
        plural=labels.optional_text("plural") or "",
        description=fields.optional_text("description") or "",
        primary=fields.optional_text("primaryDisplayProperty"),
        secondary=fields.texts("secondaryDisplayProperties"),
        required=fields.texts("requiredProperties"),
        searchable=fields.texts("searchableProperties"),
        properties=fields.each("properties", read_property),
        associations=fields.each("associations", _association),
        archived=fields.flag("archived", default=False),
    )


def _association(fields: Fields) -> SchemaAssociation:
    return SchemaAssociation(
        fields.id(),
        fields.text("fromObjectTypeId"),
        fields.text("toObjectTypeId"),
        fields.optional_text("name") or "",
    )
