"""Property definitions as calls describe them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from emulator.crm.formulas import InvalidFormula, calculation
from emulator.crm.properties import FIELD_TYPES, PLAIN, SENSITIVITIES, TYPES, Option, Property
from emulator.errors import InvalidInput
from emulator.web.exchange import member

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_CALCULATED = "calculation_equation"


def definition(body: Any, now: int, group: str | None = None) -> Property:
    """A new property of the portal's own; `group` is where it goes when the call names none.

    Raises InvalidInput.
    """
    name = member(body, "name", str, "")
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"'{name}' is not a valid property name: lower-case letters, digits and underscores")
    value_type, field_type = member(body, "type", str, ""), member(body, "fieldType", str, "")
    _check_types(value_type, field_type)
    formula = _formula(member(body, "calculationFormula", str), field_type)
    return Property(
        name,
        member(body, "label", str, name),
        value_type,
        field_type,
        member(body, "groupName", str, group or ""),
        description=member(body, "description", str, ""),
        options=options(body, value_type),
        read_only=formula is not None,
        calculated=formula is not None,
        unique=member(body, "hasUniqueValue", bool, False),
        hidden=member(body, "hidden", bool, False),
        hubspot_defined=False,
        display_order=member(body, "displayOrder", int, -1),
        formula=formula,
        created_at=now,
        sensitivity=sensitivity(member(body, "dataSensitivity", str, PLAIN)),
    )


def _check_types(value_type: str, field_type: str) -> None:
    if value_type not in TYPES or field_type not in FIELD_TYPES:
        raise InvalidInput(f"{value_type or 'null'} and {field_type or 'null'} are not a valid type and fieldType")


def _formula(formula: str | None, field_type: str) -> str | None:
    if (formula is not None) != (field_type == _CALCULATED):
        raise InvalidInput(f"calculationFormula and fieldType {_CALCULATED} belong together")
    if formula is not None:
        try:
            calculation(formula)
        except InvalidFormula as refused:
            raise InvalidInput(f"Invalid calculationFormula: {refused}") from None
    return formula


def sensitivity(name: str) -> str:
    """Raises InvalidInput."""
    if name not in SENSITIVITIES:
        raise InvalidInput(f"dataSensitivity must be one of {', '.join(SENSITIVITIES)}, not {name}")
    return name


def options(body: Any, value_type: str) -> tuple[Option, ...]:
    if value_type == "bool":
        return (Option("true", "True", 0), Option("false", "False", 1))
    found = tuple(
        Option(
            member(each, "value", str, ""),
            member(each, "label", str, ""),
            member(each, "displayOrder", int, -1),
            member(each, "hidden", bool, False),
            member(each, "description", str, ""),
        )
        for each in member(body, "options", list, [])
    )
    if any(not each.value or not each.label for each in found):
        raise InvalidInput("Every option needs a label and a value")
    if len({each.value for each in found}) != len(found) or len({each.label for each in found}) != len(found):
        raise InvalidInput("The labels and values of a property's options must be unique")
    return found


def changed(before: Property, body: Any, now: int) -> Property:
    """A property after a PATCH. Its name and whether its values are unique stay as they are.

    Raises InvalidInput.
    """
    if before.hubspot_defined:
        raise InvalidInput(f"Property '{before.name}' is defined by HubSpot and cannot be changed.")
    value_type = member(body, "type", str, before.type)
    field_type = member(body, "fieldType", str, before.field_type)
    _check_types(value_type, field_type)
    formula = _formula(member(body, "calculationFormula", str, before.formula), field_type)
    if (formula is None) != (before.formula is None):
        raise InvalidInput(f"Whether property '{before.name}' is calculated cannot be changed.")
    return replace(
        before,
        label=member(body, "label", str, before.label),
        type=value_type,
        field_type=field_type,
        group=member(body, "groupName", str, before.group),
        description=member(body, "description", str, before.description),
        options=options(body, value_type) if "options" in body else before.options,
        hidden=member(body, "hidden", bool, before.hidden),
        display_order=member(body, "displayOrder", int, before.display_order),
        formula=formula,
        changed_at=now,
    )
