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


# How well a value is kept. Webhooks redact the second, and say nothing at all of the third.
PLAIN, SENSITIVE, HIGHLY_SENSITIVE = SENSITIVITIES = ("non_sensitive", "sensitive", "highly_sensitive")


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
    # What a calculated property of the portal's own adds up; None for all others.
    formula: str | None = None
    # None: built in, as old as HubSpot.
    created_at: int | None = None
    # None: not since it was created.
    changed_at: int | None = None
    archived_at: int | None = None
    sensitivity: str = PLAIN
    allowed: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", frozenset(option.value for option in self.options))

    def in_group(self, group: str) -> Property:
        return replace(self, group=group)

    @property
    def many(self) -> bool:
        return self.type == "enumeration" and self.field_type == "checkbox"

    def as_json(self) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "updatedAt": iso(self.changed_at or self.created_at or 0),
            "createdAt": iso(self.created_at or 0),
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
            "dataSensitivity": self.sensitivity,
        }
        if self.formula is not None:
            answer["calculationFormula"] = self.formula
        if self.values_from == "owner":
            answer["referencedObjectType"] = "OWNER"
        if self.archived_at is not None:
            answer["archivedAt"] = iso(self.archived_at)
        return answer


# developers.hubspot.com/docs/guides/api/crm/properties
MOST_UNIQUE = 10


@dataclass(frozen=True)
class PropertyGroup:
    name: str
    label: str
    display_order: int = -1
    hubspot_defined: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "label": self.label, "displayOrder": self.display_order, "archived": False}


class Schema:
    """The properties of one kind in one portal, and their groups: HubSpot's own and the portal's."""

    def __init__(self, built_in: Iterable[Property], groups: Iterable[tuple[str, str]] = ()) -> None:
        self._properties = {definition.name: definition for definition in built_in}
        self._groups = {
            name: PropertyGroup(name, label, order, hubspot_defined=True) for order, (name, label) in enumerate(groups)
        }

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
        """Add a property, or put one back that was archived.

        Raises Conflict or InvalidInput.
        """
        if definition.group not in self._groups:
            raise InvalidInput(f"The property group '{definition.group}' does not exist")
        if self.get(definition.name) is not None:
            conflict = Conflict(f"A property named '{definition.name}' already exists.")
            conflict.category = "OBJECT_ALREADY_EXISTS"
            conflict.fields["subCategory"] = "Properties.PROPERTY_WITH_NAME_EXISTS"
            raise conflict
        if definition.unique and sum(each.unique for each in self.all() if not each.hubspot_defined) >= MOST_UNIQUE:
            raise InvalidInput(f"An object can have at most {MOST_UNIQUE} properties with unique values")
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

    # -- groups ----------------------------------------------------------------------------------------------------

    def groups(self) -> list[PropertyGroup]:
        return list(self._groups.values())

    def group(self, name: str) -> PropertyGroup:
        found = self._groups.get(name)
        if found is None:
            raise ResourceNotFound(f'Property group "{name}" does not exist')
        return found

    def add_group(self, group: PropertyGroup) -> None:
        """Raises Conflict."""
        if group.name in self._groups:
            conflict = Conflict(f"A property group named '{group.name}' already exists.")
            conflict.category = "OBJECT_ALREADY_EXISTS"
            raise conflict
        self.replace_group(group)

    def replace_group(self, group: PropertyGroup) -> None:
        self._groups[group.name] = group

    def remove_group(self, name: str) -> None:
        """Raises InvalidInput while there are properties in it."""
        group = self.group(name)
        if group.hubspot_defined or any(each.group == name for each in self.all()):
            raise InvalidInput(
                f"Property group '{name}' cannot be deleted while it is HubSpot's own or has properties."
            )
        del self._groups[name]
