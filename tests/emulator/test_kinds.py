"""Every kind of record that HubSpot defines, over the same calls."""

from __future__ import annotations

import pytest

from emulator.crm.catalog import BUILT_IN, STANDARD
from emulator.crm.object_types import CORE, ObjectType
from tests.emulator.hub import ADMIN, HUB, USER, Hub

EVERY_SCOPE = sorted(
    {scope for kind in STANDARD for scope in (*kind.scopes.read, *kind.scopes.write, *kind.scopes.schema_read)}
)
_LEAD = "0-136"
OTHERS = [kind for kind in STANDARD if kind not in CORE and kind.creatable and kind.type_id != _LEAD]
MADE_ELSEWHERE = [kind for kind in STANDARD if not kind.creatable]

_VALUES = {"string": "Some text", "number": "12", "datetime": "2026-03-01T10:00:00Z", "date": "2026-03-01"}


def plural(kind: ObjectType) -> str:
    return kind.plural


def complete(kind: ObjectType) -> dict[str, str]:
    """The least that a record of this kind needs."""
    return {p.name: _VALUES[p.type] for p in BUILT_IN[kind.type_id] if p.name in kind.needs_all_of}


@pytest.fixture
def hub(bare: Hub) -> Hub:
    """A private app with every scope that there is."""
    answer = bare.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": EVERY_SCOPE})
    bare.token = answer["access_token"]
    return bare


@pytest.mark.parametrize("kind", OTHERS, ids=plural)
def test_a_record_is_made_read_changed_found_and_archived(hub: Hub, kind: ObjectType) -> None:
    base = f"/crm/objects/2026-03/{kind.plural}"
    made = hub.post(base, {"properties": complete(kind)})
    assert made.status_code == 201, made.text
    record_id = made.json()["id"]
    shown = hub.get(f"/crm/v3/objects/{kind.type_id}/{record_id}").json()
    assert set(shown["properties"]) == set(kind.default_properties)
    assert shown["properties"][kind.created_property] == shown["createdAt"]
    changed = hub.call("PATCH", f"{base}/{record_id}", {"properties": {"hubspot_owner_id": ""}})
    assert changed.status_code == 200
    found = hub.search(kind.name, {"filters": [{"propertyName": "hs_object_id", "operator": "EQ", "value": record_id}]})
    assert [each["id"] for each in found.json()["results"]] == [record_id]
    assert hub.call("DELETE", f"{base}/{record_id}").status_code == 204
    assert hub.get(f"{base}/{record_id}").status_code == 404


@pytest.mark.parametrize("kind", [kind for kind in OTHERS if kind.needs_all_of], ids=plural)
def test_what_a_record_needs_is_asked_for(hub: Hub, kind: ObjectType) -> None:
    refused = hub.post(f"/crm/v3/objects/{kind.plural}", {"properties": {}})
    assert refused.status_code == 400
    assert kind.needs_all_of[0] in refused.text


@pytest.mark.parametrize("kind", MADE_ELSEWHERE, ids=plural)
def test_some_kinds_come_into_being_elsewhere(hub: Hub, kind: ObjectType) -> None:
    assert hub.post(f"/crm/v3/objects/{kind.plural}", {"properties": {}}).status_code == 400
    batch = hub.post(f"/crm/v3/objects/{kind.plural}/batch/create", {"inputs": [{"properties": {}}]})
    assert batch.status_code == 400


@pytest.mark.parametrize("kind", [kind for kind in STANDARD if not kind.lists_archived], ids=plural)
def test_the_recycle_bin_of_most_activities_is_not_listed(hub: Hub, kind: ObjectType) -> None:
    refused = hub.get(f"/crm/v3/objects/{kind.plural}", archived="true")
    assert refused.status_code == 400
    assert refused.json()["category"] == "VALIDATION_ERROR"


def test_the_users_are_records_too(hub: Hub) -> None:
    answer = hub.get("/crm/v3/objects/users", properties="hs_email,hs_internal_user_id,hs_availability_status")
    users = [each["properties"] for each in answer.json()["results"]]
    assert [user["hs_internal_user_id"] for user in users] == [str(ADMIN), str(USER)]
    assert {user["hs_availability_status"] for user in users} == {"available"}


def test_a_lead_needs_its_contact(hub: Hub) -> None:
    lead = {"properties": {"hs_lead_name": "Ada"}}
    refused = hub.post("/crm/v3/objects/leads", lead)
    assert refused.status_code == 400
    contact = hub.create("contacts", email="ada@lead.example")
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578}
    made = hub.post("/crm/v3/objects/leads", lead | {"associations": [{"to": {"id": contact}, "types": [spec]}]})
    assert made.status_code == 201, made.text
    found = hub.get(f"/crm/v4/objects/leads/{made.json()['id']}/associations/contacts").json()["results"]
    [[specs]] = [[each["associationTypes"]] for each in found]
    assert {each["typeId"] for each in specs} == {578, 608}
    lead_id = made.json()["id"]
    hub.call("DELETE", f"/crm/v4/objects/leads/{lead_id}/associations/contacts/{contact}")
    assert hub.get(f"/crm/v3/objects/leads/{lead_id}").status_code == 404
    assert hub.get(f"/crm/v3/objects/leads/{lead_id}", archived="true").status_code == 200


@pytest.mark.parametrize(
    ("activity", "to_contact", "to_deal"),
    [("tasks", 204, 216), ("notes", 202, 214), ("calls", 194, 206), ("emails", 198, 210), ("meetings", 200, 212)],
)
def test_activities_belong_to_records(hub: Hub, activity: str, to_contact: int, to_deal: int) -> None:
    contact = hub.create("contacts", email="ada@activity.example")
    deal = hub.create("deals", dealname="A deal", dealstage="contractsent")
    links = [
        {"to": {"id": to_id}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]}
        for to_id, type_id in ((contact, to_contact), (deal, to_deal))
    ]
    body = {"properties": {"hs_timestamp": "2026-03-01T10:00:00Z"}, "associations": links}
    made = hub.post(f"/crm/v3/objects/{activity}", body)
    assert made.status_code == 201, made.text
    for kind, partner in (("contacts", contact), ("deals", deal)):
        shown = hub.get(f"/crm/v3/objects/{kind}/{partner}", associations=activity).json()
        assert [row["id"] for row in shown["associations"][activity]["results"]] == [made.json()["id"]]
