"""Properties, pipelines, owners and the account's details."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import ADMIN, HUB, USER, Hub

Json = dict[str, Any]
BASES = ["/crm/v3/{}", "/crm/{}/2025-09", "/crm/{}/2026-03", "/crm/{}/2026-09"]


def definition(**changes: Any) -> Json:
    return {
        "name": "erp_id",
        "label": "ERP id",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
    } | changes


@pytest.mark.parametrize("base", BASES)
def test_properties_are_listed_all_at_once(hub: Hub, base: str) -> None:
    answer = hub.get(f"{base.format('properties')}/contacts").json()
    assert "paging" not in answer
    names = {each["name"]: each for each in answer["results"]}
    assert len(names) > 30
    assert {"email", "firstname", "lifecyclestage", "hs_object_id", "lastmodifieddate"} <= names.keys()
    assert "hs_lastmodifieddate" not in names
    email = names["email"]
    assert (email["type"], email["fieldType"], email["hubspotDefined"]) == ("string", "text", True)
    assert email["modificationMetadata"]["readOnlyValue"] is False
    assert names["createdate"]["modificationMetadata"]["readOnlyValue"] is True
    stages = [option["value"] for option in names["lifecyclestage"]["options"]]
    assert stages[:2] == ["subscriber", "lead"]


@pytest.mark.parametrize("kind", ["contacts", "companies", "deals", "tickets"])
def test_every_kind_has_its_default_properties_defined(hub: Hub, kind: str) -> None:
    names = {each["name"] for each in hub.get(f"/crm/v3/properties/{kind}").json()["results"]}
    table = next(t for t in hub.emulator.portals[HUB].crm.tables.values() if t.kind.plural == kind)
    assert set(table.kind.default_properties) <= names
    assert set(table.kind.searchable) <= names


def test_values_that_live_elsewhere_have_no_options_here(hub: Hub) -> None:
    owner = hub.get("/crm/v3/properties/deals/hubspot_owner_id").json()
    assert owner["externalOptions"] is True
    assert owner["options"] == []
    assert owner["referencedObjectType"] == "OWNER"
    assert hub.get("/crm/v3/properties/deals/dealstage").json()["externalOptions"] is True


def test_a_property_of_the_accounts_own(hub: Hub) -> None:
    made = hub.post("/crm/v3/properties/contacts", definition())
    assert made.status_code == 201
    assert made.json()["hubspotDefined"] is False
    hub.create(email="a@b.co", erp_id="E1")
    again = hub.post("/crm/v3/properties/contacts", definition())
    assert again.status_code == 409
    assert again.json()["category"] == "OBJECT_ALREADY_EXISTS"
    assert again.json()["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    changed = hub.call("PATCH", "/crm/v3/properties/contacts/erp_id", {"label": "ERP"})
    assert changed.json()["label"] == "ERP"
    assert hub.call("DELETE", "/crm/v3/properties/contacts/erp_id").status_code == 204
    assert hub.get("/crm/v3/properties/contacts/erp_id").status_code == 404
    assert hub.get("/crm/v3/properties/contacts/erp_id?archived=true").json()["archived"] is True
    assert hub.call("DELETE", "/crm/v3/properties/contacts/erp_id").status_code == 204
    assert hub.post("/crm/v3/properties/contacts", definition()).status_code == 201


def test_choices_of_the_accounts_own(hub: Hub) -> None:
    options = [{"label": "Gold", "value": "gold"}, {"label": "Silver", "value": "silver"}]
    hub.post("/crm/v3/properties/contacts", definition(type="enumeration", fieldType="select", options=options))
    hub.create(email="a@b.co", erp_id="gold")
    refused = hub.post("/crm/v3/objects/contacts", {"properties": {"email": "b@b.co", "erp_id": "Gold"}})
    assert refused.status_code == 400
    hub.call("PATCH", "/crm/v3/properties/contacts/erp_id", {"options": [{"label": "Gold", "value": "Gold"}]})
    hub.create(email="b@b.co", erp_id="Gold")


def test_a_unique_property_is_unique(hub: Hub) -> None:
    hub.post("/crm/v3/properties/companies", definition(groupName="companyinformation", hasUniqueValue=True))
    first = hub.create("companies", name="A", erp_id="E1")
    answer = hub.post("/crm/v3/objects/companies", {"properties": {"name": "B", "erp_id": "e1"}})
    assert answer.status_code == 409
    assert answer.json()["message"] == f"Company already exists. Existing ID: {first}"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Erp Id"},
        {"name": ""},
        {"type": "money"},
        {"fieldType": "slider"},
        {"groupName": "nowhere"},
        {"options": "x"},
        {"label": 5},
    ],
)
def test_definitions_that_are_refused(hub: Hub, changes: Json) -> None:
    assert hub.post("/crm/v3/properties/contacts", definition(**changes)).status_code == 400


def test_hubspots_own_properties_stay(hub: Hub) -> None:
    assert hub.call("PATCH", "/crm/v3/properties/contacts/email", {"label": "E"}).status_code == 400
    assert hub.call("DELETE", "/crm/v3/properties/contacts/email").status_code == 400


def test_properties_in_a_batch_and_their_groups(hub: Hub) -> None:
    body = {"inputs": [{"name": "email"}, {"name": "nonsense"}, {"name": "email"}]}
    answer = hub.post("/crm/v3/properties/contacts/batch/read", body).json()
    assert [each["name"] for each in answer["results"]] == ["email"]
    groups = hub.get("/crm/v3/properties/contacts/groups").json()["results"]
    assert groups[0]["name"] == "contactinformation"
    assert hub.get("/crm/v3/properties/contacts/groups/contactinformation").status_code == 200
    assert hub.get("/crm/v3/properties/contacts/groups/nowhere").status_code == 404


@pytest.mark.parametrize("base", BASES)
def test_pipelines(hub: Hub, base: str) -> None:
    [sales] = hub.get(f"{base.format('pipelines')}/deals").json()["results"]
    assert (sales["id"], sales["createdAt"]) == ("default", "1970-01-01T00:00:00Z")
    odds = {stage["id"]: stage["metadata"]["probability"] for stage in sales["stages"]}
    assert odds == {
        "appointmentscheduled": "0.2",
        "qualifiedtobuy": "0.4",
        "presentationscheduled": "0.6",
        "decisionmakerboughtin": "0.8",
        "contractsent": "0.9",
        "closedwon": "1.0",
        "closedlost": "0.0",
    }
    [support] = hub.get(f"{base.format('pipelines')}/tickets").json()["results"]
    states = [(stage["id"], stage["metadata"]["ticketState"]) for stage in support["stages"]]
    assert states == [("1", "OPEN"), ("2", "OPEN"), ("3", "OPEN"), ("4", "CLOSED")]


def test_one_pipeline_and_one_stage(hub: Hub) -> None:
    assert hub.get("/crm/v3/pipelines/deals/default").json()["label"] == "Sales Pipeline"
    assert len(hub.get("/crm/v3/pipelines/deals/default/stages").json()["results"]) == 7
    assert hub.get("/crm/v3/pipelines/deals/default/stages/closedwon").json()["metadata"]["isClosed"] == "true"
    assert hub.get("/crm/v3/pipelines/deals/default/stages/nowhere").status_code == 404
    assert hub.get("/crm/v3/pipelines/deals/other").status_code == 404


def test_a_deals_stage_tells_its_chances(hub: Hub) -> None:
    record_id = hub.create("deals", dealname="D", dealstage="closedlost")
    names = "hs_is_closed,hs_is_closed_won,hs_deal_stage_probability"
    properties = hub.get(f"/crm/v3/objects/deals/{record_id}?properties={names}").json()["properties"]
    assert (properties["hs_is_closed"], properties["hs_is_closed_won"]) == ("true", "false")
    assert properties["hs_deal_stage_probability"] == "0.0"


@pytest.mark.parametrize("base", BASES)
def test_owners(hub: Hub, base: str) -> None:
    answer = hub.get(f"{base.format('owners')}/?limit=500").json()
    owners = {owner["userId"]: owner for owner in answer["results"]}
    assert owners.keys() == {ADMIN, USER}
    ada = owners[ADMIN]
    assert (ada["email"], ada["firstName"], ada["lastName"]) == ("ada.admin@test.example", "Ada", "Admin")
    assert (ada["type"], ada["archived"], ada["userIdIncludingInactive"]) == ("PERSON", False, ADMIN)
    assert ada["id"] != str(ADMIN)
    assert "archivedAt" not in ada


def test_owners_by_page_address_and_either_id(hub: Hub) -> None:
    first = hub.get("/crm/v3/owners?limit=1").json()
    rest = hub.get(first["paging"]["next"]["link"]).json()
    assert len(rest["results"]) == 1
    assert "paging" not in rest
    owner = first["results"][0]
    assert hub.get(f"/crm/v3/owners?email={owner['email'].upper()}").json()["results"] == [owner]
    assert hub.get("/crm/v3/owners?archived=True").json()["results"] == []
    assert hub.get(f"/crm/v3/owners/{owner['id']}").json() == owner
    assert hub.get(f"/crm/v3/owners/{owner['userId']}?idProperty=userId").json() == owner
    assert hub.get(f"/crm/v3/owners/{owner['userId']}").status_code == 404
    assert hub.get("/crm/v3/owners/abc").status_code == 404


def test_assigning_takes_the_owners_id(hub: Hub) -> None:
    owner = hub.get("/crm/v3/owners").json()["results"][0]
    record_id = hub.create(email="a@b.co", hubspot_owner_id=owner["id"])
    names = "hubspot_owner_id,hubspot_owner_assigneddate,hs_is_unworked"
    record = hub.get(f"/crm/v3/objects/contacts/{record_id}?properties={names}").json()
    assert record["properties"]["hubspot_owner_assigneddate"] == record["createdAt"]
    assert record["properties"]["hs_is_unworked"] == "false"
    refused = hub.call(
        "PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": {"hubspot_owner_id": owner["userId"]}}
    )
    assert refused.status_code == 400


@pytest.mark.parametrize("version", ["v3", "2025-09", "2026-03", "2026-09"])
def test_account_details_need_no_scope(bare: Hub, version: str) -> None:
    bare.install(scopes=["oauth"])
    body = bare.get(f"/account-info/{version}/details").json()
    assert body == {
        "portalId": HUB,
        "portalName": "Test account",
        "accountType": "STANDARD",
        "timeZone": "US/Eastern",
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": "-05:00",
        "utcOffsetMilliseconds": -18_000_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }


def test_details_of_a_european_account(bare: Hub) -> None:
    bare.portal(5, hublet="eu1", time_zone="Europe/Berlin")
    bare.install(5)
    body = bare.get("/account-info/2026-03/details").json()
    assert (body["uiDomain"], body["dataHostingLocation"]) == ("app-eu1.hubspot.com", "eu1")
    assert (body["utcOffset"], body["companyCurrency"]) == ("+01:00", "EUR")


def test_groups_of_the_accounts_own(hub: Hub) -> None:
    base = "/crm/properties/2026-03/contacts/groups"
    made = hub.post(base, {"name": "loyalty", "label": "Loyalty", "displayOrder": 7})
    assert (made.status_code, made.json()["archived"]) == (201, False)
    assert hub.post(base, {"name": "loyalty", "label": "Other"}).status_code == 409
    assert hub.post(base, {"name": "nameless"}).status_code == 400
    assert hub.call("PATCH", f"{base}/loyalty", {"label": "Faith"}).json()["label"] == "Faith"
    assert hub.post("/crm/v3/properties/contacts", definition(groupName="loyalty")).status_code == 201
    assert hub.call("DELETE", f"{base}/loyalty").status_code == 400, "there is a property in it"
    hub.call("DELETE", f"/crm/v3/properties/contacts/{definition()['name']}")
    assert hub.call("DELETE", f"{base}/loyalty").status_code == 204
    assert hub.get(f"{base}/loyalty").status_code == 404
    assert hub.call("DELETE", f"{base}/contactinformation").status_code == 400


def test_defining_and_archiving_in_batches(hub: Hub) -> None:
    base = "/crm/properties/2026-03/contacts/batch"
    inputs = [definition(name="one"), definition(name="two"), definition(name="email")]
    made = hub.post(f"{base}/create", {"inputs": inputs})
    assert made.status_code == 207
    assert [each["name"] for each in made.json()["results"]] == ["one", "two"]
    assert [each["category"] for each in made.json()["errors"]] == ["OBJECT_ALREADY_EXISTS"]
    assert hub.post(f"{base}/create", {"inputs": [definition(name="three")]}).status_code == 201
    gone = hub.post(f"{base}/archive", {"inputs": [{"name": "one"}, {"name": "never_was"}]})
    assert gone.status_code == 204
    assert hub.get("/crm/v3/properties/contacts/one").status_code == 404
    assert hub.get("/crm/v3/properties/contacts/two").status_code == 200


def test_a_calculated_property(hub: Hub) -> None:
    wanted = definition(
        name="weighted",
        type="number",
        fieldType="calculation_equation",
        calculationFormula="(amount * 2 - 10) / hs_deal_count",
        groupName="dealinformation",
    )
    hub.post(
        "/crm/v3/properties/deals",
        definition(name="hs_deal_count", type="number", fieldType="number", groupName="dealinformation"),
    )
    made = hub.post("/crm/v3/properties/deals", wanted)
    assert made.status_code == 201, made.text
    assert (made.json()["calculated"], made.json()["calculationFormula"]) == (True, wanted["calculationFormula"])
    deal = hub.create("deals", dealname="D", dealstage="closedwon", amount="30", hs_deal_count="4")
    shown = hub.get(f"/crm/v3/objects/deals/{deal}", properties="weighted").json()
    assert shown["properties"]["weighted"] == "12.5"
    hub.call("PATCH", f"/crm/v3/objects/deals/{deal}", {"properties": {"hs_deal_count": "0"}})
    assert hub.get(f"/crm/v3/objects/deals/{deal}", properties="weighted").json()["properties"]["weighted"] is None
    refused = hub.call("PATCH", f"/crm/v3/objects/deals/{deal}", {"properties": {"weighted": "1"}})
    assert "READ_ONLY_VALUE" in refused.text


@pytest.mark.parametrize(
    "formula", ["", "amount +", "__import__('os')", "amount ** 9", "a.b", "x" * 2000, "[1]", "'a'"]
)
def test_formulas_that_are_not_understood_are_refused(hub: Hub, formula: str) -> None:
    wanted = definition(name="odd", type="number", fieldType="calculation_equation", calculationFormula=formula)
    refused = hub.post("/crm/v3/properties/contacts", wanted)
    assert refused.status_code == 400
    assert "calculationFormula" in refused.json()["message"]


def test_at_most_ten_properties_hold_unique_values(hub: Hub) -> None:
    for number in range(10):
        assert (
            hub.post("/crm/v3/properties/contacts", definition(name=f"u{number}", hasUniqueValue=True)).status_code
            == 201
        )
    assert hub.post("/crm/v3/properties/contacts", definition(name="u10", hasUniqueValue=True)).status_code == 400
