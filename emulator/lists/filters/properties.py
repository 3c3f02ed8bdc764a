"""Whether a record's property is what a filter wants.

An operator is a plain test of one value, perhaps negated, perhaps asked of every value that the property ever had.
A record without a value passes what is negated and fails the rest, unless the filter says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.instants import DAY_MS, parse_instant
from emulator.lists.filters.fields import (
    InvalidFilter,
    Json,
    amount,
    choice,
    mapping,
    text,
    texts,
    truth,
    unsupported,
    whole,
)
from emulator.lists.filters.times import point

Predicate = Callable[[Record], bool]
Test = Callable[[str], bool]

# The plain test behind an operator, whether it is negated, and whether past values count too.
_OPERATORS = {
    "IS_EQUAL_TO": ("EQUAL", False, False),
    "IS_NOT_EQUAL_TO": ("EQUAL", True, False),
    "HAS_EVER_BEEN_EQUAL_TO": ("EQUAL", False, True),
    "HAS_NEVER_BEEN_EQUAL_TO": ("EQUAL", True, True),
    "CONTAINS": ("CONTAINS", False, False),
    "CONTAINS_EXACTLY": ("CONTAINS", False, False),
    "DOES_NOT_CONTAIN": ("CONTAINS", True, False),
    "DOES_NOT_CONTAIN_EXACTLY": ("CONTAINS", True, False),
    "HAS_EVER_CONTAINED": ("CONTAINS", False, True),
    "HAS_NEVER_CONTAINED": ("CONTAINS", True, True),
    "STARTS_WITH": ("STARTS", False, False),
    "ENDS_WITH": ("ENDS", False, False),
    "IS_GREATER_THAN": ("GREATER", False, False),
    "IS_GREATER_THAN_OR_EQUAL_TO": ("LESS", True, False),
    "IS_LESS_THAN": ("LESS", False, False),
    "IS_LESS_THAN_OR_EQUAL_TO": ("GREATER", True, False),
    "IS_ANY_OF": ("ANY", False, False),
    "IS_NONE_OF": ("ANY", True, False),
    "HAS_EVER_BEEN_ANY_OF": ("ANY", False, True),
    "HAS_NEVER_BEEN_ANY_OF": ("ANY", True, True),
    "IS_EXACTLY": ("EXACTLY", False, False),
    "IS_NOT_EXACTLY": ("EXACTLY", True, False),
    "HAS_EVER_BEEN_EXACTLY": ("EXACTLY", False, True),
    "HAS_NEVER_BEEN_EXACTLY": ("EXACTLY", True, True),
    "CONTAINS_ALL": ("ALL", False, False),
    "DOES_NOT_CONTAIN_ALL": ("ALL", True, False),
    "HAS_EVER_CONTAINED_ALL": ("ALL", False, True),
    "HAS_NEVER_CONTAINED_ALL": ("ALL", True, True),
    "IS_BETWEEN": ("BETWEEN", False, False),
    "IS_NOT_BETWEEN": ("BETWEEN", True, False),
    "IS_BEFORE": ("BEFORE", False, False),
    "IS_AFTER": ("AFTER", False, False),
}
# These are negated for the sake of their arithmetic only: a record without a value is not less or equal to anything.
_NOT_REALLY_NEGATED = ("IS_GREATER_THAN_OR_EQUAL_TO", "IS_LESS_THAN_OR_EQUAL_TO")


@dataclass(frozen=True)
class Condition:
    accepts: Predicate
    # Whether the answer changes as time goes by.
    timed: bool = False


def condition(crm: Crm, kind: ObjectType, given: Json) -> Condition:
    """A PROPERTY filter.

    Raises InvalidFilter.
    """
    name, operation = text(given, "property"), mapping(given, "operation")
    definition = crm.schema(kind).get(name)
    if definition is None:
        raise InvalidFilter(f"property {name[:100]} does not exist on {kind.plural}")
    type_, operator = text(operation, "operationType"), text(operation, "operator")
    if type_ == "ALL_PROPERTY":
        return _known(crm, kind, name, operator)
    if type_ in _TIMED:
        return _TIMED[type_](crm, kind, name, operation)
    if type_ not in _TESTS:
        raise unsupported(f"operationType {type_[:50]}")
    if type_ in _HOLDS and definition.type not in _HOLDS[type_]:
        raise InvalidFilter(f"{type_} does not go with property {name}, which holds {definition.type}")
    plain, negated, ever = _OPERATORS.get(operator, ("", False, False))
    if plain not in _TESTS[type_]:
        raise InvalidFilter(f"operator {operator[:50]} does not go with {type_}")
    test = _TESTS[type_][plain](operation)
    default = negated and operator not in _NOT_REALLY_NEGATED
    when_empty = truth(operation, "includeObjectsWithNoValueSet", default=default)
    return Condition(
        _of_history(name, test, negated) if ever else _of_value(crm, kind, name, test, negated, when_empty)
    )


def _known(crm: Crm, kind: ObjectType, name: str, operator: str) -> Condition:
    if operator not in ("IS_KNOWN", "IS_UNKNOWN", "IS_NOT_KNOWN"):
        raise InvalidFilter(f"operator {operator[:50]} does not go with ALL_PROPERTY")
    wanted = operator == "IS_KNOWN"
    return Condition(lambda record: (crm.read(kind, record, name) is not None) == wanted)


def _of_value(crm: Crm, kind: ObjectType, name: str, test: Test, negated: bool, when_empty: bool) -> Predicate:
    def accepts(record: Record) -> bool:
        value = crm.read(kind, record, name)
        return when_empty if value is None else _passes(test, value) != negated

    return accepts


def _passes(test: Test, value: str) -> bool:
    """A value from before its property changed its type may make no sense; it passes nothing."""
    try:
        return test(value)
    except (ValueError, OverflowError):
        return False


def _of_history(name: str, test: Test, negated: bool) -> Predicate:
    def accepts(record: Record) -> bool:
        return any(version.value and _passes(test, version.value) for version in record.versions(name)) != negated

    return accepts


# -- plain tests -------------------------------------------------------------------------------------------------------


def _words(compare: Callable[[str, str], bool]) -> Callable[[Json], Test]:
    """Several values: any of them will do."""

    def build(operation: Json) -> Test:
        given = texts(operation, "values") if "values" in operation else [text(operation, "value")]
        wanted = [each.lower() for each in given]
        return lambda value: any(compare(value.lower(), each) for each in wanted)

    return build


def _number(compare: Callable[[float, float], bool]) -> Callable[[Json], Test]:
    def build(operation: Json) -> Test:
        wanted = amount(operation, "value")
        return lambda value: compare(float(value), wanted)

    return build


def _number_between(operation: Json) -> Test:
    low, high = amount(operation, "lowerBound"), amount(operation, "upperBound")
    return lambda value: low <= float(value) <= high


def _flag(operation: Json) -> Test:
    wanted = str(truth(operation, "value", default=True)).lower()
    return lambda value: value.lower() == wanted


def _options(compare: Callable[[set[str], set[str]], bool]) -> Callable[[Json], Test]:
    def build(operation: Json) -> Test:
        wanted = set(texts(operation, "values"))
        return lambda value: compare(set(value.split(";")), wanted)

    return build


def _instant(compare: Callable[[int, int], bool]) -> Callable[[Json], Test]:
    def build(operation: Json) -> Test:
        wanted = whole(operation, "timestamp")
        return lambda value: compare(parse_instant(value), wanted)

    return build


def _instants_between(operation: Json) -> Test:
    low, high = whole(operation, "lowerBound"), whole(operation, "upperBound")
    return lambda value: low <= parse_instant(value) <= high


_STRING: dict[str, Callable[[Json], Test]] = {
    "EQUAL": _words(lambda value, wanted: value == wanted),
    "CONTAINS": _words(lambda value, wanted: wanted in value),
    "STARTS": _words(lambda value, wanted: value.startswith(wanted)),
    "ENDS": _words(lambda value, wanted: value.endswith(wanted)),
}
_TESTS: dict[str, dict[str, Callable[[Json], Test]]] = {
    "STRING": _STRING,
    "MULTISTRING": _STRING,
    "BOOL": {"EQUAL": _flag},
    "NUMBER": {
        "EQUAL": _number(lambda value, wanted: value == wanted),
        "GREATER": _number(lambda value, wanted: value > wanted),
        "LESS": _number(lambda value, wanted: value < wanted),
    },
    "NUMBER_RANGED": {"BETWEEN": _number_between},
    "ENUMERATION": {
        "ANY": _options(lambda chosen, wanted: bool(chosen & wanted)),
        "EXACTLY": _options(lambda chosen, wanted: chosen == wanted),
        "ALL": _options(lambda chosen, wanted: wanted <= chosen),
    },
    "DATETIME": {
        "EQUAL": _instant(lambda value, wanted: value == wanted),
        "BEFORE": _instant(lambda value, wanted: value < wanted),
        "AFTER": _instant(lambda value, wanted: value > wanted),
    },
    "RANGED_DATE": {"BETWEEN": _instants_between},
}
# What a property must hold for an operation that calculates.
_HOLDS = {
    "BOOL": ("bool", "enumeration"),
    "NUMBER": ("number",),
    "NUMBER_RANGED": ("number",),
    "DATETIME": ("date", "datetime"),
    "RANGED_DATE": ("date", "datetime"),
}


# -- tests against the clock -------------------------------------------------------------------------------------------


def _moment_of(crm: Crm, kind: ObjectType, name: str, operation: Json) -> Callable[[Record], int | None]:
    """The moment that the property holds, or that of its latest change."""
    parser = choice(operation, "propertyParser", ("VALUE", "UPDATED_AT"), "VALUE")
    definition = crm.schema(kind).named(name)
    if parser == "VALUE" and definition.type not in ("date", "datetime"):
        raise InvalidFilter(f"property {name} is not a date")

    def updated(record: Record) -> int | None:
        versions = record.versions(name)
        return versions[0].at if versions else None

    def value(record: Record) -> int | None:
        held = crm.read(kind, record, name)
        try:
            return parse_instant(held) if held is not None else None
        except (ValueError, OverflowError):
            return None

    return value if parser == "VALUE" else updated


def _against_clock(
    crm: Crm, moment: Callable[[Record], int | None], test: Callable[[int, int], bool], when_empty: bool
) -> Condition:
    """`test` gets the record's moment and the present one."""

    def accepts(record: Record) -> bool:
        held = moment(record)
        return when_empty if held is None else test(held, crm.clock.now_ms())

    return Condition(accepts, timed=True)


def _time_point(crm: Crm, kind: ObjectType, name: str, operation: Json) -> Condition:
    after = choice(operation, "operator", ("IS_BEFORE", "IS_AFTER")) == "IS_AFTER"
    inclusive = choice(operation, "endpointBehavior", ("INCLUSIVE", "EXCLUSIVE"), "EXCLUSIVE") == "INCLUSIVE"
    meant = point(mapping(operation, "timePoint"))

    def test(held: int, now: int) -> bool:
        bound = meant(now)
        return (inclusive and held == bound) or (held > bound if after else held < bound)

    empty = truth(operation, "includeObjectsWithNoValueSet", default=False)
    return _against_clock(crm, _moment_of(crm, kind, name, operation), test, empty)


def _time_range(crm: Crm, kind: ObjectType, name: str, operation: Json) -> Condition:
    between = choice(operation, "operator", ("IS_BETWEEN", "IS_NOT_BETWEEN")) == "IS_BETWEEN"
    low, high = point(mapping(operation, "lowerBoundTimePoint")), point(mapping(operation, "upperBoundTimePoint"))
    behaviours = ("INCLUSIVE", "EXCLUSIVE")
    # An exclusive bound is one millisecond further in.
    up = choice(operation, "lowerBoundEndpointBehavior", behaviours, "INCLUSIVE") == "EXCLUSIVE"
    down = choice(operation, "upperBoundEndpointBehavior", behaviours, "INCLUSIVE") == "EXCLUSIVE"

    def test(held: int, now: int) -> bool:
        return (low(now) + up <= held <= high(now) - down) == between

    empty = truth(operation, "includeObjectsWithNoValueSet", default=not between)
    return _against_clock(crm, _moment_of(crm, kind, name, operation), test, empty)


_ROLLING: dict[str, Callable[[int, int, int], bool]] = {
    "IS_LESS_THAN_X_DAYS_AGO": lambda held, now, span: now - span < held <= now,
    "IS_MORE_THAN_X_DAYS_AGO": lambda held, now, span: held < now - span,
    "IS_LESS_THAN_X_DAYS_FROM_NOW": lambda held, now, span: now <= held < now + span,
    "IS_MORE_THAN_X_DAYS_FROM_NOW": lambda held, now, span: held > now + span,
    "UPDATED_IN_LAST_X_DAYS": lambda held, now, span: held >= now - span,
    "NOT_UPDATED_IN_LAST_X_DAYS": lambda held, now, span: held < now - span,
}


def _rolling(parser: str, *operators: str) -> Callable[[Crm, ObjectType, str, Json], Condition]:
    def build(crm: Crm, kind: ObjectType, name: str, operation: Json) -> Condition:
        operator = choice(operation, "operator", operators)
        compare, span = _ROLLING[operator], whole(operation, "numberOfDays") * DAY_MS
        empty = truth(operation, "includeObjectsWithNoValueSet", default=operator.startswith("NOT_"))
        moment = _moment_of(crm, kind, name, {"propertyParser": parser})
        return _against_clock(crm, moment, lambda held, now: compare(held, now, span), empty)

    return build


_TIMED: dict[str, Callable[[Crm, ObjectType, str, Json], Condition]] = {
    "TIME_POINT": _time_point,
    "TIME_RANGED": _time_range,
    "ROLLING_DATE_RANGE": _rolling("VALUE", *list(_ROLLING)[:4]),
    "ROLLING_PROPERTY_UPDATED": _rolling("UPDATED_AT", *list(_ROLLING)[4:]),
}
