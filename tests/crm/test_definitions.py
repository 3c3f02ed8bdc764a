"""What properties are called, and what their values are called."""

from __future__ import annotations

from crm.models import Property, Sync
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
