"""Reading one part of a filter, with refusals that name it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from emulator.errors import InvalidInput

Json = Mapping[str, Any]

_WHOLE = re.compile(r"-?[0-9]{1,16}")


class InvalidFilter(InvalidInput):
    def __init__(self, message: str) -> None:
        super().__init__(f"Invalid filter: {message}", subCategory="ILS.INVALID_FILTER_BRANCH")


def unsupported(what: str) -> InvalidFilter:
    """Part of HubSpot's lists, and not of the emulator's."""
    return InvalidFilter(f"{what} cannot be evaluated by the emulator")


def text(given: Json, name: str, default: str | None = None) -> str:
    value = given.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value:
        raise InvalidFilter(f"{name} is required")
    return value


def whole(given: Json, name: str, default: int | None = None) -> int:
    value = given.get(name)
    if value is None and default is not None:
        return default
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**15:
        raise InvalidFilter(f"{name} must be a whole number")
    return value


def amount(given: Json, name: str) -> float:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InvalidFilter(f"{name} must be a number")
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise InvalidFilter(f"{name} must be a number") from None


def truth(given: Json, name: str, *, default: bool) -> bool:
    value = given.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise InvalidFilter(f"{name} must be true or false")
    return value


def mapping(given: Any, name: str) -> Json:
    value = given.get(name) if isinstance(given, Mapping) else None
    if not isinstance(value, Mapping):
        raise InvalidFilter(f"{name} is required")
    return value


def rows(given: Json, name: str) -> list[Json]:
    value = given.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise InvalidFilter(f"{name} must be a list of objects")
    return value


def texts(given: Json, name: str) -> list[str]:
    value = given.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(each, str | int) for each in value):
        raise InvalidFilter(f"{name} must be a list of values")
    return [str(each) for each in value]


def choice(given: Json, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
    value = text(given, name, default)
    if value not in allowed:
        raise InvalidFilter(f"{name} {value[:50]} is none of {', '.join(allowed)}")
    return value
