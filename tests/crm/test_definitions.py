"""What properties are called, and what their values are called."""

from __future__ import annotations

from crm.models import Owner, Property, Sync
from installations.models import Portal
from tests.hubspot import HubSpot

from .mirrored import work_until_idle


def options_of(portal: Portal, object_type: str, name: str) -> dict[str, str]:
    return dict(Property.objects.get(portal=portal, object_type=object_type, name=name).options)


def test_stages_and_pipelines_have_labels(portal: Portal) -> None:
    """HubSpot names no options with these properties: their values live in the pipelines."""
    work_until_idle()
    assert options_of(portal, "0-3", "dealstage")["closedwon"] == "Closed Won"
    assert options_of(portal, "0-3", "pipeline")["default"] == "Sales Pipeline"
    assert options_of(portal, "0-5", "hs_pipeline_stage")["1"] == "New"
    assert options_of(portal, "0-5", "hs_pipeline")["0"] == "Support Pipeline"


def test_pipelines_that_may_not_be_read_close_nothing(portal: Portal, hubspot: HubSpot) -> None:
    fault = {"match": {"path": "/crm/pipelines/2026-03/0-3"}, "action": "status", "params": {"status": 403}}
    hubspot.call("POST", "/_emulator/faults", fault)
    work_until_idle()
    assert Sync.objects.get(portal=portal, object_type="0-3").state == Sync.State.IN_SYNC
    assert options_of(portal, "0-3", "dealstage") == {}


ODD = "Null \0 here"  # PostgreSQL takes no NUL, neither as text nor in JSON
READABLE = "Null \ufffd here"


def test_definitions_with_text_that_cannot_be_kept_as_it_is(portal: Portal, hubspot: HubSpot) -> None:
    """One odd label must not keep a whole type from being read."""
    option = {"label": ODD, "value": ODD, "displayOrder": 0, "hidden": False}
    odd = {"name": "odd", "label": ODD, "type": "enumeration", "fieldType": "select", "groupName": ODD}
    answer = {"results": [odd | {"options": [option], "description": ""}]}
    hubspot.fault("status", {"path": "/crm/properties/2026-03/0-1"}, params={"status": 200, "body": answer})
    work_until_idle()
    assert Sync.objects.get(portal=portal, object_type="0-1").state == Sync.State.IN_SYNC
    kept = Property.objects.get(portal=portal, object_type="0-1", name="odd")
    assert (kept.label, kept.group, kept.options) == (READABLE, READABLE, [[READABLE, READABLE]])


def test_owners_with_names_that_cannot_be_kept_as_they_are(portal: Portal, hubspot: HubSpot) -> None:
    owner = {"id": "7", "email": "a\0@example.com", "firstName": ODD, "lastName": "", "archived": False, "teams": []}
    times = {"createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z", "type": "PERSON"}
    hubspot.fault("status", {"path": "/crm/owners"}, params={"status": 200, "body": {"results": [owner | times]}})
    work_until_idle()
    kept = Owner.objects.get(portal=portal, owner_id=7)
    assert (kept.name, kept.email) == (READABLE, "a\ufffd@example.com")
