"""Workflows of the emulator that take contacts in and wait for our callbacks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from emulator import Emulator, Options
from emulator.workflows.wire import Incoming, Outgoing
from hubspot_api import automation, errors, objects
from hubspot_api.app_webhooks import DeveloperKey
from hubspot_api.automation import Completion, ExecutionState
from hubspot_api.client import Client
from hubspot_api.ports import StaticToken
from tests.hubspot_api.emulated import HUB, HUB_EU, ORIGINS, SCOPES, Place, never_limited
from tests.hubspot_api.fakes import ok, refusal, world

APP, KEY = 9001, "11111111-2222-4333-8444-555555555555"
ACTION_URL = "http://localhost:8000/act"


@dataclass
class Actions:
    """Our end of a custom action, which always says "later"."""

    asked: list[Any] = field(default_factory=list)

    def __call__(self, request: Outgoing) -> Incoming:
        self.asked.append(json.loads(request.body))
        return Incoming(200, json.dumps({"outputFields": {"hs_execution_state": "BLOCK"}}).encode())

    def callbacks(self) -> list[str]:
        return [str(each["callbackId"]) for each in self.asked]


@pytest.fixture
def actions() -> Actions:
    return Actions()


@pytest.fixture
def place(actions: Actions) -> Iterator[Place]:
    here = Place(Emulator(Options(ORIGINS), limits=never_limited(), fetcher=actions))
    here.app(conditional_scopes=[*SCOPES, "automation"], developer_api_key=KEY)
    yield here
    here.web.close()


@pytest.fixture
def client(place: Place) -> Client:
    return place.client(place.tokens(scopes=[*SCOPES, "automation"])["access_token"])


def action(place: Place) -> dict[str, Any]:
    """Define a custom action, with the developer's key."""
    text = {"typeDefinition": {"name": "answer", "type": "string", "fieldType": "text"}}
    definition = {
        "actionUrl": ACTION_URL,
        "objectTypes": ["CONTACT"],
        "published": True,
        "inputFields": [],
        "outputFields": [{**text, "supportedValueTypes": ["STATIC_VALUE"], "isRequired": False}],
        "labels": {"en": {"actionName": "Ask"}},
        "functions": [],
    }
    developer = Client(StaticToken(KEY), transport=DeveloperKey(place.transport), api_url=ORIGINS["na1"])
    made = developer.request(
        "POST", "/automation/actions/{version}/{app_id}", path_params={"app_id": APP}, json=definition
    )
    return {"type": "custom_action", "definition_id": made.fields.id()}


def workflow(place: Place, client: Client, *plan: dict[str, Any], **options: Any) -> int:
    """Make a workflow; its number is that of before version 4, as enrolment takes it."""
    made = place.control(f"portals/{HUB}/workflows", name="Ask", actions=list(plan), **options)
    listed = client.request("GET", "/automation/v3/workflows").json["workflows"]
    return next(int(each["id"]) for each in listed if each.get("migrationStatus", {}).get("flowId") == int(made["id"]))


def title(output: str = "answer") -> dict[str, Any]:
    return {"type": "set_property", "property": "jobtitle", "value": {"output": {"action": 1, "field": output}}}


def contacts(client: Client, count: int) -> list[tuple[int, str]]:
    page = objects.list_page(client, "contacts", properties=["email"], limit=count)
    return [(one.id, one.properties["email"] or "") for one in page.results]


def jobtitle(client: Client, contact_id: int) -> str | None:
    return objects.get(client, "contacts", contact_id, properties=["jobtitle"]).properties["jobtitle"]


def test_a_workflow_waits_for_its_callback(place: Place, client: Client, actions: Actions) -> None:
    workflow_id = workflow(place, client, action(place), title())
    ((contact_id, email),) = contacts(client, 1)
    automation.enroll(client, workflow_id, email)
    place.emulator.deliver()
    (callback,) = actions.callbacks()
    before = jobtitle(client, contact_id)
    automation.complete(client, Completion(callback, {"answer": "Countess"}))
    place.emulator.deliver()
    assert before != "Countess"
    assert jobtitle(client, contact_id) == "Countess"
    with pytest.raises(errors.BadRequest):
        automation.complete(client, Completion(callback))
    with pytest.raises(errors.NotFound):
        automation.complete(client, Completion("ap-1-2-3-4"))


def test_several_callbacks_at_once(place: Place, client: Client, actions: Actions) -> None:
    workflow_id = workflow(place, client, action(place), title())
    people = contacts(client, 3)
    for _, email in people:
        automation.enroll(client, workflow_id, email)
    place.emulator.deliver()
    first, second, third = actions.callbacks()
    automation.complete_many(client, [Completion(one, {"answer": "Done"}) for one in (first, second)])
    place.emulator.deliver()
    titles = [jobtitle(client, contact_id) for contact_id, _ in people]
    assert titles.count("Done") == 2
    with pytest.raises(errors.BadRequest):
        automation.complete_many(client, [Completion(first), Completion(third)])
    automation.complete(client, Completion(third, state=ExecutionState.FAIL_CONTINUE))


def test_contacts_leave_a_workflow(place: Place, client: Client, actions: Actions) -> None:
    workflow_id = workflow(place, client, action(place), title())
    ((_, email),) = contacts(client, 1)
    automation.enroll(client, workflow_id, email)
    place.emulator.deliver()
    automation.unenroll(client, workflow_id, email)
    with pytest.raises(errors.NotFound):
        automation.unenroll(client, workflow_id, email)
    with pytest.raises(errors.Refused):
        automation.complete(client, Completion(actions.callbacks()[0]))


def test_enrolments_that_are_refused(place: Place, client: Client) -> None:
    nothing = {"type": "delay", "delay_s": 1}
    off = workflow(place, client, nothing, enabled=False)
    ((_, email),) = contacts(client, 1)
    with pytest.raises(errors.BadRequest):
        automation.enroll(client, off, email)
    with pytest.raises(errors.NotFound):
        automation.enroll(client, 424242, email)
    with pytest.raises(errors.NotFound):
        automation.enroll(client, off, "nobody+?/#@x.example")
    stranger = place.client(place.tokens(HUB_EU)["access_token"])
    with pytest.raises(errors.Forbidden):
        automation.enroll(stranger, off, email)
    with pytest.raises(errors.Forbidden):
        automation.complete(stranger, Completion("ap-1-2-3-4"))


CALLS: list[Callable[[Client], None]] = [
    lambda client: automation.enroll(client, 1, "canary@x.example"),
    lambda client: automation.complete(client, Completion("c", {"a": "canary"})),
    lambda client: automation.complete_many(client, [Completion("c", {"a": "canary"})]),
]


@pytest.mark.parametrize("call", CALLS)
def test_nothing_personal_is_told_and_nothing_done_twice(call: Callable[[Client], None]) -> None:
    here = world(httpx2.ReadError("reset"))
    with pytest.raises(errors.AnswerLost) as caught:
        call(here.client)
    assert len(here.hubspot.asked) == 1
    assert "canary" not in f"{caught.value} {here.log.records} {Completion('c', {'a': 'canary'})}"


def test_taking_somebody_out_is_repeated_and_that_they_are_out_is_no_failure() -> None:
    here = world(httpx2.ReadError("reset"), refusal(404, "OBJECT_NOT_FOUND"))
    automation.unenroll(here.client, 1, "canary@x.example")
    assert len(here.hubspot.asked) == 2
    assert "canary" not in f"{here.log.records}"


def test_more_callbacks_than_one_call_takes_are_completed_in_hundreds() -> None:
    here = world(ok(status=204), ok(status=204), refusal(400))
    with pytest.raises(errors.BadRequest) as caught:
        automation.complete_many(here.client, [Completion(str(number)) for number in range(250)])
    assert [len(body["inputs"]) for body in here.hubspot.bodies()] == [100, 100, 50]
    assert caught.value.partial is not None
    assert caught.value.partial.answered == 200
