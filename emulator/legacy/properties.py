"""Property definitions as v1 and v2 show them."""

from __future__ import annotations

from typing import Any

from emulator.crm.properties import Property, PropertyGroup
from emulator.instants import parse_instant

Json = dict[str, Any]


def definition_v2(definition: Property) -> Json:
    shown = definition.as_json()
    rules = shown["modificationMetadata"]
    return {
        "name": shown["name"],
        "label": shown["label"],
        "description": shown["description"],
        "groupName": shown["groupName"],
        "type": shown["type"],
        "fieldType": shown["fieldType"],
        "createdAt": parse_instant(shown["createdAt"]),
        "updatedAt": parse_instant(shown["updatedAt"]),
        "createdUserId": None,
        "updatedUserId": None,
        "options": [_option(option) for option in shown["options"]],
        "displayOrder": shown["displayOrder"],
        "displayMode": "current_value",
        "calculated": shown["calculated"],
        "externalOptions": shown["externalOptions"],
        "referencedObjectType": shown.get("referencedObjectType"),
        "hasUniqueValue": shown["hasUniqueValue"],
        "hidden": shown["hidden"],
        "deleted": shown["archived"],
        "hubspotDefined": shown["hubspotDefined"],
        "isCustomizedDefault": False,
        "mutableDefinitionNotDeletable": False,
        "readOnlyDefinition": rules["readOnlyDefinition"],
        "readOnlyValue": rules["readOnlyValue"],
        "optionsAreMutable": not rules["readOnlyOptions"],
        "formField": shown["formField"],
        "favorited": False,
        "favoritedOrder": -1,
        "searchableInGlobalSearch": False,
        "showCurrencySymbol": False,
        "textDisplayHint": None,
        "numberDisplayHint": None,
        "currencyPropertyName": None,
        "optionSortStrategy": None,
    }


def _option(option: Json) -> Json:
    return {**option, "readOnly": False, "doubleData": 0.0}


def group_v2(group: PropertyGroup, definitions: list[Property] | None) -> Json:
    shown: Json = {
        "name": group.name,
        "displayName": group.label,
        "displayOrder": group.display_order,
        "hubspotDefined": group.hubspot_defined,
    }
    if definitions is not None:
        shown["properties"] = [definition_v2(each) for each in definitions if each.group == group.name]
    return shown
