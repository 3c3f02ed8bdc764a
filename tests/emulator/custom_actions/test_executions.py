"""What HubSpot sends for an execution, and what an answer means for the workflow."""

from __future__ import annotations

import json

import pytest

from emulator.webhooks.signatures import sign_v2
from emulator.workflows.wire import Incoming
from tests.emulator.custom_actions.developer import (
    ACTION_URL,
    Developer,
    Json,
    answering,
    set_title,
)
from tests.emulator.hub import HUB, SECRET


def test_the_request_of_an_execution(developer: Developer) -> None:
    made = developer.create()
    body = developer.run(made, owner={"property": "email"}, color="red")
    workflow = developer.rows()[0]["workflow_id"]
    contact = developer.hub.get("/crm/v3/objects/contacts").json()["results"][0]
    assert body == {
        "callbackId": f"ap-{HUB}-{developer.rows()[0]['enrollment_id']}-0-0",
        "origin": {"portalId": HUB, "actionDefinitionId": made, "actionDefinitionVersion": 1},
        "context": {"source": "WORKFLOWS", "workflowId": workflow},
        "object": {
            "objectId": int(contact["id"]),
            "objectType": "CONTACT",
            "properties": {"email": contact["properties"]["email"]},
        },
        "inputFields": {"widget": "W", "owner": contact["properties"]["email"], "color": "red"},
    }
    assert list(body) == ["callbackId", "origin", "context", "object", "inputFields"]
    [sent] = developer.hub.actions.requests
    assert (sent.method, sent.url) == ("POST", ACTION_URL)
    assert sent.headers["X-HubSpot-Signature-Version"] == "v2"
    assert sent.headers["X-HubSpot-Signature"] == sign_v2(SECRET, "POST", ACTION_URL, sent.body)


def test_a_new_revision_is_used_at_once(developer: Developer) -> None:
    made = developer.create()
    developer.call(
        "PATCH", f"/{made}", {"actionUrl": "http://localhost/new", "objectRequestOptions": {"properties": []}}
    )
    body = developer.run(made)
    assert body["origin"]["actionDefinitionVersion"] == 2
    assert "properties" not in body["object"]
    assert developer.hub.actions.requests[0].url == "http://localhost/new"


def test_outputs_are_for_later_actions(developer: Developer) -> None:
    developer.hub.actions.answer = answering(widgetId=17, undeclared="x", hs_execution_state="SUCCESS")
    body = developer.run(developer.create(), set_title())
    contact = developer.hub.get(f"/crm/v3/objects/contacts/{body['object']['objectId']}?properties=jobtitle").json()
    assert contact["properties"]["jobtitle"] == "17"
    assert developer.rows()[0]["outputs"] == {"widgetId": "17"}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Incoming(200), "succeeded"),
        (Incoming(204), "succeeded"),
        (Incoming(200, b"nonsense"), "succeeded"),
        (Incoming(200, b'{"outputFields":[]}'), "succeeded"),
        (answering(200, hs_execution_state="RETRY"), "succeeded"),
        (answering(200, hs_execution_state="FAIL_CONTINUE"), "failed"),
        (answering(200, hs_execution_state="BLOCK"), "blocked"),
        (answering(200, hs_execution_state="ASYNC"), "blocked"),
        (answering(400, hs_execution_state="BLOCK"), "blocked"),
        (answering(400, hs_execution_state="SUCCESS"), "succeeded"),
        (Incoming(400), "failed"),
        (Incoming(302), "failed"),
        (Incoming(429), "retrying"),
        (Incoming(500), "retrying"),
        (answering(500, hs_execution_state="SUCCESS"), "retrying"),
    ],
)
def test_what_answers_mean(developer: Developer, answer: Incoming, outcome: str) -> None:
    developer.hub.actions.answer = answer
    developer.run(developer.create())
    assert developer.outcomes() == [outcome]


def test_a_failure_does_not_stop_the_workflow(developer: Developer) -> None:
    developer.hub.actions.answer = 400
    developer.run(developer.create(), {"type": "set_property", "property": "jobtitle", "value": "x"})
    assert developer.outcomes() == ["failed", "succeeded"]


def test_retries_keep_the_callback(developer: Developer) -> None:
    developer.hub.actions.answer = Incoming(429, headers={"retry-after": "2000"})
    first = developer.run(developer.create())
    developer.hub.actions.answer = 200
    developer.hub.advance(2)
    developer.hub.emulator.deliver()
    assert json.loads(developer.hub.actions.requests[1].body)["callbackId"] == first["callbackId"]
    assert developer.outcomes() == ["retrying", "succeeded"]


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"code": "EXISTS", "kind": "B", "widgetId": "7"}, "The widget W is there: 7"),
        ({"code": "EXISTS", "kind": "C"}, "Odd"),
        ({"code": "OTHER"}, None),
    ],
)
def test_execution_rules_choose_the_message(developer: Developer, outputs: Json, message: str | None) -> None:
    developer.hub.actions.answer = answering(200, **outputs)
    developer.run(developer.create())
    assert developer.rows()[0]["message"] == message


def test_an_app_that_left_or_took_its_action_away(developer: Developer) -> None:
    made = developer.create()
    first, second = developer.workflow(made), developer.workflow(made)
    contact = developer.hub.create(email="a@b.co")
    developer.hub.control("POST", f"portals/{HUB}/workflows/{first}/enroll", {"ids": [contact]})
    developer.call("DELETE", f"/{made}")
    developer.hub.emulator.deliver()
    developer.hub.control("POST", f"portals/{HUB}/uninstall", {})
    developer.hub.control("POST", f"portals/{HUB}/workflows/{second}/enroll", {"ids": [contact]})
    developer.hub.emulator.deliver()
    assert developer.hub.actions.requests == []
    assert developer.outcomes() == ["failed", "failed"]


def test_what_a_workflow_cannot_use(developer: Developer) -> None:
    made = developer.create()

    def refused(definition_id: int, inputs: Json, object_type: str = "contact") -> str:
        action = {"type": "custom_action", "definition_id": definition_id, "input_fields": inputs}
        body = {"name": "x", "object_type": object_type, "actions": [action]}
        answer = developer.hub.http.post(f"/_emulator/portals/{HUB}/workflows", json=body)
        assert answer.status_code == 400
        error: str = answer.json()["error"]
        return error

    assert "needs the input widget" in refused(made, {})
    assert "has no input x" in refused(made, {"widget": "W", "x": "y"})
    assert "does not take OBJECT_PROPERTY" in refused(made, {"widget": {"property": "email"}})
    assert "does not take STATIC_VALUE" in refused(made, {"widget": "W", "owner": "me"})
    assert "must be one of red, blue" in refused(made, {"widget": "W", "color": "green"})
    assert "is not for deals" in refused(made, {"widget": "W"}, "deal")
    assert "no custom action 5" in refused(5, {})
    workflow = developer.workflow(made)
    developer.call("PATCH", f"/{made}", {"published": False})
    assert "is not published" in refused(made, {"widget": "W"})
    action = {"type": "custom_action", "definition_id": made, "input_fields": {"widget": "V"}}
    again = {"id": workflow, "name": "x", "actions": [action]}
    assert developer.hub.control("POST", f"portals/{HUB}/workflows", again)["revision"] == 2, "existing uses go on"
