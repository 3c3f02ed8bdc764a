"""Whether a record matches a filter. The odd rules are HubSpot's.

Comparison ignores case, except on enumerations, and except that the values given to IN and NOT_IN on a string are
taken as they are while the index is lower case: only lower-case values can match. A record without a value matches
no operator but NOT_HAS_PROPERTY; what HubSpot does there with NEQ and NOT_IN is not documented. A value that cannot
be read, because the property had another type when it was written, compares like none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase

from emulator.crm.properties import Property
from emulator.crm.search.request import Filter
from emulator.errors import InvalidInput
from emulator.instants import parse_instant

Test = Callable[[str | None], bool]
Key = float | str

_TOKEN = re.compile(r"[^\s,;:()<>\"'/@]+")


def test_of(wanted: Filter, definition: Property) -> Test:
    """A test of the property's value; None is no value."""
    match wanted.operator:
        case "HAS_PROPERTY":
            return lambda value: value is not None
        case "NOT_HAS_PROPERTY":
            return lambda value: value is None
        case "CONTAINS_TOKEN":
            return _contains(wanted.value)
        case "NOT_CONTAINS_TOKEN":
            contains = _contains(wanted.value)
            return lambda value: value is not None and not contains(value)
        case "IN" | "NOT_IN":
            return _membership(wanted, definition)
    return _comparison(wanted, key_of(definition))


def key_of(definition: Property) -> Callable[[str], Key]:
    """How values of a property compare."""
    if definition.type == "number":
        return float
    if definition.type in ("date", "datetime"):
        return lambda text: float(parse_instant(text))
    if definition.type == "enumeration":
        return str
    return str.lower


def _wanted_key(key: Callable[[str], Key], text: str, wanted: Filter) -> Key:
    try:
        return key(text)
    except (ValueError, OverflowError):
        raise InvalidInput(f"Invalid value {text[:50]} for property {wanted.name}") from None


def _comparison(wanted: Filter, key: Callable[[str], Key]) -> Test:
    low = _wanted_key(key, wanted.value, wanted)
    high = _wanted_key(key, wanted.high, wanted) if wanted.operator == "BETWEEN" else low
    return _COMPARE[wanted.operator](key, low, high)


def _test(compare: Callable[[Key, Key, Key], bool]) -> Callable[[Callable[[str], Key], Key, Key], Test]:
    def build(key: Callable[[str], Key], low: Key, high: Key) -> Test:
        def test(value: str | None) -> bool:
            try:
                return value is not None and compare(key(value), low, high)
            except (ValueError, OverflowError):
                return False

        return test

    return build


# Both sides of a comparison come from the same key function: both numbers or both strings.
_COMPARE = {
    "EQ": _test(lambda value, low, _: value == low),
    "NEQ": _test(lambda value, low, _: value != low),
    "LT": _test(lambda value, low, _: value < low),  # type: ignore[operator]
    "LTE": _test(lambda value, low, _: value <= low),  # type: ignore[operator]
    "GT": _test(lambda value, low, _: value > low),  # type: ignore[operator]
    "GTE": _test(lambda value, low, _: value >= low),  # type: ignore[operator]
    "BETWEEN": _test(lambda value, low, high: low <= value <= high),  # type: ignore[operator]
}


def _membership(wanted: Filter, definition: Property) -> Test:
    key: Callable[[str], Key] = key_of(definition)
    if definition.type in ("number", "date", "datetime"):
        members: set[Key] = {_wanted_key(key, text, wanted) for text in wanted.values}
    else:
        members = set(wanted.values)
    inside = wanted.operator == "IN"

    def test(value: str | None) -> bool:
        try:
            return value is not None and (key(value) in members) is inside
        except (ValueError, OverflowError):
            return False

    return test


def _contains(pattern: str) -> Test:
    """Every word of the pattern is a word of the value; * stands for anything at either end of a word."""
    words = pattern.lower().split()
    # Looked for first, because cutting a text into words is slow: no word matches without its longest fixed part.
    parts = [max(word.split("*"), key=len) for word in words]

    def test(value: str | None) -> bool:
        if value is None:
            return False
        lowered = value.lower()
        for part in parts:
            if part not in lowered:
                return False
        tokens = [lowered, *_TOKEN.findall(lowered)]
        return all(any(_like(token, word) for token in tokens) for word in words)

    return test


def _like(token: str, word: str) -> bool:
    if "*" not in word:
        return token == word
    return fnmatchcase(token, word.replace("[", "[[]").replace("?", "[?]"))


def text_test(query: str) -> Callable[[str], bool]:
    """Every word of a free-text query begins a word of the text, or of a phone number's digits."""
    words = query.lower().split()
    letters = [word for word in words if not word.isdigit()]

    def test(text: str) -> bool:
        lowered = text.lower()
        for word in letters:
            if word not in lowered:
                return False
        tokens = [*lowered.split(), *_TOKEN.findall(lowered), *re.split(r"[^a-z0-9]+", lowered)]
        digits = re.sub(r"\D", "", lowered)
        return all(
            any(token.startswith(word) for token in tokens) or (word.isdigit() and len(word) > 4 and word in digits)
            for word in words
        )

    return test
