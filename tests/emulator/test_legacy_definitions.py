"""Properties v1 and v2, the two older generations of pipelines, owners v2, and when old APIs end."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.instants import parse_instant
from tests.emulator.hub import HUB, USER, Hub

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/companies/v2/properties", "companies"),
        ("/properties/v1/deals/properties", "deals"),
        ("/properties/v1/contacts/properties", "contacts"),
        *(
            (f"/properties/v2/{name}/properties", kind)
            for name, kind in [
                ("contact", "contacts"),
                ("contacts", "contacts"),
                ("company", "companies"),
                ("companies", "companies"),
                ("deal", "deals"),
                ("deals", "deals"),
                ("ticket", "tickets"),
                ("tickets", "tickets"),
            ]
        ),
    ],
)
def test_definitions_are_those_of_v3_in_a_bare_array(hub: Hub, path: str, kind: str) -> None:
    old = hub.get(path).json()
    new = hub.get(f"/crm/v3/properties/{kind}").json()["results"]
    assert [each["name"] for each in old] == [each["name"] for each in new]
    for before, after in zip(old, new, strict=True):
        assert (before["type"], before["fieldType"], before["groupName"]) == (
            after["type"],
            after["fieldType"],
            after["groupName"],
        )
        assert before["createdAt"] == parse_instant(after["createdAt"])
        assert before["readOnlyValue"] == after["modificationMetadata"]["readOnlyValue"]
        assert [o["value"] for o in before["options"]] == [o["value"] for o in after["options"]]
        assert before["deleted"] is False


def test_a_definition_by_name_and_unknown_ones(hub: Hub) -> None:
    assert hub.get("/properties/v2/contacts/properties/named/email").json()["name"] == "email"
    assert hub.get("/companies/v2/properties/named/domain").json()["label"]
    assert hub.get("/properties/v2/contacts/properties/named/nonsense").status_code == 404
    assert hub.get("/properties/v2/gadgets/properties").status_code == 400


def test_a_property_of_the_accounts_own_appears(hub: Hub) -> None:
    body = {
        "name": "erp_id",
        "label": "ERP id",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
        "hasUniqueValue": True,
    }
    hub.post("/crm/v3/properties/contacts", body)
    shown = hub.get("/properties/v2/contact/properties/named/erp_id").json()
    assert (shown["hubspotDefined"], shown["hasUniqueValue"], shown["createdAt"]) == (False, True, hub.time.ms)


def test_groups_with_their_properties(hub: Hub) -> None:
    plain = hub.get("/properties/v1/contacts/groups").json()
    assert "properties" not in plain[0]
    full = hub.get("/properties/v1/contacts/groups?includeProperties=True").json()
    assert [group["name"] for group in full] == [group["name"] for group in plain]
    names = [each["name"] for group in full for each in group["properties"]]
    assert sorted(names) == sorted(each["name"] for each in hub.get("/properties/v2/contacts/properties").json())


def test_deal_pipelines_of_the_oldest_kind(hub: Hub) -> None:
    (sales,) = hub.get("/deals/v1/pipelines").json()
    assert (sales["pipelineId"], sales["active"], sales["staticDefault"]) == ("default", True, True)
    won = [stage["stageId"] for stage in sales["stages"] if stage["closedWon"]]
    assert won == ["closedwon"]
    assert sales["stages"][0]["probability"] == 0.2
    assert hub.get("/deals/v1/pipelines/default").json() == sales
    assert hub.get("/deals/v1/pipelines/none").status_code == 404


@pytest.mark.parametrize(("kind", "constant", "type_id"), [("deals", "DEAL", "0-3"), ("tickets", "TICKET", "0-5")])
def test_pipelines_v1(hub: Hub, kind: str, constant: str, type_id: str) -> None:
    old = hub.get(f"/crm-pipelines/v1/pipelines/{kind}").json()["results"]
    new = hub.get(f"/crm/v3/pipelines/{kind}").json()["results"]
    assert [each["pipelineId"] for each in old] == [each["id"] for each in new]
    assert (old[0]["objectType"], old[0]["objectTypeId"], old[0]["default"]) == (constant, type_id, True)
    stages = [(stage["stageId"], stage["metadata"]) for stage in old[0]["stages"]]
    assert stages == [(stage["id"], stage["metadata"]) for stage in new[0]["stages"]]


def test_pipelines_v1_end_on_their_day(hub: Hub) -> None:
    left = parse_instant("2026-12-04") - hub.time.ms
    hub.time.pass_(left / 1000 - 1)
    hub.install()
    assert hub.get("/crm-pipelines/v1/pipelines/deals").status_code == 200
    hub.advance(1)
    gone = hub.get("/crm-pipelines/v1/pipelines/deals")
    assert (gone.status_code, gone.json()["status"]) == (404, "error")
    assert hub.get("/deals/v1/pipelines").status_code == 200


def test_a_sunset_can_be_moved(hub: Hub) -> None:
    assert hub.control("GET", "sunsets") == {"pipelines_v1": "2026-12-04", "owners_v2": "2025-03-24"}
    hub.control("POST", "sunsets", {"pipelines_v1": "2026-01-01"})
    assert hub.get("/crm-pipelines/v1/pipelines/deals").status_code == 404
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "sunsets", {"pipelines_v1": None})
    hub.advance(400 * 86_400)
    hub.install()
    assert hub.get("/crm-pipelines/v1/pipelines/deals").status_code == 200
    hub.control("PUT", "snapshot", saved)
    assert hub.control("GET", "sunsets")["pipelines_v1"] == "2026-01-01"
    hub.control("POST", "reset")
    assert hub.control("GET", "sunsets")["pipelines_v1"] == "2026-12-04"


@pytest.mark.parametrize("body", [{"pipelines_v1": "soon"}, {"pipelines_v9": None}, {"pipelines_v1": 5}, []])
def test_sunsets_that_are_refused(hub: Hub, body: Any) -> None:
    answer = hub.http.post("/_emulator/sunsets", json=body)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_owners_v2_are_gone_unless_they_are_brought_back(hub: Hub) -> None:
    assert hub.get("/owners/v2/owners").status_code == 404
    hub.control("POST", "sunsets", {"owners_v2": None})
    old = hub.get("/owners/v2/owners").json()
    new = hub.get("/crm/v3/owners").json()["results"]
    assert [(each["ownerId"], each["activeUserId"]) for each in old] == [(int(o["id"]), o["userId"]) for o in new]
    uma = hub.get("/owners/v2/owners?email=UMA.user@test.example").json()
    assert [each["activeUserId"] for each in uma] == [USER]
    assert hub.get(f"/owners/v2/owners/{uma[0]['ownerId']}").json() == uma[0]
    assert uma[0]["portalId"] == HUB
    assert hub.get("/owners/v2/owners/7").status_code == 404


def test_definitions_and_groups_of_the_accounts_own_kinds(bare: Hub) -> None:
    scopes = ["oauth", "crm.schemas.custom.read", "crm.schemas.custom.write", "crm.objects.custom.read"]
    bare.app(conditional_scopes=scopes)
    bare.portal(7, tier="enterprise")
    bare.install(7, scopes=scopes)
    schema = {
        "name": "boats",
        "labels": {"singular": "Boat", "plural": "Boats"},
        "primaryDisplayProperty": "name",
        "requiredProperties": ["name"],
        "associatedObjects": ["CONTACT"],
        "properties": [{"name": "name", "label": "Name", "type": "string", "fieldType": "text"}],
    }
    made = bare.post("/crm/v3/schemas", schema)
    assert made.status_code == 201, made.text
    type_id = made.json()["objectTypeId"]
    old = bare.get(f"/properties/v2/{type_id}/properties").json()
    new = bare.get(f"/crm/v3/properties/{type_id}").json()["results"]
    assert [each["name"] for each in old] == [each["name"] for each in new]
    groups = bare.get(f"/properties/v2/{type_id}/groups?includeProperties=true").json()
    assert "name" in [each["name"] for group in groups for each in group["properties"]]
