"""The pages of what workflows sent."""

from __future__ import annotations

import re
from typing import Any

import pytest

from emulator.workflows.wire import Incoming
from tests.emulator.hub import HUB, Hub
from tests.emulator.pages import page, record

LIST = "/_ui/executions"
URL = "http://localhost:8000/workflow"


def run(hub: Hub, *actions: dict[str, Any]) -> str:
    """A new contact through a new workflow; the contact's id."""
    contact = hub.create(email="ada@b.co", firstname="<Ada>")
    body = {"name": "Welcome", "actions": list(actions)}
    workflow_id = hub.control("POST", f"portals/{HUB}/workflows", body)["id"]
    hub.control("POST", f"portals/{HUB}/workflows/{workflow_id}/enroll", {"ids": [contact]})
    hub.emulator.deliver()
    return contact


def rows(hub: Hub, **query: str) -> list[str]:
    return re.findall(rf'href="{LIST}/(\d+)"', page(hub, LIST, **query))


def test_no_workflow_did_anything_yet(hub: Hub) -> None:
    assert "No workflow did anything yet" in page(hub, LIST)
    assert f'href="{LIST}"' in page(hub, "/_ui/deliveries")


def test_what_workflows_did_with_requests_and_answers(hub: Hub) -> None:
    hub.actions.answer = Incoming(200, b'{"score": 7}')
    contact = run(
        hub,
        {"type": "send_webhook", "url": URL},
        {"type": "set_property", "property": "lastname", "value": "Lovelace"},
    )
    assert len(rows(hub)) == 2
    [first] = rows(hub, kind="send_webhook")
    assert first in rows(hub, outcome="succeeded")
    assert rows(hub, hub_id="5") == []
    assert "No action matches" in page(hub, LIST, outcome="expired")
    shown = page(hub, f"{LIST}/{first}")
    assert URL in shown
    assert "&quot;score&quot;" in shown
    assert "&lt;Ada&gt;" in shown
    assert f'href="{record(contact)}"' in shown


def test_an_action_that_is_tried_again(hub: Hub) -> None:
    hub.actions.answer = 0
    run(hub, {"type": "send_webhook", "url": URL})
    [seq] = rows(hub, outcome="retrying")
    assert "No answer: " in page(hub, f"{LIST}/{seq}")


@pytest.mark.parametrize("seq", ["0", "99", "x", "²"])
def test_executions_that_are_not_there(hub: Hub, seq: str) -> None:
    answer = hub.http.get(f"{LIST}/{seq}")
    assert answer.status_code == 404
    assert "There is no execution" in answer.text
