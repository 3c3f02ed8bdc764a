"""Filters: which records' creations and changes a subscription lets through.

The conditions of one filter must all hold; of several filters one is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.errors import InvalidInput
from emulator.instants import parse_instant

Json = dict[str, Any]

# The value of a property of the record in question; empty if it has none.
Read = Callable[[str], str]

# Nothing is documented; a filter must be of some use and not a program.
MOST_CONDITIONS = 100


def _number(text: str) -> float | None:
    """Numbers, dates and instants in one order; None for other words."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return float(parse_instant(text))
    except ValueError:
        return None


def _order(value: str, operand: str) -> int:
    """-1, 0 or 1, as numbers or instants if both are such, otherwise letter by letter."""
    left, right = _number(value), _number(operand)
    if left is None or right is None:
        return (value > operand) - (value < operand)
    return (left > right) - (left < right)


# A record without a value passes none of these.
_SINGLE: Mapping[str, Callable[[str, str], bool]] = {
    "EQ": lambda value, operand: value == operand,
    "LT": lambda value, operand: _order(value, operand) < 0,
    "GT": lambda value, operand: _order(value, operand) > 0,
    "LTE": lambda value, operand: _order(value, operand) <= 0,
    "GTE": lambda value, operand: _order(value, operand) >= 0,
    "CONTAINS": lambda value, operand: operand in value,
    "STARTS_WITH": lambda value, operand: value.startswith(operand),
    "ENDS_WITH": lambda value, operand: value.endswith(operand),
}
_NEGATED = {"N_EQ": "EQ"}
_SEVERAL = ("IN", "NOT_IN")
_BARE = ("IS_EMPTY", "IS_NOT_EMPTY")

OPERATORS = (*_SINGLE, *_NEGATED, *_SEVERAL, *_BARE)


@dataclass(frozen=True, slots=True)
class Condition:
    property: str
    operator: str
    value: str | None = None
    values: tuple[str, ...] | None = None

    def holds(self, read: Read) -> bool:
        value = read(self.property)
        match self.operator:
            case "IS_EMPTY":
                return not value
            case "IS_NOT_EMPTY":
                return bool(value)
            case "IN":
                return value in (self.values or ())
            case "NOT_IN":
                return value not in (self.values or ())
            case "N_EQ":
                return value != self.value
        return bool(value) and _SINGLE[self.operator](value, self.value or "")

    def as_json(self) -> Json:
        shown: Json = {"filterType": "CRM_OBJECT_PROPERTY", "property": self.property, "operator": self.operator}
        if self.value is not None:
            shown["value"] = self.value
        if self.values is not None:
            shown["values"] = list(self.values)
        return shown


@dataclass(frozen=True, slots=True)
class Filter:
    id: int
    created_at: int
    conditions: tuple[Condition, ...]

    def passes(self, read: Read) -> bool:
        return all(condition.holds(read) for condition in self.conditions)

    def as_json(self) -> Json:
        conditions = [condition.as_json() for condition in self.conditions]
        return {"id": self.id, "createdAt": self.created_at, "filter": {"conditions": conditions}}


def read_conditions(body: Any) -> tuple[Condition, ...]:
    """Raises InvalidInput."""
    given = body.get("conditions") if isinstance(body, dict) else None
    if not isinstance(given, list) or not given:
        raise InvalidInput("filter.conditions is required and must be a non-empty array")
    if len(given) > MOST_CONDITIONS:
        raise InvalidInput(f"filter.conditions must not have more than {MOST_CONDITIONS} conditions")
    return tuple(_condition(each) for each in given)


def _condition(given: Any) -> Condition:
    if not isinstance(given, dict):
        raise InvalidInput("each of filter.conditions must be an object")
    if given.get("filterType") != "CRM_OBJECT_PROPERTY":
        raise InvalidInput("filterType must be CRM_OBJECT_PROPERTY")
    name, operator = given.get("property"), given.get("operator")
    if not isinstance(name, str) or not name:
        raise InvalidInput("property is required and must be a string")
    if operator not in OPERATORS:
        raise InvalidInput(f"operator must be one of [{', '.join(sorted(OPERATORS))}], not {str(operator)[:50]}")
    value, values = given.get("value"), given.get("values")
    if operator in _SEVERAL:
        return Condition(name, operator, values=_several(operator, values))
    if operator in _BARE:
        return Condition(name, operator)
    if not isinstance(value, str):
        raise InvalidInput(f"value is required for {operator} and must be a string")
    return Condition(name, operator, value)


def _several(operator: str, values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not values or not all(isinstance(each, str) for each in values):
        raise InvalidInput(f"values is required for {operator} and must be an array of strings")
    return tuple(values)
