"""How late changes are followed, and what is kept of them."""

from __future__ import annotations

from tests.emulator.hub import Hub, created, kinds
from tests.emulator.webhook_management.developer import KEY, Developer


def test_changes_are_followed_when_the_cache_is_old(hub: Hub) -> None:
    hub.app(developer_api_key=KEY, settings_cache_s=300)
    developer = Developer(hub)
    developer.subscribe("contact.creation")
    hub.change(created())
    assert hub.events() == []
    hub.advance(200)
    developer.subscribe("contact.propertyChange", propertyName="email")
    hub.advance(99)
    hub.change(created())
    assert hub.events() == []
    hub.advance(1)
    hub.change(created())
    assert kinds(hub.events()) == {"contact.creation": 1, "contact.propertyChange": 1}
    developer.call("DELETE", "settings")
    hub.change(created())
    assert len(hub.events()) == 2, "still sent to where it was"


def test_the_cache_is_in_snapshots_and_configuring_the_app_empties_it(hub: Hub) -> None:
    hub.app(developer_api_key=KEY, settings_cache_s=300)
    developer = Developer(hub)
    developer.subscribe("contact.creation")
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert hub.control("GET", "snapshot") == saved
    hub.change(created())
    assert hub.events() == []
    hub.app(developer_api_key=KEY, settings_cache_s=300, subscriptions=[{"event_type": "contact.creation"}])
    hub.change(created())
    assert len(hub.events()) == 1


def test_subscriptions_survive_a_snapshot_and_their_ids_are_not_given_again(developer: Developer) -> None:
    made = developer.subscribe("contact.creation")
    saved = developer.hub.control("GET", "snapshot")
    for app in saved["apps"]:
        app["subscriptions"][0]["id"] = 8_000_000
    developer.hub.control("PUT", "snapshot", saved)
    [kept] = developer.call("GET", "subscriptions").json()["results"]
    assert kept == made | {"id": "8000000"}
    assert developer.subscribe("contact.deletion")["id"] == "8000001"


def test_snapshots_from_before_still_load(developer: Developer) -> None:
    developer.subscribe("contact.creation")
    saved = developer.hub.control("GET", "snapshot")
    del saved["settings_cache"]
    for app in saved["apps"]:
        del app["developer_api_key"], app["settings_cache_s"]
        del app["webhook"]["created_at"], app["webhook"]["updated_at"]
        for each in app["subscriptions"]:
            del each["created_at"], each["updated_at"], each["event_type_name"]
    developer.hub.control("PUT", "snapshot", saved)
    developer.hub.change(created())
    assert kinds(developer.hub.events()) == {"contact.creation": 1}
