"""A record's way through a workflow: what answers are good for, delays, and what is kept."""

from __future__ import annotations

import json

import pytest

from emulator.workflows.wire import Incoming
from tests.emulator.hub import HUB, Hub
from tests.emulator.workflows import URL, define, executions, run, webhook


def test_fields_of_the_answer_are_for_later_actions(hub: Hub) -> None:
    hub.actions.answer = Incoming(200, b'{"score":42,"label":"hot","more":{"a":[1]},"none":null}')
    later = [
        {"type": "set_property", "property": "jobtitle", "value": {"output": {"action": 1, "field": "label"}}},
        webhook(
            body={"s": {"output": {"action": 1, "field": "score"}}, "m": {"output": {"action": 1, "field": "more"}}}
        ),
    ]
    contact, [_, second] = run(hub, webhook(), *later)
    assert json.loads(second.body) == {"s": "42", "m": '{"a":[1]}'}
    assert hub.get(f"/crm/v3/objects/contacts/{contact}?properties=jobtitle").json()["properties"]["jobtitle"] == "hot"
    assert executions(hub)[0]["outputs"] == {"score": "42", "label": "hot", "more": '{"a":[1]}'}


@pytest.mark.parametrize("answer", [b"", b"OK", b"[1]", b'"x"'])
def test_other_answers_have_no_fields(hub: Hub, answer: bytes) -> None:
    hub.actions.answer = Incoming(200, answer)
    run(hub, webhook())
    [row] = executions(hub)
    assert (row["outcome"], row["outputs"]) == ("succeeded", {})


def test_set_property_is_the_platform_s_own_change(hub: Hub) -> None:
    hub.subscribe("contact.propertyChange:jobtitle")
    run(hub, {"type": "set_property", "property": "jobtitle", "value": "Chief"})
    [event] = hub.receiver.events
    assert (event["propertyValue"], event["changeSource"]) == ("Chief", "AUTOMATION_PLATFORM")
    assert event["sourceId"].startswith("enrollmentId:")


def test_a_value_that_a_property_does_not_take_fails_the_action_only(hub: Hub) -> None:
    _, sent = run(hub, {"type": "set_property", "property": "lifecyclestage", "value": "nonsense"}, webhook())
    assert len(sent) == 1
    assert executions(hub)[0]["outcome"] == "failed"
    assert "nonsense" in executions(hub)[0]["message"]


def test_delays_are_on_the_virtual_clock(hub: Hub) -> None:
    _, sent = run(hub, {"type": "delay", "delay_s": 3_600}, webhook())
    assert sent == []
    hub.advance(3_599)
    assert hub.emulator.deliver() == 0
    hub.advance(1)
    assert hub.emulator.deliver() == 1


def test_a_record_that_is_gone_leaves_the_workflow(hub: Hub) -> None:
    contact, _ = run(hub, {"type": "delay", "delay_s": 10}, webhook())
    hub.change({"op": "archive", "object_type": "contact", "id": contact})
    hub.advance(10)
    hub.emulator.deliver()
    assert hub.actions.took() == []
    assert executions(hub)[-1]["outcome"] == "unenrolled"
    [workflow] = hub.control("GET", f"portals/{HUB}/workflows")["items"]
    assert (workflow["active"], workflow["enrolled"], workflow["completed"]) == (0, 1, 0)


def test_the_ledger_shows_request_and_answer(hub: Hub) -> None:
    hub.actions.answer = Incoming(201, b'{"ok":true}')
    contact, _ = run(hub, webhook(body={"a": "b"}))
    [row] = executions(hub)
    assert (row["kind"], row["method"], row["url"], row["status"]) == ("send_webhook", "POST", URL, 201)
    assert (row["body"], row["answer"], row["object_id"]) == ({"a": "b"}, '{"ok":true}', int(contact))
    assert executions(hub, since=row["seq"]) == []
    assert hub.control("GET", "workflow_executions?hub_id=5")["items"] == []


# -- state -------------------------------------------------------------------------------------------------------------


def test_a_snapshot_keeps_who_is_on_the_way(hub: Hub) -> None:
    hub.actions.answer = 500
    run(hub, webhook(), webhook(url="http://localhost/next"))
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.advance(86_400)
    assert hub.emulator.deliver() == 0
    hub.control("PUT", "snapshot", saved)
    assert hub.control("GET", "snapshot") == saved
    hub.actions.took()
    hub.actions.answer = 200
    hub.advance(60)
    assert hub.emulator.deliver() == 2
    [workflow] = hub.control("GET", f"portals/{HUB}/workflows")["items"]
    assert (workflow["active"], workflow["completed"]) == (0, 1)


def test_snapshots_from_before_load(hub: Hub) -> None:
    saved = hub.control("GET", "snapshot")
    del saved["workflows"]
    define(hub, webhook())
    hub.control("PUT", "snapshot", saved)
    assert hub.control("GET", f"portals/{HUB}/workflows")["items"] == []


def test_a_damaged_snapshot_changes_nothing(hub: Hub) -> None:
    define(hub, webhook())
    saved = hub.control("GET", "snapshot")
    saved["workflows"]["workflows"][0]["plan"]["actions"] = "x"
    assert hub.http.put("/_emulator/snapshot", json=saved).status_code == 400
    assert len(hub.control("GET", f"portals/{HUB}/workflows")["items"]) == 1


def test_a_closed_account_has_no_workflows(hub: Hub) -> None:
    run(hub, {"type": "delay", "delay_s": 10}, webhook())
    hub.control("DELETE", f"portals/{HUB}")
    hub.advance(10)
    assert hub.emulator.deliver() == 0
    assert hub.emulator.workflows.book.workflows == {}
