"""However many properties are named, no address gets too long: every call that takes their names, in the emulator."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable

import pytest

from hubspot_api import batches, journal_subscriptions, objects, properties, search
from hubspot_api.app_tokens import AppTokens
from hubspot_api.client import Client
from hubspot_api.journal import SCOPES as JOURNAL_SCOPES
from hubspot_api.journal_events import APP_UNINSTALL
from hubspot_api.records import Record
from hubspot_api.search import Query, has
from tests.hubspot_api.emulated import HUB, Place
from tests.hubspot_api.surface import surface_functions

NAMES = ["email", *(f"a_property_with_quite_a_long_name_{number:04}" for number in range(2_999))]
LONGEST = 8_000  # characters; from here on 414 has been seen

QUERY = Query().where(has("email")).select(*NAMES)

Read = Callable[[Client, list[int]], Iterable[Record]]
READS: dict[str, Read] = {
    "objects.list_page": lambda client, _: objects.list_page(client, "contacts", properties=NAMES).results,
    "objects.list_all": lambda client, _: objects.list_all(client, "contacts", properties=NAMES),
    "objects.get": lambda client, ids: [objects.get(client, "contacts", one, properties=NAMES) for one in ids],
    "batches.read": lambda client, ids: batches.read(client, "contacts", ids, properties=NAMES).results,
    "batches.read_by": lambda client, _: _by_email(client),
    "search.page": lambda client, _: search.page(client, "contacts", QUERY).results,
    "search.every": lambda client, _: search.every(client, "contacts", QUERY),
    "search.above": lambda client, _: search.above(client, "contacts", QUERY, 0)[0],
}


def _by_email(client: Client) -> Iterable[Record]:
    emails = [one.properties["email"] or "" for one in objects.list_page(client, "contacts", limit=3).results]
    return batches.read_by(client, "contacts", "email", emails, properties=NAMES).results


def takes_names(function: Callable[..., object]) -> bool:
    """Names of properties, or a query that has some."""
    parameters = inspect.signature(function).parameters
    named = "properties" in parameters and "Mapping" not in str(parameters["properties"].annotation)
    return named or "Query" in str(getattr(parameters.get("query"), "annotation", ""))


@pytest.mark.parametrize("name", READS)
def test_three_thousand_properties_are_read(name: str, place: Place) -> None:
    client = place.client()
    ids = [one.id for one in objects.list_page(client, "contacts", limit=3).results]
    found = list(READS[name](client, ids))
    assert len(found) >= 3
    assert all(one.properties["email"] for one in found)
    assert place.transport.longest_address < LONGEST


def test_three_thousand_properties_are_watched_and_defined(place: Place) -> None:
    app = place.client(tokens=AppTokens(place.oauth(), JOURNAL_SCOPES))
    place.tokens()  # the app is in the account
    journal_subscriptions.to_objects(app, HUB, "0-1", properties=NAMES)
    journal_subscriptions.to_lifecycle(app, APP_UNINSTALL, properties=NAMES[:10])
    properties.read_many(place.client(), "contacts", NAMES)
    assert place.transport.longest_address < LONGEST


def test_no_call_that_takes_properties_is_forgotten() -> None:
    counts_only = {"search.total"}  # asks for none of them
    written = {"journal_subscriptions.to_objects", "journal_subscriptions.to_lifecycle"}
    takers = {name for name, function in surface_functions().items() if takes_names(function)}
    assert takers - counts_only == set(READS) | written
