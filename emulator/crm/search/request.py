"""A search as a call describes it, checked.

developers.hubspot.com/docs/guides/api/crm/search
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.crm.object_types import CONTACT, ObjectType
from emulator.crm.properties import Schema
from emulator.errors import InvalidInput, InvalidJson

MOST_GROUPS = 5
MOST_FILTERS_PER_GROUP = 6
MOST_FILTERS = 18
LARGEST_PAGE = 200
# Beyond this many results a query cannot be paged.
WALL = 10_000
LONGEST_QUERY = 3_000

OPERATORS = {
    "EQ": ("value",),
    "NEQ": ("value",),
    "LT": ("value",),
    "LTE": ("value",),
    "GT": ("value",),
    "GTE": ("value",),
    "BETWEEN": ("value", "highValue"),
    "IN": ("values",),
    "NOT_IN": ("values",),
    "HAS_PROPERTY": (),
    "NOT_HAS_PROPERTY": (),
    "CONTAINS_TOKEN": ("value",),
    "NOT_CONTAINS_TOKEN": ("value",),
}

ASSOCIATIONS = "associations."

# Bodies of activities, by kind; in no kind the preview in HTML.
_NOT_FILTERABLE = {"0-49": {"hs_email_html", "hs_body_preview"}}
_NEVER_FILTERABLE = {"hs_body_preview_html"}


@dataclass(frozen=True)
class Filter:
    name: str
    operator: str
    value: str = ""
    high: str = ""
    values: tuple[str, ...] = ()


# Contacts have lastmodifieddate in its place. HubSpot takes the other name all the same, and finds nothing.
_NO_RECORD = Filter("hs_object_id", "EQ", "0")


@dataclass(frozen=True)
class SearchRequest:
    groups: tuple[tuple[Filter, ...], ...]
    query: str
    sort: str | None
    descending: bool
    limit: int
    after: int
    properties: tuple[str, ...]


def parse(body: Mapping[str, Any], kind: ObjectType, schema: Schema) -> SearchRequest:
    """Raises InvalidInput and InvalidJson."""
    groups = tuple(_group(each, kind, schema) for each in _groups(body))
    if len(groups) > MOST_GROUPS or sum(map(len, groups)) > MOST_FILTERS:
        raise InvalidInput(f"A search may have at most {MOST_GROUPS} filter groups and {MOST_FILTERS} filters in all")
    query = _text(body, "query")
    if len(query) > LONGEST_QUERY:
        raise InvalidInput(f"The query is longer than {LONGEST_QUERY} characters")
    sort, descending = _sort(body.get("sorts"), kind, schema)
    limit = _whole(body.get("limit"), "limit", 10, LARGEST_PAGE)
    after = _whole(body.get("after"), "after", 0, 10**9)
    if after + limit > WALL:
        raise InvalidInput(f"The total number of results of a search cannot be paged beyond {WALL}")
    return SearchRequest(groups, query, sort, descending, limit, after, _properties(body))


def _groups(body: Mapping[str, Any]) -> list[Any]:
    """Groups of filters; a bare list of filters is one group."""
    groups = _list(body, "filterGroups")
    if not groups and (filters := _list(body, "filters")):
        return [{"filters": filters}]
    return groups


def _group(given: Any, kind: ObjectType, schema: Schema) -> tuple[Filter, ...]:
    filters = _list(given, "filters") if isinstance(given, dict) else None
    if filters is None:
        raise InvalidJson("Cannot deserialize value of type `FilterGroup`")
    if len(filters) > MOST_FILTERS_PER_GROUP:
        raise InvalidInput(f"A filter group may have at most {MOST_FILTERS_PER_GROUP} filters")
    return tuple(_filter(each, kind, schema) for each in filters)


def _filter(given: Any, kind: ObjectType, schema: Schema) -> Filter:
    if not isinstance(given, dict):
        raise InvalidJson("Cannot deserialize value of type `Filter`")
    name, operator = _text(given, "propertyName"), _text(given, "operator")
    if operator not in OPERATORS:
        raise InvalidInput(f"{operator or 'null'} is not a valid operator: one of {', '.join(OPERATORS)}")
    if kind is CONTACT and name == "hs_lastmodifieddate":
        return _NO_RECORD
    _check_property(name, operator, kind, schema)
    for needed in OPERATORS[operator]:
        if given.get(needed) in (None, "", []):
            raise InvalidInput(f"operator {operator} requires {needed} on property {name}")
    values = tuple(_scalar(each) for each in _list(given, "values"))
    return Filter(name, operator, _scalar(given.get("value")), _scalar(given.get("highValue")), values)


def _check_property(name: str, operator: str, kind: ObjectType, schema: Schema) -> None:
    """One thing that is not a property may be asked: associations.{kind} EQ id."""
    if name.startswith(ASSOCIATIONS):
        if operator != "EQ":
            raise InvalidInput(f"{name} can only be searched with EQ")
    elif schema.get(name) is None:
        raise InvalidInput(f"There was a problem with the request. Property {name} does not exist")
    elif name in _NEVER_FILTERABLE or name in _NOT_FILTERABLE.get(kind.type_id, ()):
        raise InvalidInput(f"Property {name} of {kind.plural} cannot be filtered by")


def _sort(given: Any, kind: ObjectType, schema: Schema) -> tuple[str | None, bool]:
    """Only the first sort counts; a string may carry the direction as a minus."""
    first = given[0] if isinstance(given, list) and given else None
    if first is None:
        return None, False
    if isinstance(first, str):
        name, descending = first.removeprefix("-"), first.startswith("-")
    elif isinstance(first, dict):
        name, descending = _text(first, "propertyName"), _text(first, "direction").upper() == "DESCENDING"
    else:
        raise InvalidJson("Cannot deserialize value of type `Sort`")
    if schema.get(name) is None:
        raise InvalidInput(f"Cannot sort {kind.plural} by {name}: the property does not exist")
    return name, descending


def _properties(body: Mapping[str, Any]) -> tuple[str, ...]:
    names = _list(body, "properties")
    if not all(isinstance(name, str) for name in names):
        raise InvalidJson("Cannot deserialize value of type `java.lang.String` for field properties")
    return tuple(names)


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidJson(f"Cannot deserialize value of type `java.util.ArrayList` for field {name}")
    return value


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidJson(f"Cannot deserialize value of type `java.lang.String` for field {name}")
    return value


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise InvalidJson("Cannot deserialize value of type `java.lang.String` for field value")


def _whole(value: Any, name: str, default: int, most: int) -> int:
    """Numbers come as numbers or as strings."""
    if value is None or value == "":
        return default
    try:
        number = int(str(value))
    except ValueError:
        raise InvalidInput(f"Invalid value for {name}: {str(value)[:50]}") from None
    if not 0 <= number <= most:
        raise InvalidInput(f"{name} must be between 0 and {most}, not {number}")
    return number
