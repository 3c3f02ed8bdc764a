"""Single records: what is returned, by which name, in which pages."""

from __future__ import annotations

import pytest

from tests.emulator.hub import APP_ID, HUB, Hub, fresh_email

VERSIONS = ["/crm/v3/objects", "/crm/objects/2025-09", "/crm/objects/2026-03", "/crm/objects/2026-09"]


TICKET_DEFAULTS = """
content createdate hs_lastmodifieddate hs_object_id hs_pipeline hs_pipeline_stage hs_ticket_category hs_ticket_priority
subject
"""


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


def test_trace_ids_come_back(hub: Hub) -> None:
    made = hub.post("/crm/v3/objects/contacts", {"properties": {"email": "a@b.co"}, "objectWriteTraceId": "one"})
    assert made.json()["objectWriteTraceId"] == "one"
    address = f"/crm/v3/objects/contacts/{made.json()['id']}"
    changed = hub.call("PATCH", address, {"properties": {"firstname": "Ada"}, "objectWriteTraceId": "two"})
    assert changed.json()["objectWriteTraceId"] == "two"
