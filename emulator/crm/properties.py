"""Property definitions: what a record of a kind may hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from emulator.errors import Conflict, InvalidInput, ResourceNotFound
from emulator.instants import iso

TYPES = {"bool", "date", "datetime", "enumeration", "number", "phone_number", "string"}
FIELD_TYPES = {
    "booleancheckbox",
    "calculation_equation",
    "checkbox",
    "date",
    "file",
    "html",
    "number",
    "phonenumber",
    "radio",
    "select",
    "text",
    "textarea",
}


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    display_order: int = -1
    hidden: bool = False
    description: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "value": self.value,
            "description": self.description,
            "displayOrder": self.display_order,
            "hidden": self.hidden,
        }


@dataclass(frozen=True)
class Property:
    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = "information"
    description: str = ""
    options: tuple[Option, ...] = ()
    read_only: bool = False
    calculated: bool = False
    unique: bool = False
    hidden: bool = False
    # The values live elsewhere: "owner", "pipeline" or "stage".
    values_from: str | None = None
    hubspot_defined: bool = True
    display_order: int = -1
    # None: built in, as old as HubSpot.
    created_at: int | None = None
    archived_at: int | None = None
    allowed: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", frozenset(option.value for option in self.options))

    def in_group(self, group: str) -> Property:
        return replace(self, group=group)

    @property
    def many(self) -> bool:
        return self.type == "enumeration" and self.field_type == "checkbox"

    def as_json(self) -> dict[str, Any]:
        moment = iso(self.created_at or 0)
        answer: dict[str, Any] = {
            "updatedAt": moment,
            "createdAt": moment,
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [option.as_json() for option in self.options],
            "displayOrder": self.display_order,
            "calculated": self.calculated,
            "externalOptions": self.values_from is not None,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": self.hubspot_defined,
            "archived": self.archived_at is not None,
            "modificationMetadata": {
                "archivable": not self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyOptions": self.hubspot_defined,
                "readOnlyValue": self.read_only,
            },
            "formField": not (self.read_only or self.hidden),
            "dataSensitivity": "non_sensitive",
        }
        if self.values_from == "owner":
            answer["referencedObjectType"] = "OWNER"
        if self.archived_at is not None:
            answer["archivedAt"] = iso(self.archived_at)
        return answer


class Schema:
    """The properties of one kind in one portal: HubSpot's own and the portal's."""

    def __init__(self, built_in: Iterable[Property]) -> None:
        self._properties = {definition.name: definition for definition in built_in}

    def get(self, name: str) -> Property | None:
        definition = self._properties.get(name)
        return definition if definition is not None and definition.archived_at is None else None

    def named(self, name: str, *, archived: bool = False) -> Property:
        definition = self._properties.get(name)
        if definition is None or (definition.archived_at is not None) != archived:
            raise ResourceNotFound(f'Property "{name}" does not exist')
        return definition

    def all(self, *, archived: bool = False) -> list[Property]:
        return [p for p in self._properties.values() if (p.archived_at is not None) == archived]

    def custom(self) -> list[Property]:
        return [p for p in self._properties.values() if not p.hubspot_defined]

    def define(self, definition: Property) -> None:
        """Add a property, or put one back that was archived."""
        if self.get(definition.name) is not None:
            conflict = Conflict(f"A property named '{definition.name}' already exists.")
            conflict.category = "OBJECT_ALREADY_EXISTS"
            conflict.fields["subCategory"] = "Properties.PROPERTY_WITH_NAME_EXISTS"
            raise conflict
        self._properties[definition.name] = definition

    def redefine(self, definition: Property) -> None:
        self._properties[definition.name] = definition

    def archive(self, name: str, at: int) -> None:
        """Archive a property of the portal's own. An unknown name is no error."""
        definition = self._properties.get(name)
        if definition is None or definition.archived_at is not None:
            return
        if definition.hubspot_defined:
            raise InvalidInput(f"Property '{name}' is defined by HubSpot and cannot be archived.")
        self._properties[name] = replace(definition, archived_at=at)
