"""An app's webhooks over HubSpot's API, with the developer's key."""

from __future__ import annotations

import pytest

from hubspot_api import app_webhooks, errors
from hubspot_api.app_webhooks import DeveloperKey
from hubspot_api.client import Client
from hubspot_api.ports import StaticToken
from tests.hubspot_api.emulated import ORIGINS, Place

APP_ID = 9001
KEY = "11111111-2222-4333-8444-555555555555"
TARGET = "https://app.example.com/webhooks/hubspot"


def developer(place: Place, version: str = "2026-03", key: str = KEY) -> Client:
    transport = DeveloperKey(place.transport)
    return Client(StaticToken(key), transport=transport, api_url=ORIGINS["na1"], version=version)


@pytest.fixture
def legacy(place: Place) -> Place:
    place.app(developer_api_key=KEY)
    return place


@pytest.mark.parametrize("version", ["2025-09", "2026-03", "2026-09"])
def test_settings(legacy: Place, version: str) -> None:
    client = developer(legacy, version)
    assert app_webhooks.get_settings(client, APP_ID) is None
    made = app_webhooks.set_settings(client, APP_ID, TARGET, 25)
    assert (made.target_url, made.max_concurrent_requests) == (TARGET, 25)
    assert app_webhooks.get_settings(client, APP_ID) == made


@pytest.mark.parametrize(("target", "most"), [("http://app.example.com/", 10), (TARGET, 5)])
def test_settings_that_hubspot_refuses(legacy: Place, target: str, most: int) -> None:
    with pytest.raises(errors.BadRequest):
        app_webhooks.set_settings(developer(legacy), APP_ID, target, most)


@pytest.mark.parametrize("version", ["2025-09", "2026-03", "2026-09"])
def test_subscriptions(legacy: Place, version: str) -> None:
    client = developer(legacy, version)
    email = app_webhooks.subscribe(client, APP_ID, "contact.propertyChange", "email")
    deleted = app_webhooks.subscribe(client, APP_ID, "deal.deletion", active=False)
    assert (email.property_name, email.active, deleted.property_name, deleted.active) == ("email", True, None, False)
    assert app_webhooks.list_all(client, APP_ID) == (email, deleted)
    with pytest.raises(errors.Conflict) as caught:
        app_webhooks.subscribe(client, APP_ID, "deal.deletion")
    assert caught.value.existing_id == deleted.id


def test_switching_many_tells_those_that_are_gone(legacy: Place) -> None:
    client = developer(legacy)
    made = [app_webhooks.subscribe(client, APP_ID, "contact.propertyChange", f"p{n}").id for n in range(150)]
    gone = max(made) + 1_000_000
    done = app_webhooks.switch(client, APP_ID, dict.fromkeys([*made, gone], False))
    assert [each.id for each in done.results] == made
    assert not any(each.active for each in app_webhooks.list_all(client, APP_ID))
    (error,) = done.errors
    assert (error.category, str(gone) in error.message) == ("SUBSCRIPTION_ID_NOT_FOUND", True)


def test_a_wrong_key_is_refused_and_shown_nowhere(legacy: Place) -> None:
    with pytest.raises(errors.Unauthorized) as caught:
        app_webhooks.list_all(developer(legacy, key="my-wrong-key"), APP_ID)
    assert "my-wrong-key" not in f"{caught.value!r} {caught.value}"
