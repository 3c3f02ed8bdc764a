"""An app's target address and its throttling, in all generations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import TARGET, Hub, created, kinds
from tests.emulator.webhook_management.developer import KEY, ROOMS, Developer, settings


@pytest.mark.parametrize("room", ROOMS)
def test_settings(hub: Hub, room: str) -> None:
    hub.app(developer_api_key=KEY, webhook=None)
    developer = Developer(hub, room)
    assert developer.call("GET", "settings").status_code == 404
    put = developer.call("PUT", "settings", settings(25))
    assert put.status_code == 200
    assert list(put.json()) == ["createdAt", "targetUrl", "throttling", "updatedAt"]
    assert put.json()["throttling"] == {"maxConcurrentRequests": 25}
    hub.advance(60)
    again = developer.call("PUT", "settings", settings(6, "https://example.com/hooks")).json()
    assert again["createdAt"] == put.json()["createdAt"]
    assert again["updatedAt"] > put.json()["updatedAt"]
    assert developer.call("GET", "settings").json() == again
    assert developer.call("DELETE", "settings").status_code == 204
    assert developer.call("GET", "settings").status_code == 404


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "targetUrl"),
        ({"targetUrl": TARGET}, "throttling"),
        ({"targetUrl": TARGET, "throttling": {}}, "maxConcurrentRequests"),
        ({"targetUrl": TARGET, "throttling": {"maxConcurrentRequests": True}}, "maxConcurrentRequests"),
        ({"targetUrl": 5, "throttling": {"maxConcurrentRequests": 10}}, "targetUrl"),
        ({"targetUrl": TARGET, "throttling": 10}, "throttling"),
        (settings(5), "greater than five"),
        (settings(url="http://example.com/hooks"), "https"),
        (settings(url="https://"), "https"),
        (settings(url="/hooks"), "https"),
        ([], "from Array value"),
    ],
)
def test_settings_that_are_refused(developer: Developer, body: Any, words: str) -> None:
    before = developer.call("GET", "settings").json()
    assert words in developer.refused("PUT", "settings", body)
    assert developer.call("GET", "settings").json() == before


@pytest.mark.parametrize("url", ["http://localhost:1/x", "http://127.0.0.1/", "http://app:8000/x", "http://10.0.0.7/"])
def test_plain_http_in_a_private_network(developer: Developer, url: str) -> None:
    assert developer.call("PUT", "settings", settings(url=url)).status_code == 200


def test_deleting_the_settings_pauses_and_putting_them_resumes(developer: Developer) -> None:
    developer.subscribe("contact.creation")
    developer.call("DELETE", "settings")
    developer.hub.change(created())
    assert developer.hub.events() == []
    assert len(developer.call("GET", "subscriptions").json()["results"]) == 1
    developer.call("PUT", "settings", settings())
    developer.hub.change(created())
    assert kinds(developer.hub.events()) == {"contact.creation": 1}
