"""Fetching the options of an input field, as HubSpot does while somebody configures a custom action."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from emulator.clock import wall_ms
from emulator.oauth.apps import App
from emulator.workflows.definitions import Definition
from emulator.workflows.executions import Execution
from emulator.workflows.requests import options_request, origin
from emulator.workflows.room import Workflows, with_exchange
from emulator.workflows.steps import exchange

Json = dict[str, Any]


@dataclass(frozen=True)
class OptionFetch:
    hub_id: int
    definition: Definition
    app: App
    object_type_id: str
    input_field: str
    # The fields filled in so far, as HubSpot describes them.
    input_fields: Json
    q: str | None = None
    after: str | None = None

    @property
    def url(self) -> str | None:
        field = self.definition.latest.fields[self.input_field]
        url: str | None = field["typeDefinition"].get("optionsUrl")
        return url

    def body(self) -> Json:
        """developers.hubspot.com/docs/api/automation/custom-workflow-actions#using-external-data"""
        asked = {"q": self.q, "after": self.after}
        return {
            "origin": origin(self.hub_id, self.definition),
            "objectTypeId": self.object_type_id,
            "inputFieldName": self.input_field,
            "inputFields": self.input_fields,
            "fetchOptions": {name: value for name, value in asked.items() if value is not None},
        }


def fetch_options(room: Workflows, wanted: OptionFetch, now: int) -> Json:
    """What the app answered, and what HubSpot makes of it: options, or what is wrong with them."""
    assert wanted.url is not None
    done = exchange(room.fetch, options_request(wanted.url, wanted.body(), wanted.app, room.timeouts))
    answer = done.answer
    problem = done.error if answer is None else _problem(answer.status, answer.body)
    row = (wanted.hub_id, None, None, None, "option_fetch", wanted.object_type_id, None, 1)
    word = "failed" if problem else "succeeded"
    room.ledger.add(lambda seq: with_exchange(Execution(seq, wall_ms(), now, *row, word, problem), done))
    if problem is not None or answer is None:
        return {"status": answer.status if answer else None, "error": problem}
    given = json.loads(answer.body)
    return {"status": answer.status, "searchable": False, **_known(given)}


def _known(given: Json) -> Json:
    options = [
        {"label": each["label"], "description": each.get("description") or "", "value": each["value"]}
        for each in given["options"]
    ]
    more = {name: given[name] for name in ("after", "searchable") if given.get(name) is not None}
    return {"options": options, **more}


def _problem(status: int, body: bytes) -> str | None:
    """Why the people who configure the action see no options."""
    if not 200 <= status < 300:
        return f"the app answered {status}"
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return "the answer is not JSON"
    if not isinstance(given, dict) or not isinstance(given.get("options"), list):
        return "the answer has no list of options"
    for place, option in enumerate(given["options"]):
        if not isinstance(option, dict):
            return f"options[{place}] is not an object"
        for name, needed in (("label", True), ("value", True), ("description", False)):
            value = option.get(name)
            if not isinstance(value, str) and (needed or value is not None):
                return f"options[{place}].{name} is not a string"
    if given.get("after") is not None and not isinstance(given["after"], str):
        return "after is not a string"
    if given.get("searchable") is not None and not isinstance(given["searchable"], bool):
        return "searchable is not true or false"
    return None
