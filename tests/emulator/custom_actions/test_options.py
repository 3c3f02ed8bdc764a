"""Options of a field that HubSpot fetches from the action's service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.webhooks.signatures import sign_v2
from emulator.workflows.wire import Incoming
from tests.emulator.custom_actions.developer import (
    OPTIONS_URL,
    Developer,
    Json,
)
from tests.emulator.hub import HUB, SECRET


def fetch(developer: Developer, **changes: Any) -> Json:
    answer: Json = developer.hub.control("POST", f"portals/{HUB}/option_fetches", {"input_field": "size"} | changes)
    return answer


def test_options_are_fetched_signed(developer: Developer) -> None:
    given = {"options": [{"label": "Big", "value": "10"}], "after": "1234=", "searchable": True, "more": 1}
    developer.hub.actions.answer = Incoming(200, json.dumps(given).encode())
    made = developer.create()
    filled = {"widget": {"property": "email"}, "color": "blue"}
    answer = fetch(developer, definition_id=made, input_fields=filled, q="text", after="12=")
    options = [{"label": "Big", "description": "", "value": "10"}]
    assert answer == {"status": 200, "options": options, "after": "1234=", "searchable": True}
    [sent] = developer.hub.actions.requests
    assert json.loads(sent.body) == {
        "origin": {"portalId": HUB, "actionDefinitionId": made, "actionDefinitionVersion": 1},
        "objectTypeId": "0-1",
        "inputFieldName": "size",
        "inputFields": {
            "widget": {"type": "OBJECT_PROPERTY", "propertyName": "email"},
            "color": {"type": "STATIC_VALUE", "value": "blue"},
        },
        "fetchOptions": {"q": "text", "after": "12="},
    }
    assert (sent.method, sent.url) == ("POST", OPTIONS_URL)
    assert sent.headers["X-HubSpot-Signature"] == sign_v2(SECRET, "POST", OPTIONS_URL, sent.body)
    assert developer.rows()[0]["kind"] == "option_fetch"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (0, "connection refused"),
        (500, "the app answered 500"),
        (Incoming(200, b"x"), "not JSON"),
        (Incoming(200, b"[]"), "no list of options"),
        (Incoming(200, b'{"options":[1]}'), "options[0] is not an object"),
        (Incoming(200, b'{"options":[{"label":"a","value":1}]}'), "options[0].value is not a string"),
        (Incoming(200, b'{"options":[],"after":1}'), "after is not a string"),
        (Incoming(200, b'{"options":[],"searchable":"x"}'), "searchable"),
    ],
)
def test_answers_that_give_no_options(developer: Developer, answer: int | Incoming, error: str) -> None:
    developer.hub.actions.answer = answer
    assert error in fetch(developer, definition_id=developer.create())["error"]
    assert developer.outcomes() == ["failed"]


def test_fields_without_an_address_have_no_fetch(developer: Developer) -> None:
    made = developer.create()
    for field_name, words in (("color", "no optionsUrl"), ("nope", "no input nope")):
        body = {"definition_id": made, "input_field": field_name}
        answer = developer.hub.http.post(f"/_emulator/portals/{HUB}/option_fetches", json=body)
        assert (answer.status_code, words in answer.json()["error"]) == (400, True)
