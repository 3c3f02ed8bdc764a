"""Property values: what may be written, how it is stored, and how HubSpot refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.crm.pipelines import Pipeline, deal_stages
from tests.emulator.hub import HUB, Hub


def problem_codes(body: dict[str, Any]) -> dict[str, str]:
    """From the message's own list, which must agree with `errors`."""
    details = json.loads(body["message"].removeprefix("Property values were not valid: "))
    codes = {each["name"]: each["error"] for each in details}
    assert codes == {each["context"]["propertyName"][0]: each["code"] for each in body["errors"]}
    return codes


def test_every_value_is_a_string(hub: Hub) -> None:
    body = hub.post(
        "/crm/v3/objects/companies", {"properties": {"name": "Acme", "numberofemployees": 12, "is_public": True}}
    ).json()
    assert body["properties"]["numberofemployees"] == "12"
    assert body["properties"]["is_public"] == "true"


@pytest.mark.parametrize(
    ("written", "stored"),
    [("2026-03-04", "2026-03-04"), ("1772582400000", "2026-03-04"), ("2026-03-04T00:00:00Z", "2026-03-04")],
)
def test_dates(hub: Hub, written: str, stored: str) -> None:
    record_id = hub.create(email="a@b.co", date_of_birth=written)
    record = hub.get(f"/crm/v3/objects/contacts/{record_id}?properties=date_of_birth").json()
    assert record["properties"]["date_of_birth"] == stored


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("1772582400123", "2026-03-04T00:00:00.123Z"),
        ("1772582400000", "2026-03-04T00:00:00Z"),
        ("2026-03-04T02:00:00+02:00", "2026-03-04T00:00:00Z"),
        ("2026-03-04", "2026-03-04T00:00:00Z"),
    ],
)
def test_instants_print_as_javas(hub: Hub, written: str, stored: str) -> None:
    record_id = hub.create("deals", dealname="D", dealstage="contractsent", closedate=written)
    assert hub.get(f"/crm/v3/objects/deals/{record_id}").json()["properties"]["closedate"] == stored


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("nonsense", "x", "PROPERTY_DOESNT_EXIST"),
        ("lifecyclestage", "hero", "INVALID_OPTION"),
        ("hs_buying_role", "CHAMPION;KING", "INVALID_OPTION"),
        ("hs_email_optout", "perhaps", "INVALID_OPTION"),
        ("email", "not-an-address", "INVALID_EMAIL"),
        ("numemployees", "many", "INVALID_LONG"),
        ("numemployees", "1_000", "INVALID_LONG"),
        ("date_of_birth", "yesterday", "INVALID_LONG"),
        ("date_of_birth", "1772582400123", "INVALID_LONG"),
        ("hubspot_owner_id", "101", "INVALID_OWNER_ID"),
        ("hubspot_owner_id", "x", "INVALID_OWNER_ID"),
        ("hs_object_id", "5", "READ_ONLY_VALUE"),
        ("createdate", "2020-01-01", "READ_ONLY_VALUE"),
        ("lastmodifieddate", "2020-01-01", "READ_ONLY_VALUE"),
    ],
)
def test_values_are_checked(hub: Hub, name: str, value: str, code: str) -> None:
    created = hub.post("/crm/v3/objects/contacts", {"properties": {"firstname": "Ada", name: value}})
    assert created.status_code == 400
    assert created.json()["category"] == "VALIDATION_ERROR"
    assert problem_codes(created.json()) == {name: code}
    record_id = hub.create(email="a@b.co")
    changed = hub.call("PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": {name: value}})
    assert changed.status_code == 400
    assert problem_codes(changed.json()) == {name: code}


def test_all_problems_are_told_at_once_and_nothing_is_written(hub: Hub) -> None:
    record_id = hub.create(firstname="Ada")
    wrong = {"email": "x", "nonsense": "1", "firstname": "Bea"}
    answer = hub.call("PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": wrong})
    assert problem_codes(answer.json()) == {"email": "INVALID_EMAIL", "nonsense": "PROPERTY_DOESNT_EXIST"}
    details = json.loads(answer.json()["message"].removeprefix("Property values were not valid: "))
    assert all(each["portalId"] == HUB and each["isValid"] is False for each in details)
    assert hub.get(f"/crm/v3/objects/contacts/{record_id}").json()["properties"]["firstname"] == "Ada"


def test_an_option_list_is_spelled_out(hub: Hub) -> None:
    answer = hub.post(
        "/crm/v3/objects/tickets", {"properties": {"subject": "S", "hs_pipeline_stage": "1", "hs_ticket_priority": "X"}}
    )
    assert "X was not one of the allowed options: [LOW, MEDIUM, HIGH, URGENT]" in answer.json()["message"]


@pytest.mark.parametrize(
    ("kind", "properties", "missing"),
    [
        ("contacts", {"phone": "1"}, ["email", "firstname", "lastname"]),
        ("companies", {"city": "Graz"}, ["domain", "name"]),
        ("deals", {"amount": "1"}, ["dealname", "dealstage"]),
        ("deals", {"dealname": "D"}, ["dealstage"]),
        ("tickets", {"content": "C"}, ["subject", "hs_pipeline_stage"]),
        ("contacts", {"email": ""}, ["email", "firstname", "lastname"]),
    ],
)
def test_what_a_new_record_needs(hub: Hub, kind: str, properties: dict[str, str], missing: list[str]) -> None:
    answer = hub.post(f"/crm/v3/objects/{kind}", {"properties": properties})
    assert answer.status_code == 400
    assert answer.json()["context"] == {"properties": missing}


def test_a_deal_goes_into_the_only_pipeline_and_must_choose_among_several(hub: Hub) -> None:
    record_id = hub.create("deals", dealname="D", dealstage="contractsent")
    assert hub.get(f"/crm/v3/objects/deals/{record_id}").json()["properties"]["pipeline"] == "default"
    renewals = Pipeline("7", "Renewals", deal_stages(("71", "Due", "0.5"), ("72", "Renewed", "1.0")))
    hub.emulator.portals[HUB].crm.pipelines.add("0-3", renewals)
    body = {"properties": {"dealname": "D", "dealstage": "contractsent"}}
    assert hub.post("/crm/v3/objects/deals", body).json()["context"] == {"properties": ["pipeline"]}
    body["properties"] |= {"pipeline": "7", "dealstage": "72"}
    answer = hub.post("/crm/v3/objects/deals", body)
    assert answer.status_code == 201
    assert answer.json()["properties"]["hs_is_closed_won"] == "true"


@pytest.mark.parametrize(
    ("properties", "wrong"), [({"pipeline": "other"}, "pipeline"), ({"dealstage": "won"}, "dealstage")]
)
def test_pipelines_and_stages_must_exist(hub: Hub, properties: dict[str, str], wrong: str) -> None:
    answer = hub.post(
        "/crm/v3/objects/deals", {"properties": {"dealname": "D", "dealstage": "contractsent"} | properties}
    )
    assert problem_codes(answer.json()) == {wrong: "INVALID_OPTION"}


def test_several_values_are_joined_and_a_semicolon_adds(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co", hs_buying_role="CHAMPION;END_USER")
    hub.call("PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": {"hs_buying_role": ";INFLUENCER"}})
    record = hub.get(f"/crm/v3/objects/contacts/{record_id}?properties=hs_buying_role").json()
    assert record["properties"]["hs_buying_role"] == "CHAMPION;END_USER;INFLUENCER"


def test_an_empty_string_clears(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co", phone="1")
    hub.call("PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": {"phone": ""}})
    assert hub.get(f"/crm/v3/objects/contacts/{record_id}?properties=phone").json()["properties"]["phone"] is None


def test_an_address_is_unique_whatever_its_case(hub: Hub) -> None:
    first = hub.create(email="ada@b.co")
    answer = hub.post("/crm/v3/objects/contacts", {"properties": {"email": "ADA@b.co"}})
    assert answer.status_code == 409
    body = answer.json()
    assert (body["category"], body["message"]) == ("CONFLICT", f"Contact already exists. Existing ID: {first}")
    second = hub.create(email="bea@b.co")
    moved = hub.call("PATCH", f"/crm/v3/objects/contacts/{second}", {"properties": {"email": "ada@b.co"}})
    assert moved.status_code == 409


def test_further_addresses_count_as_well(hub: Hub) -> None:
    first = hub.create(email="ada@b.co", hs_additional_emails="ada@home.co;ada@old.co")
    answer = hub.post("/crm/v3/objects/contacts", {"properties": {"email": "ada@old.co"}})
    assert answer.json()["message"] == f"Contact already exists. Existing ID: {first}"


def test_an_archived_contact_frees_its_address(hub: Hub) -> None:
    first = hub.create(email="ada@b.co")
    hub.call("DELETE", f"/crm/v3/objects/contacts/{first}")
    hub.create(email="ada@b.co")
    results = hub.change({"op": "restore", "object_type": "contact", "id": first})
    assert "already exists" in results[0]["error"]


def test_a_record_may_keep_its_own_address(hub: Hub) -> None:
    record_id = hub.create(email="ada@b.co")
    same = {"properties": {"email": "ada@b.co", "firstname": "Ada"}}
    assert hub.call("PATCH", f"/crm/v3/objects/contacts/{record_id}", same).status_code == 200


def test_the_lifecycle_only_moves_forward(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co", lifecyclestage="customer")
    address = f"/crm/v3/objects/contacts/{record_id}"
    hub.call("PATCH", address, {"properties": {"lifecyclestage": "lead"}})
    assert hub.get(f"{address}?properties=lifecyclestage").json()["properties"]["lifecyclestage"] == "customer"
    hub.call("PATCH", address, {"properties": {"lifecyclestage": ""}})
    hub.call("PATCH", address, {"properties": {"lifecyclestage": "lead"}})
    assert hub.get(f"{address}?properties=lifecyclestage").json()["properties"]["lifecyclestage"] == "lead"


def test_text_of_any_kind_survives(hub: Hub) -> None:
    text = "Zoë 👩‍🚀 <script> \u2028 \\ \" '"
    record_id = hub.create(email="a@b.co", message=text)
    record = hub.get(f"/crm/v3/objects/contacts/{record_id}?properties=message").json()
    assert record["properties"]["message"] == text


def test_a_lone_surrogate_does_not_break_the_answer(hub: Hub) -> None:
    body = b'{"properties":{"email":"a@b.co","firstname":"x\\ud800y"}}'
    answer = hub.http.post("/crm/v3/objects/contacts", content=body, headers={"Authorization": f"Bearer {hub.token}"})
    assert answer.status_code == 201
    assert b"\\ud800" in answer.content


def define(hub: Hub, name: str, type_: str, field_type: str) -> None:
    body = {"name": name, "label": name, "type": type_, "fieldType": field_type, "groupName": "contactinformation"}
    assert hub.post("/crm/v3/properties/contacts", body).status_code == 201


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "-62135596800001"])
def test_instants_outside_the_calendar(hub: Hub, written: str) -> None:
    define(hub, "seen_at", "datetime", "date")
    refused = hub.post("/crm/v3/objects/contacts", {"properties": {"email": "a@b.co", "seen_at": written}})
    assert refused.json()["errors"][0]["code"] == "INVALID_LONG"


def test_dates_of_the_first_millennium_are_found_again(hub: Hub) -> None:
    define(hub, "seen_at", "datetime", "date")
    contact = hub.create(email="a@b.co", seen_at="0099-01-02")
    found = hub.search("contacts", {"filters": [{"propertyName": "seen_at", "operator": "LT", "value": "1"}]}).json()
    assert [row["id"] for row in found["results"]] == [contact]
    row = hub.get(f"/crm/v3/objects/contacts/{contact}", properties="seen_at").json()
    assert row["properties"]["seen_at"] == "0099-01-02T00:00:00Z"


def test_fractions_before_1970(hub: Hub) -> None:
    define(hub, "seen_at", "datetime", "date")
    contact = hub.create(email="a@b.co", seen_at="1969-12-31T23:59:59.500Z")
    row = hub.get(f"/crm/v3/objects/contacts/{contact}", properties="seen_at").json()
    assert row["properties"]["seen_at"] == "1969-12-31T23:59:59.500Z"


def test_values_of_an_earlier_type_count_as_none_in_searches(hub: Hub) -> None:
    define(hub, "size", "string", "text")
    word = hub.create(email="a@b.co", size="large")
    number = hub.create(email="b@b.co", size="7")
    changed = hub.call("PATCH", "/crm/v3/properties/contacts/size", {"type": "number", "fieldType": "number"})
    assert changed.status_code == 200
    for wanted in ({"operator": "GT", "value": "1"}, {"operator": "IN", "values": ["7"]}):
        body = {"filters": [{"propertyName": "size", **wanted}]}
        assert [row["id"] for row in hub.search("contacts", body).json()["results"]] == [number]
    rows = hub.search("contacts", {"sorts": ["size"]}).json()["results"]
    assert [row["id"] for row in rows] == [number, word]
