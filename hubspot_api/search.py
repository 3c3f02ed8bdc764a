"""Search for CRM records, with a small query builder.

    leads = Query().where(eq("lifecyclestage", "lead"), has("email")).or_where(gte("score", 80)).select("email")
    for record in search.every(client, "contacts", leads): …

HubSpot's index lags behind by seconds to minutes; archived records never appear. Source: HubSpot's page "Search the
CRM".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from hubspot_api.client import Client
from hubspot_api.errors import ResponseInvalid
from hubspot_api.ports import Bucket
from hubspot_api.records import Record, read_record
from hubspot_api.said import Call

PAGE_SIZE = 200  # HubSpot's most
REACH = 10_000  # results of one query that HubSpot lets paging reach
MOST_GROUPS = 5
MOST_FILTERS = 6  # in a group
MOST_FILTERS_IN_ALL = 18
LONGEST_TEXT = 3_000  # characters to look for

Value = str | int | float | bool | datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on one property. Made by the functions below."""

    property: str
    operator: str
    value: str | None = None
    high_value: str | None = None
    values: tuple[str, ...] = ()

    def wire(self) -> dict[str, object]:
        """Spell it as HubSpot takes it."""
        spelled: dict[str, object] = {"propertyName": self.property, "operator": self.operator}
        optional = {"value": self.value, "highValue": self.high_value, "values": list(self.values) or None}
        return spelled | {name: value for name, value in optional.items() if value is not None}


def eq(name: str, value: Value) -> Filter:
    """Equal to."""
    return Filter(name, "EQ", _spell(value))


def neq(name: str, value: Value) -> Filter:
    """Not equal to. Whether records without a value match is not documented."""
    return Filter(name, "NEQ", _spell(value))


def lt(name: str, value: Value) -> Filter:
    """Less than."""
    return Filter(name, "LT", _spell(value))


def lte(name: str, value: Value) -> Filter:
    """Less than or equal to."""
    return Filter(name, "LTE", _spell(value))


def gt(name: str, value: Value) -> Filter:
    """Greater than."""
    return Filter(name, "GT", _spell(value))


def gte(name: str, value: Value) -> Filter:
    """Greater than or equal to."""
    return Filter(name, "GTE", _spell(value))


def between(name: str, low: Value, high: Value) -> Filter:
    """From `low` to `high`, both included."""
    return Filter(name, "BETWEEN", _spell(low), _spell(high))


def one_of(name: str, *values: Value) -> Filter:
    """Equal to one of `values`, exactly: options, numbers, times. For text there is `one_of_texts`."""
    return Filter(name, "IN", values=_spell_all(values))


def none_of(name: str, *values: Value) -> Filter:
    """Equal to none of `values`, exactly: options, numbers, times. For text there is `none_of_texts`."""
    return Filter(name, "NOT_IN", values=_spell_all(values))


def one_of_texts(name: str, *texts: str) -> Filter:
    """A text property equal to one of `texts`, in any case: HubSpot compares with an index in lower case."""
    return one_of(name, *map(str.lower, texts))


def none_of_texts(name: str, *texts: str) -> Filter:
    """A text property equal to none of `texts`, in any case."""
    return none_of(name, *map(str.lower, texts))


def has(name: str) -> Filter:
    """Has a value."""
    return Filter(name, "HAS_PROPERTY")


def lacks(name: str) -> Filter:
    """Has no value."""
    return Filter(name, "NOT_HAS_PROPERTY")


def contains(name: str, token: str) -> Filter:
    """Contains a word; `*` at either end stands for anything ("*@hubspot.com")."""
    return Filter(name, "CONTAINS_TOKEN", token)


def lacks_token(name: str, token: str) -> Filter:
    """Does not contain a word."""
    return Filter(name, "NOT_CONTAINS_TOKEN", token)


def associated_with(object_type: str, record_id: int) -> Filter:
    """Associated with a record, `object_type` in the singular. Raises ValueError for custom objects."""
    if re.match(r"2-|p\d*_", object_type):
        raise ValueError("HubSpot cannot search by associations with custom objects")
    return Filter(f"associations.{object_type}", "EQ", str(record_id))


@dataclass(frozen=True, slots=True)
class Query:
    """What to search for. Groups are alternatives; the filters of a group must all hold."""

    groups: tuple[tuple[Filter, ...], ...] = ()
    text: str = ""
    properties: tuple[str, ...] = ()
    sort: str = ""
    descending: bool = False

    def where(self, *filters: Filter) -> Query:
        """Demand more of every alternative. Raises ValueError beyond HubSpot's limits."""
        return self._with(tuple(group + filters for group in self.groups or ((),)))

    def or_where(self, *filters: Filter) -> Query:
        """Add an alternative. Raises ValueError beyond HubSpot's limits."""
        return self._with((*self.groups, filters))

    def containing(self, text: str) -> Query:
        """Match text in the properties that HubSpot searches by default. Raises ValueError beyond 3,000 characters."""
        if len(text) > LONGEST_TEXT:
            raise ValueError(f"HubSpot takes {LONGEST_TEXT} characters, no more")
        return replace(self, text=text)

    def select(self, *properties: str) -> Query:
        """Name the properties to send along."""
        return replace(self, properties=self.properties + properties)

    def sorted_by(self, name: str, *, descending: bool = False) -> Query:
        """Sort by one property: HubSpot heeds no second."""
        return replace(self, sort=name, descending=descending)

    def wire(self) -> dict[str, object]:
        """Spell it as HubSpot takes it."""
        direction = "DESCENDING" if self.descending else "ASCENDING"
        spelled: dict[str, object] = {
            "filterGroups": [{"filters": [one.wire() for one in group]} for group in self.groups],
            "properties": list(self.properties),
        }
        if self.text:
            spelled["query"] = self.text
        if self.sort:
            spelled["sorts"] = [{"propertyName": self.sort, "direction": direction}]
        return spelled

    def _with(self, groups: tuple[tuple[Filter, ...], ...]) -> Query:
        if len(groups) > MOST_GROUPS or sum(map(len, groups)) > MOST_FILTERS_IN_ALL:
            raise ValueError(f"HubSpot takes {MOST_GROUPS} groups and {MOST_FILTERS_IN_ALL} filters in all, no more")
        if not all(0 < len(group) <= MOST_FILTERS for group in groups):
            raise ValueError(f"a group has 1 to {MOST_FILTERS} filters")
        return replace(self, groups=groups)


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Some of the results. `total` may disagree with what is there: never page by it."""

    total: int
    results: tuple[Record, ...] = field(repr=False)
    after: str | None = None


def page(
    client: Client, object_type: str, query: Query, *, after: str | None = None, limit: int = PAGE_SIZE
) -> SearchPage:
    """Return one page of results, within the first 10,000. `after` is an offset.

    Raises ValueError for a limit that is not 1 to 200, and for a page that reaches beyond.
    """
    if not 1 <= limit <= PAGE_SIZE or int(after or 0) + limit > REACH:
        raise ValueError(f"a page has 1 to {PAGE_SIZE} results and ends within the first {REACH}")
    body = query.wire() | {"limit": limit} | ({"after": after} if after is not None else {})
    answer = client.request(
        "POST",
        "/crm/objects/{version}/{object_type}/search",
        path_params={"object_type": object_type},
        json=body,
        bucket=Bucket.SEARCH,
        idempotent=True,
    )
    fields = answer.fields
    return SearchPage(fields.integer("total"), fields.each("results", read_record), fields.after())


def total(client: Client, object_type: str, query: Query) -> int:
    """Return how many records match, which may be more than 10,000."""
    return page(client, object_type, replace(query, properties=()), limit=1).total


def every(client: Client, object_type: str, query: Query) -> Iterator[Record]:
    """Yield every match in id order, beyond 10,000 too: each page asks for ids above the last one seen.

    Records that change meanwhile neither shift others out nor come twice; one that begins to match when its id is
    past is not seen. `total` is not heeded, and a full page is never taken for the last. Takes one filter of every
    group for itself. Raises ValueError for a query that is sorted or has no filter to spare.
    """
    if query.sort:
        raise ValueError("`every` sorts by id itself")
    seen, is_last = 0, False
    while not is_last:
        results, is_last = above(client, object_type, query, seen)
        yield from results
        seen = max((record.id for record in results), default=seen)


def above(client: Client, object_type: str, query: Query, seen: int) -> tuple[tuple[Record, ...], bool]:
    """Return the matches with the lowest ids above `seen`, and whether they are the last. Takes a filter for itself."""
    call = Call("POST", "/crm/objects/{version}/{object_type}/search", client.hub_id)
    found = _first_shown(client, object_type, query.sorted_by("hs_object_id").where(gt("hs_object_id", seen)), call)
    if any(record.id <= seen for record in found.results):
        raise ResponseInvalid("$.results should have ids above the one asked for", call)
    # A total that lags behind ends the paging too early, at a page that is full.
    goes_on = found.after is not None or len(found.results) >= PAGE_SIZE
    return found.results, not (found.results and goes_on)


def _first_shown(client: Client, object_type: str, query: Query, call: Call) -> SearchPage:
    """Return the first page that has results, or else the last: the index counts records that it does not show."""
    found, offset = page(client, object_type, query), 0
    while not found.results and found.after is not None:
        offset = _beyond(offset, found.after, call)
        if offset + PAGE_SIZE > REACH:
            break
        found = page(client, object_type, query, after=found.after)
    return found


def _beyond(offset: int, after: str, call: Call) -> int:
    """Return where a page leads, as a number. Raises ResponseInvalid if that is none, or is not further on."""
    if not re.fullmatch(r"[0-9]{1,18}", after, re.ASCII) or int(after) <= offset:
        raise ResponseInvalid("$.paging.next.after should be an offset that leads on", call)
    return int(after)


def _spell_all(values: tuple[Value, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("a list filter needs at least one value")
    return tuple(map(_spell, values))


def _spell(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        # HubSpot compares milliseconds, and answers 500 to the epoch itself.
        return str(max(int(value.timestamp() * 1000), 1000))
    return str(value)
