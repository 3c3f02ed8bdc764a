"""Single records: what is returned, what may be written, how HubSpot refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.crm.pipelines import Pipeline, deal_stages
from tests.emulator.hub import APP_ID, HUB, Hub, fresh_email

VERSIONS = ["/crm/v3/objects", "/crm/objects/2025-09", "/crm/objects/2026-03", "/crm/objects/2026-09"]


TICKET_DEFAULTS = """
content createdate hs_lastmodifieddate hs_object_id hs_pipeline hs_pipeline_stage hs_ticket_category hs_ticket_priority
subject
"""


def problem_codes(body: dict[str, Any]) -> dict[str, str]:
    """From the message's own list, which must agree with `errors`."""
    details = json.loads(body["message"].removeprefix("Property values were not valid: "))
    codes = {each["name"]: each["error"] for each in details}
    assert codes == {each["context"]["propertyName"][0]: each["code"] for each in body["errors"]}
    return codes


@pytest.mark.parametrize("base", VERSIONS)
def test_both_generations_of_paths(hub: Hub, base: str) -> None:
    made = hub.post(f"{base}/contacts", {"properties": {"email": fresh_email()}})
    assert made.status_code == 201
    record_id = made.json()["id"]
    assert hub.get(f"{base}/contacts/{record_id}").status_code == 200
    changed = hub.call("PATCH", f"{base}/contacts/{record_id}", {"properties": {"firstname": "Ada"}})
    assert changed.json()["properties"]["firstname"] == "Ada"
    assert hub.call("DELETE", f"{base}/contacts/{record_id}").status_code == 204
    assert hub.get(f"{base}/contacts/{record_id}").status_code == 404


@pytest.mark.parametrize("name", ["contacts", "contact", "CONTACT", "Contacts", "0-1"])
def test_a_kind_has_many_names(hub: Hub, name: str) -> None:
    assert hub.get(f"/crm/v3/objects/{name}").status_code == 200


def test_an_unknown_kind_is_inferred_in_vain(hub: Hub) -> None:
    answer = hub.get("/crm/v3/objects/butterflies")
    assert answer.status_code == 400
    assert answer.json()["message"] == "Unable to infer object type from: butterflies"
    assert "category" not in answer.json()


@pytest.mark.parametrize(
    ("kind", "properties", "defaults"),
    [
        (
            "contacts",
            {"email": "a@b.co"},
            "createdate email firstname hs_object_id lastmodifieddate lastname",
        ),
        ("companies", {"name": "Acme"}, "createdate domain hs_lastmodifieddate hs_object_id name"),
        (
            "deals",
            {"dealname": "Big", "dealstage": "contractsent"},
            "amount closedate createdate dealname dealstage hs_lastmodifieddate hs_object_id pipeline",
        ),
        (
            "tickets",
            {"subject": "Help", "hs_pipeline_stage": "1"},
            TICKET_DEFAULTS,
        ),
    ],
)
def test_without_asking_only_the_defaults_are_returned(
    hub: Hub, kind: str, properties: dict[str, str], defaults: str
) -> None:
    record_id = hub.create(kind, **properties)
    record = hub.get(f"/crm/v3/objects/{kind}/{record_id}").json()
    assert sorted(record["properties"]) == defaults.split()
    assert record["id"] == record_id
    assert record["archived"] is False
    assert record["url"].endswith(f"/contacts/{HUB}/record/{_type_id(kind)}/{record_id}")


def _type_id(kind: str) -> str:
    return {"contacts": "0-1", "companies": "0-2", "deals": "0-3", "tickets": "0-5"}[kind]


def test_what_is_asked_for_comes_null_if_empty_and_not_at_all_if_unknown(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    asked = hub.get(f"/crm/v3/objects/contacts/{record_id}?properties=phone,nonsense&properties=email")
    properties = asked.json()["properties"]
    assert properties["phone"] is None
    assert properties["email"] == "a@b.co"
    assert "nonsense" not in properties
    assert set(properties) == {"phone", "email", "createdate", "lastmodifieddate", "hs_object_id"}


def test_the_answer_to_a_write_carries_all_that_has_a_value(hub: Hub) -> None:
    body = hub.post("/crm/v3/objects/contacts", {"properties": {"email": "Ada@B.co", "phone": "1"}}).json()
    properties = body["properties"]
    assert properties["email"] == "ada@b.co"
    assert properties["phone"] == "1"
    assert properties["hs_email_domain"] == "b.co"
    assert properties["hs_object_source"] == "INTEGRATION"
    assert properties["hs_object_source_id"] == str(APP_ID)
    assert properties["hs_all_contact_vids"] == body["id"]
    assert "firstname" not in properties


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


def test_ids_that_are_not_there(hub: Hub) -> None:
    numeric = hub.get("/crm/v3/objects/contacts/999999")
    assert (numeric.status_code, numeric.json()["message"]) == (404, "resource not found")
    assert "category" not in numeric.json()
    text = hub.get("/crm/v3/objects/contacts/abc")
    assert text.status_code == 404
    assert text.json()["category"] == "OBJECT_NOT_FOUND"
    assert text.json()["message"] == "Object not found.  objectId are usually numeric."


def test_a_record_by_its_address(hub: Hub) -> None:
    record_id = hub.create(email="ada@b.co")
    found = hub.get("/crm/v3/objects/contacts/ADA%40b.co?idProperty=email")
    assert found.json()["id"] == record_id
    assert hub.get("/crm/v3/objects/contacts/nobody%40b.co?idProperty=email").status_code == 404
    assert hub.get("/crm/v3/objects/contacts/1?idProperty=phone").status_code == 400
    changed = hub.call("PATCH", "/crm/v3/objects/contacts/ada@b.co?idProperty=email", {"properties": {"phone": "1"}})
    assert changed.json()["id"] == record_id


def test_archiving_moves_a_record_to_the_bin_without_touching_its_time(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    address = f"/crm/v3/objects/contacts/{record_id}"
    before = hub.get(address).json()["updatedAt"]
    hub.advance(60)
    assert hub.call("DELETE", address).status_code == 204
    assert hub.get(address).status_code == 404
    archived = hub.get(f"{address}?archived=True").json()
    assert archived["archived"] is True
    assert archived["updatedAt"] == before
    assert archived["archivedAt"] > before
    assert hub.call("DELETE", address).status_code == 204, "twice is no error"
    assert hub.call("DELETE", "/crm/v3/objects/contacts/999999").status_code == 404
    assert hub.call("PATCH", address, {"properties": {"phone": "1"}}).status_code == 404


def test_the_bin_is_emptied_after_ninety_days(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    hub.call("DELETE", f"/crm/v3/objects/contacts/{record_id}")
    hub.advance(90 * 86_400 - 1)
    hub.install()
    assert hub.get(f"/crm/v3/objects/contacts/{record_id}?archived=true").status_code == 200
    hub.advance(1)
    assert hub.get(f"/crm/v3/objects/contacts/{record_id}?archived=true").status_code == 404


def test_history_newest_first_with_authors(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co", firstname="Ada")
    hub.advance(5)
    hub.change({"op": "update", "object_type": "contact", "id": record_id, "properties": {"firstname": "Bea"}})
    hub.advance(5)
    hub.call("PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": {"firstname": ""}})
    record = hub.get(f"/crm/v3/objects/contacts/{record_id}?propertiesWithHistory=firstname,phone,nonsense").json()
    versions = record["propertiesWithHistory"]["firstname"]
    assert [(each["value"], each["sourceType"], each["sourceId"]) for each in versions] == [
        ("", "INTEGRATION", str(APP_ID)),
        ("Bea", "CRM_UI", "userId:101"),
        ("Ada", "INTEGRATION", str(APP_ID)),
    ]
    assert versions[1]["updatedByUserId"] == 101
    assert versions[0]["timestamp"] > versions[1]["timestamp"] > versions[2]["timestamp"]
    assert record["propertiesWithHistory"]["phone"] == []
    assert set(record["propertiesWithHistory"]) == {"firstname", "phone"}


def test_writing_what_is_there_already_changes_nothing(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    address = f"/crm/v3/objects/contacts/{record_id}"
    before = hub.get(address).json()["updatedAt"]
    hub.advance(60)
    hub.call("PATCH", address, {"properties": {"email": "a@b.co"}})
    assert hub.get(address).json()["updatedAt"] == before
    hub.call("PATCH", address, {"properties": {"phone": "1"}})
    assert hub.get(address).json()["updatedAt"] > before


def test_times_never_go_back_with_the_machines_clock(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    address = f"/crm/v3/objects/contacts/{record_id}"
    before = hub.get(address).json()["updatedAt"]
    hub.time.ms -= 3_600_000
    hub.call("PATCH", address, {"properties": {"phone": "1"}})
    assert hub.get(address).json()["updatedAt"] == before


def test_a_list_in_pages_by_id_with_links_that_can_be_followed(hub: Hub) -> None:
    ids = [hub.create(email=fresh_email()) for _ in range(25)]
    seen: list[str] = []
    address = "/crm/v3/objects/contacts?properties=email&limit=10"
    pages = 0
    while address:
        page = hub.get(address).json()
        seen += [record["id"] for record in page["results"]]
        following = page.get("paging", {}).get("next", {})
        address = following.get("link", "")
        pages += 1
        if following:
            assert address.startswith("http://localhost:8765/crm/v3/objects/contacts?")
            assert following["after"] in address
            assert "properties=email" in address
    assert pages == 3
    assert seen == sorted(ids, key=int)


def test_ten_records_a_page_unless_asked(hub: Hub) -> None:
    for _ in range(11):
        hub.create(email=fresh_email())
    assert len(hub.get("/crm/v3/objects/contacts").json()["results"]) == 10


@pytest.mark.parametrize(
    "query",
    ["limit=101", "limit=0", "limit=-1", "limit=ten", "after=abc", "limit=51&propertiesWithHistory=email"],
)
def test_pages_that_cannot_be_had(hub: Hub, query: str) -> None:
    answer = hub.get(f"/crm/v3/objects/contacts?{query}")
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"


def test_archived_records_have_a_list_of_their_own(hub: Hub) -> None:
    ids = [hub.create(email=fresh_email()) for _ in range(4)]
    hub.call("DELETE", f"/crm/v3/objects/contacts/{ids[1]}")
    hub.call("DELETE", f"/crm/v3/objects/contacts/{ids[3]}")
    live = hub.get("/crm/v3/objects/contacts?archived=False").json()["results"]
    assert [record["id"] for record in live] == [ids[0], ids[2]]
    archived = hub.get("/crm/v3/objects/contacts?archived=TRUE").json()["results"]
    assert [record["id"] for record in archived] == [ids[1], ids[3]]


def test_a_create_may_bring_associations(hub: Hub) -> None:
    company = hub.create("companies", name="Acme")
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}
    body = {"properties": {"email": "a@b.co"}, "associations": [{"to": {"id": company}, "types": [spec]}]}
    record_id = hub.post("/crm/v3/objects/contacts", body).json()["id"]
    shown = hub.get(f"/crm/v3/objects/contacts/{record_id}?associations=companies").json()
    assert shown["associations"]["companies"]["results"] == [
        {"id": company, "type": "contact_to_company"},
        {"id": company, "type": "contact_to_company_unlabeled"},
    ]


@pytest.mark.parametrize("type_id", [280, 3, 99_999, None])
def test_an_association_that_does_not_fit_creates_nothing(hub: Hub, type_id: int | None) -> None:
    company = hub.create("companies", name="Acme")
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}
    body = {"properties": {"email": "a@b.co"}, "associations": [{"to": {"id": company}, "types": [spec]}]}
    assert hub.post("/crm/v3/objects/contacts", body).status_code == 400
    assert hub.get("/crm/v3/objects/contacts").json()["results"] == []


def test_a_trace_id_is_echoed(hub: Hub) -> None:
    body = {"properties": {"email": "a@b.co"}, "objectWriteTraceId": "t1"}
    assert hub.post("/crm/v3/objects/contacts", body).json()["objectWriteTraceId"] == "t1"


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
