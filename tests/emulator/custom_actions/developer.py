"""A developer of custom actions, their definitions and the answers that their service gives."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from emulator.workflows.wire import Incoming
from tests.emulator.hub import APP_ID, HUB, Hub, fresh_email

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


def answering(status: int = 200, **outputs: Any) -> Incoming:
    return Incoming(status, json.dumps({"outputFields": outputs}).encode())


def set_title(output: str = "widgetId") -> Json:
    value = {"output": {"action": 1, "field": output}}
    return {"type": "set_property", "property": "jobtitle", "value": value}
