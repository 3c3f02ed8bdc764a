"""How much of its limits an account has used."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import HUB, Hub, created

Json = dict[str, Any]
BASE = "/crm/v3/limits"


def row(rows: list[Json], type_id: str) -> Json:
    return next(each for each in rows if each["objectTypeId"] == type_id)


@pytest.mark.parametrize("base", [BASE, "/crm/limits/2025-09", "/crm/limits/2026-03", "/crm/limits/2026-09"])
def test_records_are_counted(hub: Hub, base: str) -> None:
    hub.change(created(), created())
    answer = hub.get(f"{base}/records").json()
    contacts = row(answer["hubspotDefinedObjectTypes"], "0-1")
    assert (contacts["usage"], contacts["pluralLabel"]) == (2, "Contacts")
    assert contacts["limit"] > 1_000_000
    assert answer["customObjectTypes"]["byObjectType"] == []


def test_properties_of_the_accounts_own_are_counted(hub: Hub) -> None:
    for name in ("one", "two"):
        definition = {"name": name, "label": name, "type": "string", "fieldType": "text"}
        made = hub.post("/crm/v3/properties/contacts", definition | {"groupName": "contactinformation"})
        assert made.status_code == 201
    hub.call("DELETE", "/crm/v3/properties/contacts/two")
    answer = hub.get(f"{BASE}/custom-properties").json()
    assert row(answer["byObjectType"], "0-1")["usage"] == answer["overallUsage"] == 1
    assert row(answer["byObjectType"], "0-1")["percentage"] == 0.1
    assert hub.get(f"{BASE}/calculated-properties").json()["overallUsage"] == 0


def test_pipelines_and_object_types(hub: Hub) -> None:
    pipelines = hub.get(f"{BASE}/pipelines").json()["hubspotDefinedObjectTypes"]
    assert (row(pipelines, "0-3")["usage"], row(pipelines, "0-3")["limit"]) == (1, 15)
    assert hub.get(f"{BASE}/custom-object-types").json() == {"usage": 0, "limit": 0, "percentage": 0.0}


def test_records_with_many_associations(hub: Hub) -> None:
    crm = hub.emulator.portals[HUB].crm
    acme = hub.change({"op": "create", "object_type": "company", "properties": {"name": "Acme"}})[0]["id"]
    people = [each["id"] for each in hub.change(*(created() for _ in range(5)))]
    for each in people[:4]:
        to = {"object_type": "contact", "id": each}
        hub.change({"op": "associate", "object_type": "company", "id": acme, "to": to})
    path = f"{BASE}/associations/records/companies/contacts"
    quiet = hub.get(path).json()
    assert (quiet["limit"], quiet["totalRecordsAtLimit"], quiet["totalRecordsNearLimit"]) == (50_000, 0, 0)
    assert hub.get(f"{BASE}/associations/records/from").json() == {"results": []}
    crm.association_limits[280] = 5
    near = hub.get(path).json()
    sample = {"objectId": int(acme), "label": "Acme", "usage": 4, "percentage": 80.0}
    assert (near["limit"], near["nearLimitFromRecordSamples"]) == (5, [sample])
    [found] = hub.get(f"{BASE}/associations/records/from").json()["results"]
    assert (found["objectTypeId"], found["hasRecordsNearLimit"], found["hasRecordsAtLimit"]) == ("0-2", True, False)
    crm.association_limits[280] = 4
    full = hub.get(path).json()
    assert full["atLimitFromRecordSamples"] == [{"objectId": int(acme), "label": "Acme"}]
    [found] = hub.get(f"{BASE}/associations/records/0-2/to").json()["results"]
    assert (found["objectTypeId"], found["hasRecordsAtLimit"]) == ("0-1", True)
    assert hub.get(f"{BASE}/associations/records/butterflies/to").status_code == 400


def test_labels(hub: Hub) -> None:
    assert hub.get(f"{BASE}/associations/labels").json() == {"results": []}
    made = hub.post("/crm/v4/associations/contacts/companies/labels", {"name": "boss", "label": "Boss"})
    assert made.status_code == 200, made.text
    rows = hub.get(f"{BASE}/associations/labels", fromObjectTypeId="0-1", toObjectTypeId="0-2").json()["results"]
    assert [(each["allLabels"], each["usage"], each["limit"], each["percentage"]) for each in rows] == [
        (["Boss"], 1, 10, 10.0)
    ]
    assert len(hub.get(f"{BASE}/associations/labels").json()["results"]) == 2


def test_scopes(hub: Hub) -> None:
    hub.app(conditional_scopes=["crm.lists.read"])
    private = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["crm.lists.read"]})
    hub.token = private["access_token"]
    assert hub.get(f"{BASE}/records").status_code == 403
