"""Custom workflow actions: definitions, execution requests, states, callbacks and option fetches."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx2
import pytest
from hubspot import HubSpot
from hubspot.automation.actions import (
    ApiException,
    BatchInputCallbackCompletionBatchRequest,
    CallbackCompletionBatchRequest,
    CallbackCompletionRequest,
    FieldTypeDefinition,
    InputFieldDefinition,
    Option,
    PublicActionDefinitionEgg,
    PublicActionDefinitionPatch,
    PublicActionFunction,
    PublicActionLabels,
)

from emulator.webhooks.signatures import sign_v2
from emulator.workflows.durations import duration_ms
from emulator.workflows.wire import Incoming
from tests.emulator.hub import APP_ID, CRM_SCOPES, HUB, SECRET, Hub, fresh_email

Json = dict[str, Any]
KEY = "11111111-2222-4333-8444-555555555555"
ACTION_URL = "http://localhost:8000/act"
OPTIONS_URL = "http://localhost:8000/options"
ROOMS = [
    "/automation/v4/actions",
    "/automation/actions/2025-09",
    "/automation/actions/2026-03",
    "/automation/actions/2026-09",
]
WEEK = 7 * 86_400


def field(name: str, kind: str = "string", **more: Any) -> Json:
    definition = {"name": name, "type": kind, "fieldType": "text"} | more.pop("definition", {})
    return {"typeDefinition": definition, "supportedValueTypes": ["STATIC_VALUE"], "isRequired": False} | more


def definition(**changes: Any) -> Json:
    options = {"fieldType": "select", "optionsUrl": OPTIONS_URL}
    colors = {"fieldType": "select", "options": [{"value": "red", "label": "Red"}, {"value": "blue", "label": "Blue"}]}
    return {
        "actionUrl": ACTION_URL,
        "objectTypes": ["CONTACT"],
        "published": True,
        "inputFields": [
            field("widget", isRequired=True),
            field("owner", supportedValueTypes=["OBJECT_PROPERTY"]),
            field("size", "enumeration", definition=options),
            field("color", "enumeration", definition=colors),
        ],
        "inputFieldDependencies": [
            {"dependencyType": "SINGLE_FIELD", "controllingFieldName": "color", "dependentFieldNames": ["size"]}
        ],
        "outputFields": [field("widgetId")],
        "objectRequestOptions": {"properties": ["email", "phone"]},
        "labels": {
            "en": {
                "actionName": "Create widget",
                "inputFieldLabels": {"widget": "Widget"},
                "executionRules": {"exists": "The widget {{ widget }} is there: {{widgetId}}", "odd": "Odd"},
            }
        },
        "executionRules": [
            {"labelName": "exists", "conditions": {"code": "EXISTS", "kind": ["A", "B"]}},
            {"labelName": "odd", "conditions": {"code": "EXISTS"}},
        ],
        "functions": [{"functionType": "PRE_ACTION_EXECUTION", "functionSource": "exports.main = () => {}"}],
    } | changes


class Developer:
    """Calls with the developer's key; the app is installed with the scope of completions."""

    def __init__(self, hub: Hub, room: str = ROOMS[0]) -> None:
        self.hub = hub
        self.base = f"{room}/{APP_ID}"
        versioned = room.removeprefix("/automation/actions/")
        self.callbacks = f"{room}/callbacks" if room == ROOMS[0] else f"/automation/actions/callbacks/{versioned}"

    def call(self, method: str, path: str = "", body: Any = None, key: str = KEY, **query: Any) -> httpx2.Response:
        return self.hub.http.request(method, f"{self.base}{path}", json=body, params={"hapikey": key} | query)

    def create(self, **changes: Any) -> int:
        answer = self.call("POST", "", definition(**changes))
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def workflow(self, definition_id: int, *then: Json, **inputs: Any) -> int:
        action = {"type": "custom_action", "definition_id": definition_id, "input_fields": {"widget": "W"} | inputs}
        body = {"name": "Widgets", "actions": [action, *then]}
        workflow_id: int = self.hub.control("POST", f"portals/{HUB}/workflows", body)["id"]
        return workflow_id

    def run(self, definition_id: int, *then: Json, **inputs: Any) -> Json:
        """A new contact through a new workflow: the body of the first request."""
        contact = self.hub.create(email=fresh_email())
        path = f"portals/{HUB}/workflows/{self.workflow(definition_id, *then, **inputs)}/enroll"
        self.hub.control("POST", path, {"ids": [contact]})
        before = len(self.hub.actions.requests)
        self.hub.emulator.deliver()
        body: Json = json.loads(self.hub.actions.requests[before].body)
        return body

    def complete(self, callback_id: str, **outputs: Any) -> httpx2.Response:
        return self.hub.post(f"{self.callbacks}/{callback_id}/complete", {"outputFields": outputs, "typedOutputs": {}})

    def rows(self) -> list[Json]:
        items: list[Json] = self.hub.control("GET", "workflow_executions")["items"]
        return items

    def outcomes(self) -> list[str]:
        return [row["outcome"] for row in self.rows()]


@pytest.fixture
def developer(hub: Hub) -> Developer:
    hub.app(developer_api_key=KEY, conditional_scopes=[*CRM_SCOPES, "automation"])
    hub.install(scopes=["oauth", *CRM_SCOPES, "automation"])
    return Developer(hub)


@pytest.fixture(params=ROOMS)
def anywhere(request: pytest.FixtureRequest, developer: Developer) -> Developer:
    return Developer(developer.hub, request.param)


def answering(status: int = 200, **outputs: Any) -> Incoming:
    return Incoming(status, json.dumps({"outputFields": outputs}).encode())


def set_title(output: str = "widgetId") -> Json:
    value = {"output": {"action": 1, "field": output}}
    return {"type": "set_property", "property": "jobtitle", "value": value}


# -- definitions -------------------------------------------------------------------------------------------------------


def test_definitions_in_all_generations(anywhere: Developer) -> None:
    made = anywhere.call("POST", "", definition())
    assert made.status_code == 201
    body = made.json()
    assert (body["revisionId"], body["published"], body["actionUrl"]) == ("1", True, ACTION_URL)
    assert body["functions"] == [{"functionType": "PRE_ACTION_EXECUTION"}], "without their source"
    size = body["inputFields"][2]["typeDefinition"]
    assert (size["optionsUrl"], size["options"], size["externalOptions"]) == (OPTIONS_URL, [], True)
    path = f"/{body['id']}"
    assert anywhere.call("GET", path).json() == body
    changed = anywhere.call("PATCH", path, {"published": False})
    assert (changed.status_code, changed.json()["revisionId"], changed.json()["published"]) == (200, "2", False)
    assert changed.json()["labels"] == body["labels"], "a patch keeps the rest"
    assert anywhere.call("GET").json()["results"] == [changed.json()]
    gone = anywhere.call("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert anywhere.call("GET", path).status_code == 404
    assert anywhere.call("GET").json() == {"results": []}
    [archived] = anywhere.call("GET", archived="True").json()["results"]
    assert archived["archivedAt"] == anywhere.hub.time.ms
    assert anywhere.call("GET", path, archived="true").json() == archived
    assert anywhere.call("PATCH", path, {"published": True}).status_code == 404


def test_generations_share_one_state(developer: Developer) -> None:
    made = developer.create()
    for room in ROOMS:
        assert Developer(developer.hub, room).call("GET", f"/{made}").status_code == 200


def test_the_least_that_a_definition_needs(developer: Developer) -> None:
    least = {"actionUrl": "https://example.com/x", "inputFields": [], "labels": {"en": {"actionName": "X"}}}
    made = developer.call("POST", "", least).json()
    assert (made["objectTypes"], made["published"], made["functions"]) == ([], False, [])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"actionUrl": None}, "[actionUrl]"),
        ({"actionUrl": "http://example.com"}, "HTTPS"),
        ({"labels": None}, "[labels]"),
        ({"labels": {"de": {"actionName": "X"}}}, "English"),
        ({"labels": {"en": {}}}, "[actionName]"),
        ({"labels": {"en": {"actionName": "X", "inputFieldLabels": {"a": 1}}}}, "inputFieldLabels"),
        ({"inputFields": "x"}, "inputFields"),
        ({"inputFields": [field("", "string")], "inputFieldDependencies": []}, "[name]"),
        ({"inputFields": [field("a", "color")], "inputFieldDependencies": []}, "Invalid value for type"),
        ({"inputFields": [field("a"), field("a")], "inputFieldDependencies": []}, "unique"),
        ({"inputFields": [field("a", supportedValueTypes=["X"])], "inputFieldDependencies": []}, "supportedValueTypes"),
        ({"inputFields": [field("a")]}, "unknown input field color"),
        ({"inputFields": [field("a", definition={"options": [{"value": "x"}]})]}, "[label]"),
        ({"inputFieldDependencies": [{"dependencyType": "X"}]}, "dependencyType"),
        ({"executionRules": [{"conditions": {}}]}, "[labelName]"),
        ({"functions": [{"functionType": "X", "functionSource": "y"}]}, "functionType"),
        ({"functions": [{"functionType": "PRE_ACTION_EXECUTION"}]}, "[functionSource]"),
        ({"published": "yes"}, "published"),
        ({"objectTypes": [1]}, "objectTypes"),
    ],
)
def test_definitions_that_are_wrong(developer: Developer, changes: Json, words: str) -> None:
    answer = developer.call("POST", "", definition(**changes))
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["message"]
    assert developer.call("GET").json()["results"] == []


def test_a_wrong_patch_changes_nothing(developer: Developer) -> None:
    made = developer.create()
    answer = developer.call("PATCH", f"/{made}", {"inputFields": [field("other")]})
    assert (answer.status_code, "unknown input field" in answer.json()["message"]) == (400, True)
    assert developer.call("GET", f"/{made}").json()["revisionId"] == "1"


def test_only_the_developer(developer: Developer) -> None:
    made = developer.create()
    assert developer.call("GET", f"/{made}", key="").status_code == 401
    other = {"client_id": "other", "client_secret": "s", "app_id": 7, "redirect_uris": [], "developer_api_key": "k"}
    developer.hub.control("POST", "apps", other)
    assert developer.call("GET", f"/{made}", key="k").status_code == 404
    theirs = developer.hub.http.get(f"/automation/v4/actions/7/{made}", params={"hapikey": "k"})
    assert theirs.status_code == 404
    assert developer.hub.get(developer.base).status_code == 403, "a customer's token without the scope"


def test_pages_of_definitions_and_revisions(developer: Developer) -> None:
    ids = [str(developer.create()) for _ in range(3)]
    first = developer.call("GET", limit=2).json()
    assert [each["id"] for each in first["results"]] == ids[:2]
    following = developer.hub.http.get(first["paging"]["next"]["link"]).json()
    assert [each["id"] for each in following["results"]] == ids[2:]
    assert "paging" not in following
    developer.call("PATCH", f"/{ids[0]}", {"published": False})
    revisions = developer.call("GET", f"/{ids[0]}/revisions").json()["results"]
    assert [(each["id"], each["revisionId"]) for each in revisions] == [(ids[0], "1"), (ids[0], "2")]
    assert [each["definition"]["published"] for each in revisions] == [True, False]
    assert developer.call("GET", f"/{ids[0]}/revisions/1").json() == revisions[0]
    assert developer.call("GET", f"/{ids[0]}/revisions/3").status_code == 404
    assert developer.call("GET", limit=0).status_code == 400


def test_functions_are_kept(developer: Developer) -> None:
    made = f"/{developer.create()}/functions"
    options = {"hapikey": KEY}
    put = developer.hub.http.put(f"{developer.base}{made}/PRE_FETCH_OPTIONS/size", content="exports", params=options)
    assert (put.status_code, put.json()) == (200, {"functionType": "PRE_FETCH_OPTIONS", "id": "size"})
    developer.hub.http.put(f"{developer.base}{made}/PRE_ACTION_EXECUTION", content="new", params=options)
    kept = developer.call("GET", f"{made}/PRE_FETCH_OPTIONS/size").json()
    assert kept == {"functionSource": "exports", "functionType": "PRE_FETCH_OPTIONS", "id": "size"}
    assert developer.call("GET", f"{made}/PRE_ACTION_EXECUTION").json()["functionSource"] == "new"
    assert len(developer.call("GET", made).json()["results"]) == 2
    assert developer.call("DELETE", f"{made}/PRE_FETCH_OPTIONS/size").status_code == 204
    assert developer.call("GET", f"{made}/PRE_FETCH_OPTIONS/size").status_code == 404
    assert developer.call("DELETE", f"{made}/PRE_FETCH_OPTIONS/size").status_code == 404
    assert developer.call("GET", f"{made}/NONSENSE").status_code == 400
    assert developer.hub.http.put(f"{developer.base}{made}/PRE_FETCH_OPTIONS", params=options).status_code == 400


def test_whether_an_object_is_required(developer: Developer) -> None:
    path = f"/{developer.create()}/requires-object"
    assert developer.call("GET", path).json() == {"requiresObject": True}
    assert developer.call("POST", path, {"requiresObject": False}).status_code == 204
    assert developer.call("GET", path).json() == {"requiresObject": False}
    assert developer.call("POST", path, {}).status_code == 400


# -- execution ---------------------------------------------------------------------------------------------------------


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


# -- blocking ----------------------------------------------------------------------------------------------------------


def test_a_blocked_record_waits_for_its_completion(anywhere: Developer) -> None:
    anywhere.hub.actions.answer = answering(200, hs_execution_state="BLOCK")
    body = anywhere.run(anywhere.create(), set_title())
    anywhere.hub.advance(86_400)
    anywhere.hub.install(scopes=["oauth", *CRM_SCOPES, "automation"])
    assert anywhere.outcomes() == ["blocked"]
    done = anywhere.complete(body["callbackId"], hs_execution_state="SUCCESS", widgetId="99")
    assert (done.status_code, done.content) == (204, b"")
    anywhere.hub.emulator.deliver()
    contact = anywhere.hub.get(f"/crm/v3/objects/contacts/{body['object']['objectId']}?properties=jobtitle").json()
    assert contact["properties"]["jobtitle"] == "99"
    assert anywhere.outcomes() == ["blocked", "completed", "succeeded"]
    assert anywhere.complete(body["callbackId"], hs_execution_state="SUCCESS").status_code == 400, "once"
    anywhere.hub.advance(WEEK)
    assert anywhere.hub.emulator.deliver() == 0


@pytest.mark.parametrize(
    ("duration", "seconds"), [(None, WEEK), ("P1WT1H", WEEK + 3_600), ("PT90S", 90), ("soon", WEEK), ("P", WEEK)]
)
def test_an_expired_block_lets_the_workflow_go_on(developer: Developer, duration: str | None, seconds: int) -> None:
    outputs = {"hs_execution_state": "BLOCK"} | ({"hs_expiration_duration": duration} if duration else {})
    developer.hub.actions.answer = answering(200, **outputs)
    body = developer.run(developer.create(), {"type": "set_property", "property": "jobtitle", "value": "late"})
    developer.hub.advance(seconds - 1)
    developer.hub.emulator.deliver()
    assert developer.outcomes() == ["blocked"]
    developer.hub.advance(1)
    developer.hub.emulator.deliver()
    assert developer.outcomes() == ["blocked", "expired", "succeeded"]
    developer.hub.install(scopes=["oauth", *CRM_SCOPES, "automation"])
    late = developer.complete(body["callbackId"], hs_execution_state="SUCCESS")
    assert (late.status_code, late.json()["category"]) == (400, "VALIDATION_ERROR")


def test_the_expiry_of_a_completed_block_changes_nothing(developer: Developer) -> None:
    developer.hub.actions.answer = answering(200, hs_execution_state="BLOCK", hs_expiration_duration="PT90S")
    late = {"type": "set_property", "property": "jobtitle", "value": "late"}
    body = developer.run(developer.create(), {"type": "delay", "delay_s": 3_600}, late)
    assert developer.complete(body["callbackId"], hs_execution_state="SUCCESS").status_code == 204
    developer.hub.emulator.deliver()
    developer.hub.advance(90)
    developer.hub.emulator.deliver()
    assert developer.outcomes() == ["blocked", "completed", "succeeded"], "the delay goes on"
    developer.hub.advance(3_510)
    developer.hub.emulator.deliver()
    assert developer.outcomes()[3:] == ["succeeded"]


def test_a_completion_that_failed(developer: Developer) -> None:
    developer.hub.actions.answer = answering(200, hs_execution_state="BLOCK")
    body = developer.run(developer.create())
    developer.complete(body["callbackId"], hs_execution_state="FAIL_CONTINUE", code="EXISTS")
    assert (developer.outcomes(), developer.rows()[-1]["message"]) == (["blocked", "completed"], "Odd")


def test_whose_callback_it_is(developer: Developer) -> None:
    hub = developer.hub
    hub.actions.answer = answering(200, hs_execution_state="BLOCK")
    callback = developer.run(developer.create())["callbackId"]
    assert developer.complete("ap-1-2-3-4").status_code == 404
    assert developer.complete("nonsense").status_code == 404
    assert developer.complete(callback, hs_execution_state="BLOCK").status_code == 400
    assert hub.post(f"{developer.callbacks}/{callback}/complete", {}).status_code == 400
    hub.portal(5)
    hub.install(5, scopes=["oauth", "automation"])
    assert developer.complete(callback).status_code == 404, "another account"
    other = {"client_id": "other", "client_secret": "s", "app_id": 7, "redirect_uris": []}
    hub.control("POST", "apps", other | {"conditional_scopes": ["automation"]})
    hub.token = hub.control("POST", f"portals/{HUB}/tokens", {"client_id": "other"})["access_token"]
    assert developer.complete(callback).status_code == 404, "another app"
    hub.token = ""
    assert developer.complete(callback).status_code == 401
    hub.app(conditional_scopes=CRM_SCOPES)
    hub.portal(6)
    hub.install(6)
    assert developer.complete(callback).status_code == 403
    assert developer.outcomes() == ["blocked"]


def test_completions_in_a_batch_are_all_or_none(anywhere: Developer) -> None:
    hub = anywhere.hub
    hub.actions.answer = answering(200, hs_execution_state="BLOCK")
    made = anywhere.create()
    callbacks = [anywhere.run(made)["callbackId"] for _ in range(2)]
    outputs = {"outputFields": {"hs_execution_state": "SUCCESS"}, "typedOutputs": {}}
    inputs = [{"callbackId": each, **outputs} for each in callbacks]
    bad = hub.post(f"{anywhere.callbacks}/complete", {"inputs": [*inputs, {"callbackId": "ap-1-2-3-4", **outputs}]})
    assert (bad.status_code, anywhere.outcomes()) == (404, ["blocked", "blocked"])
    good = hub.post(f"{anywhere.callbacks}/complete", {"inputs": inputs})
    assert (good.status_code, anywhere.outcomes()[2:]) == (204, ["completed", "completed"])


def test_a_snapshot_keeps_who_is_blocked(developer: Developer) -> None:
    developer.hub.actions.answer = answering(200, hs_execution_state="BLOCK")
    made = developer.create()
    callback = developer.run(made)["callbackId"]
    saved = developer.hub.control("GET", "snapshot")
    developer.hub.control("POST", "reset")
    developer.hub.control("PUT", "snapshot", json.loads(json.dumps(saved)))
    assert developer.hub.control("GET", "snapshot") == saved
    assert developer.call("GET", f"/{made}").json()["functions"] == [{"functionType": "PRE_ACTION_EXECUTION"}]
    assert developer.complete(callback, hs_execution_state="SUCCESS").status_code == 204
    developer.hub.control("PUT", "snapshot", developer.hub.control("GET", "snapshot"))
    assert developer.complete(callback, hs_execution_state="SUCCESS").status_code == 400, "it is over, not unknown"
    assert developer.create() > made


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("P1W", WEEK), ("p1wt1h", WEEK + 3_600), ("P1DT2H3M4.5S", 93_784.5), ("PT0S", 0), ("P1Y2M", 425 * 86_400)],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_ms(text) == seconds * 1000


@pytest.mark.parametrize("text", ["", "P", "PT", "1W", "P1H", "P-1D", "PT1", "P1WT", "x" * 200])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="not an ISO-8601 duration"):
        duration_ms(text)


# -- option fetches ----------------------------------------------------------------------------------------------------


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


# -- HubSpot's own client ----------------------------------------------------------------------------------------------


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        """Tests have no use for a server's log."""


@pytest.fixture
def address(developer: Developer) -> Iterator[str]:
    with make_server("127.0.0.1", 0, developer.hub.emulator.wsgi("na1"), handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _egg() -> PublicActionDefinitionEgg:
    red = Option(
        value="red", label="Red", description="", display_order=0, double_data=0.0, hidden=False, read_only=False
    )
    color = FieldTypeDefinition(
        name="color", type="enumeration", field_type="select", options=[red], external_options=False
    )
    return PublicActionDefinitionEgg(
        action_url=ACTION_URL,
        object_types=["CONTACT"],
        published=True,
        input_fields=[InputFieldDefinition(type_definition=color, is_required=True)],
        labels={"en": PublicActionLabels(action_name="Paint")},
        functions=[PublicActionFunction(function_type="POST_ACTION_EXECUTION", function_source="exports")],
    )


def test_the_official_client_manages_definitions(address: str) -> None:
    client = HubSpot(api_key=KEY, host=address).automation.actions
    made = client.definitions_api.create(APP_ID, _egg())
    assert (made.labels["en"].action_name, made.input_fields[0].type_definition.options[0].value) == ("Paint", "red")
    changed = client.definitions_api.update(made.id, APP_ID, PublicActionDefinitionPatch(published=False))
    assert (changed.published, changed.revision_id) == (False, "2")
    assert [each.id for each in client.definitions_api.get_page(APP_ID).results] == [made.id]
    revisions = client.revisions_api.get_page(made.id, APP_ID).results
    assert [each.definition.published for each in revisions] == [True, False]
    assert client.revisions_api.get_by_id(made.id, "2", APP_ID).created_at == revisions[1].created_at
    client.functions_api.create_or_replace(made.id, "PRE_FETCH_OPTIONS", "color", APP_ID, "exports.main")
    client.functions_api.create_or_replace_by_function_type(made.id, "POST_ACTION_EXECUTION", APP_ID, "new")
    kept = client.functions_api.get_by_id(made.id, "PRE_FETCH_OPTIONS", "color", APP_ID)
    assert (kept.function_source, kept.id) == ("exports.main", "color")
    assert client.functions_api.get_by_function_type(made.id, "POST_ACTION_EXECUTION", APP_ID).function_source == "new"
    assert len(client.functions_api.get_page(made.id, APP_ID).results) == 2
    client.functions_api.archive(made.id, "PRE_FETCH_OPTIONS", "color", APP_ID)
    client.functions_api.archive_by_function_type(made.id, "POST_ACTION_EXECUTION", APP_ID)
    assert client.functions_api.get_page(made.id, APP_ID).results == []
    client.definitions_api.archive(made.id, APP_ID)
    with pytest.raises(ApiException) as gone:
        client.definitions_api.get_by_id(made.id, APP_ID)
    assert gone.value.status == 404
    assert client.definitions_api.get_by_id(made.id, APP_ID, archived=True).archived_at is not None


def test_the_official_client_completes_callbacks(address: str, developer: Developer) -> None:
    developer.hub.actions.answer = answering(200, hs_execution_state="BLOCK")
    made = developer.create()
    first = developer.run(made)["callbackId"]
    second = developer.run(made)["callbackId"]
    client = HubSpot(access_token=developer.hub.token, host=address).automation.actions.callbacks_api
    outputs = {"hs_execution_state": "SUCCESS"}
    client.complete(first, CallbackCompletionRequest(output_fields=outputs))
    batch = [CallbackCompletionBatchRequest(callback_id=second, output_fields=outputs)]
    client.complete_batch(BatchInputCallbackCompletionBatchRequest(inputs=batch))
    assert developer.outcomes() == ["blocked", "blocked", "completed", "completed"]
    with pytest.raises(ApiException) as gone:
        client.complete("ap-1-2-3-4", CallbackCompletionRequest(output_fields=outputs))
    assert gone.value.status == 404
