"""An app's webhooks over HubSpot's API, with the developer's key."""

from __future__ import annotations

import httpx2
import pytest

from hubspot_api import app_webhooks, errors
from hubspot_api.app_webhooks import DeveloperKey
from hubspot_api.client import Client
from hubspot_api.ports import StaticToken
from tests.hubspot_api.emulated import ORIGINS, Place
from tests.hubspot_api.fakes import ok, world

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


def test_subscriptions_to_any_kind_of_record_and_to_events(legacy: Place) -> None:
    client = developer(legacy)
    made = app_webhooks.subscribe(client, APP_ID, "object.creation", object_type_id="0-1")
    done = app_webhooks.subscribe(client, APP_ID, "event.completed", event_name="pe101_signed")
    assert (made.object_type_id, done.event_name) == ("0-1", "pe101_signed")
    assert app_webhooks.get(client, APP_ID, done.id) == done
    app_webhooks.delete(client, APP_ID, made.id)
    assert app_webhooks.list_all(client, APP_ID) == (done,)
    for ask in (app_webhooks.get, app_webhooks.delete):
        with pytest.raises(errors.NotFound):
            ask(client, APP_ID, made.id)
    for event_type in ("contact.explosion", "contact.propertyChange", "conversation.creation"):
        with pytest.raises(errors.BadRequest):
            app_webhooks.subscribe(client, APP_ID, event_type)


def test_deleted_settings_are_gone_and_subscriptions_stay(legacy: Place) -> None:
    client = developer(legacy)
    app_webhooks.set_settings(client, APP_ID, TARGET)
    made = app_webhooks.subscribe(client, APP_ID, "contact.creation")
    app_webhooks.delete_settings(client, APP_ID)
    assert app_webhooks.get_settings(client, APP_ID) is None
    assert app_webhooks.list_all(client, APP_ID) == (made,)


def test_the_thousand_and_first_subscription(legacy: Place) -> None:
    many = [{"event_type": "contact.propertyChange", "property": f"p{n}"} for n in range(app_webhooks.MOST)]
    legacy.app(developer_api_key=KEY, webhook={"target_url": TARGET}, subscriptions=many)
    with pytest.raises(errors.TooManySubscriptions):
        app_webhooks.subscribe(developer(legacy), APP_ID, "contact.creation")


def test_who_may_not(legacy: Place) -> None:
    with pytest.raises(errors.MissingScopes) as caught:
        app_webhooks.list_all(legacy.client(), APP_ID)  # an account's token
    assert caught.value.scopes == ("developers-read",)
    with pytest.raises(errors.NotFound):
        app_webhooks.list_all(developer(legacy), 424242)  # somebody else's app


def test_lost_answers_are_asked_for_again_unless_that_could_subscribe_twice() -> None:
    here = world(httpx2.ReadError("reset"), ok({"results": []}))
    app_webhooks.switch(here.client, APP_ID, {1: True})
    assert len(here.hubspot.asked) == 2
    there = world(httpx2.ReadError("reset"))
    with pytest.raises(errors.AnswerLost):
        app_webhooks.subscribe(there.client, APP_ID, "contact.creation")
    assert len(there.hubspot.asked) == 1


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
