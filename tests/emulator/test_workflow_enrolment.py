"""Who enters a workflow, and how often."""

from __future__ import annotations

from tests.emulator.hub import Hub
from tests.emulator.workflows import define, enroll, run, webhook


def test_nobody_is_enrolled_twice_at_a_time(hub: Hub) -> None:
    contact = hub.create(email="a@b.co")
    workflow = define(hub, {"type": "delay", "delay_s": 10}, webhook())
    assert enroll(hub, workflow, contact, "999", "x") == {
        "enrolled": [contact],
        "skipped": [
            {"id": "999", "reason": "there is no such record"},
            {"id": "x", "reason": "there is no such record"},
        ],
    }
    hub.emulator.deliver()
    assert enroll(hub, workflow, contact)["skipped"] == [{"id": contact, "reason": "on the way already"}]
    hub.advance(10)
    hub.emulator.deliver()
    assert enroll(hub, workflow, contact)["enrolled"] == [contact], "by hand, again"


def test_a_property_s_value_enrols_once(hub: Hub) -> None:
    trigger = {"type": "property", "property": "jobtitle", "values": ["Chief", "Boss"]}
    define(hub, webhook(), trigger=trigger)
    contact = hub.create(email="a@b.co", jobtitle="Chief")
    for value in ("Clerk", "Boss"):
        hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"jobtitle": value}})
        hub.emulator.deliver()
    assert len(hub.actions.took()) == 1


def test_with_re_enrolment_each_time(hub: Hub) -> None:
    define(hub, webhook(), trigger={"type": "property", "property": "jobtitle"}, re_enroll=True)
    contact = hub.create(email="a@b.co", jobtitle="Chief")
    for value in ("", "Boss"):
        hub.emulator.deliver()
        hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"jobtitle": value}})
    hub.emulator.deliver()
    assert len(hub.actions.took()) == 2, "an emptied property has no value"


def test_a_workflow_that_is_off_enrols_nobody(hub: Hub) -> None:
    workflow = define(hub, webhook(), trigger={"type": "property", "property": "jobtitle"}, enabled=False)
    contact = hub.create(email="a@b.co", jobtitle="Chief")
    assert enroll(hub, workflow, contact)["skipped"] == [{"id": contact, "reason": "the workflow is off"}]
    assert hub.emulator.deliver() == 0


def test_one_workflow_enrols_in_another(hub: Hub) -> None:
    define(hub, webhook(), trigger={"type": "property", "property": "jobtitle", "values": ["Chief"]})
    _, sent = run(hub, {"type": "set_property", "property": "jobtitle", "value": "Chief"})
    assert len(sent) == 1
