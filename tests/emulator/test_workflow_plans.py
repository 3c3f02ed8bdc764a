"""What a workflow may consist of, and another plan under way."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.workflows.wire import is_allowed_url
from tests.emulator.hub import HUB, Hub
from tests.emulator.workflows import define, enroll, webhook

Json = dict[str, Any]


def refused(hub: Hub, body: Json) -> str:
    answer = hub.http.post(f"/_emulator/portals/{HUB}/workflows", json=body)
    assert answer.status_code == 400
    error: str = answer.json()["error"]
    return error


def test_another_plan_and_no_plan(hub: Hub) -> None:
    contact = hub.create(email="a@b.co")
    workflow = define(hub, {"type": "delay", "delay_s": 10}, webhook())
    enroll(hub, workflow, contact)
    hub.emulator.deliver()
    define(hub, {"type": "delay", "delay_s": 10}, webhook(url="http://localhost/other"), id=workflow)
    hub.advance(10)
    hub.emulator.deliver()
    assert [each.url for each in hub.actions.took()] == ["http://localhost/other"]
    assert hub.control("GET", f"portals/{HUB}/workflows/{workflow}")["revision"] == 2
    enroll(hub, workflow, contact)
    hub.control("DELETE", f"portals/{HUB}/workflows/{workflow}")
    hub.advance(10)
    assert hub.emulator.deliver() == 0
    assert hub.http.get(f"/_emulator/portals/{HUB}/workflows/{workflow}").status_code == 400


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"actions": []}, "1 to 100"),
        ({"actions": [{"type": "explode"}]}, "actions[0].type must be one of"),
        ({"actions": [webhook(url="http://example.com/x")]}, "must be https"),
        ({"actions": [webhook(url="ftp://localhost/x")]}, "must be https"),
        ({"actions": [webhook(method="PUT")]}, "POST, GET"),
        ({"actions": [webhook(auth={"type": "signature", "app_id": 1})]}, "no app 1"),
        ({"actions": [webhook(auth={"type": "api_key", "name": "a b", "location": "header", "value": "x"})]}, "fit"),
        ({"actions": [webhook(body={"a": {"property": "nope"}})]}, "no property nope"),
        ({"actions": [webhook(body={"a": {"property": "email", "static": "x"}})]}, "one of static"),
        ({"actions": [webhook(body={"a": {"output": {"action": 1, "field": "x"}}})]}, "does not come before"),
        ({"actions": [webhook(body={"a": {"event": "x"}})]}, "no field x"),
        ({"actions": [{"type": "set_property", "property": "nope", "value": "x"}]}, "no property nope"),
        ({"trigger": {"type": "property", "property": "nope"}}, "no property nope"),
        ({"trigger": {"type": "webhook", "match": {"field": "a", "property": "phone"}}}, "not a unique property"),
        ({"object_type": "spaceship"}, "object_type"),
        ({"surprise": 1}, "unknown field surprise"),
        ({"id": 5}, "no workflow 5"),
    ],
)
def test_what_cannot_be_is_refused(hub: Hub, change: Json, words: str) -> None:
    assert words in refused(hub, {"name": "x", "actions": [webhook()]} | change)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://example.com/x", True),
        ("http://localhost:1/x", True),
        ("http://127.0.0.9/x", True),
        ("http://receiver:8000/x", True),
        ("http://[::1]:80/x", True),
        ("http://example.com", False),
        ("https://", False),
        ("http://[::1", False),
        ("https://example.com:99999", False),
        ("https://example.com/a b", False),
        ("https://example.com/\ud800", False),
        ("https://exämple.com/", False),
    ],
)
def test_https_only_but_near_by(url: str, allowed: bool) -> None:
    assert is_allowed_url(url) is allowed
