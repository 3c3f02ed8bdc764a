"""Records by the hundred, and what happens when some of them fail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import Hub, fresh_email

CONTACTS = "/crm/v3/objects/contacts/batch"
Json = dict[str, Any]


def inputs(*ids: str, **more: Any) -> Json:
    return {"inputs": [{"id": record_id} for record_id in ids], "properties": [], **more}


def test_reading(hub: Hub) -> None:
    ids = [hub.create(email=fresh_email()) for _ in range(3)]
    answer = hub.post(f"{CONTACTS}/read", inputs(*ids, properties=["email"]))
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "COMPLETE"
    assert {"startedAt", "completedAt"} <= body.keys()
    assert "numErrors" not in body
    assert [record["id"] for record in body["results"]] == ids
    assert "associations" not in body["results"][0]


@pytest.mark.parametrize(("version", "status"), [("2025-09", 207), ("2026-03", 207), ("2026-09", 200)])
def test_missing_ids_are_told_in_one_error(hub: Hub, version: str, status: int) -> None:
    known = hub.create(email="a@b.co")
    answer = hub.post(f"/crm/objects/{version}/contacts/batch/read", inputs(known, "999", "abc"))
    assert answer.status_code == status
    body = answer.json()
    assert [record["id"] for record in body["results"]] == [known]
    assert body["numErrors"] == 1
    [error] = body["errors"]
    assert error["category"] == "OBJECT_NOT_FOUND"
    assert error["context"] == {"ids": ["999", "abc"]}
    assert error["message"].startswith("Could not get some CONTACT objects, they may be deleted or not exist.")


def test_reading_the_same_id_twice_returns_it_once(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    assert len(hub.post(f"{CONTACTS}/read", inputs(record_id, record_id)).json()["results"]) == 1


def test_ids_may_be_numbers(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    body = {"inputs": [{"id": int(record_id)}], "properties": []}
    assert hub.post(f"{CONTACTS}/read", body).json()["results"][0]["id"] == record_id


def test_reading_by_address(hub: Hub) -> None:
    record_id = hub.create(email="ada@b.co")
    body = inputs("ADA@b.co", "nobody@b.co", idProperty="email")
    answer = hub.post(f"{CONTACTS}/read", body)
    assert answer.status_code == 207
    assert answer.json()["results"][0]["id"] == record_id
    assert hub.post(f"{CONTACTS}/read", inputs("1", idProperty="phone")).status_code == 400


def test_reading_archived_records(hub: Hub) -> None:
    live, gone = hub.create(email="a@b.co"), hub.create(email="b@b.co")
    hub.call("DELETE", f"/crm/v3/objects/contacts/{gone}")
    plain = hub.post(f"{CONTACTS}/read", inputs(live, gone)).json()
    assert [record["id"] for record in plain["results"]] == [live]
    archived = hub.post(f"{CONTACTS}/read?archived=True", inputs(live, gone)).json()
    assert [record["id"] for record in archived["results"]] == [gone]
    assert archived["errors"][0]["context"] == {"ids": [live]}


@pytest.mark.parametrize("call", ["read", "create", "update", "upsert", "archive"])
def test_no_more_than_a_hundred(hub: Hub, call: str) -> None:
    body = {"inputs": [{"id": str(n), "properties": {}} for n in range(101)], "properties": []}
    answer = hub.post(f"{CONTACTS}/{call}", body)
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert answer.json()["message"] == (
        "The maximum number of inputs supported in a batch is 100. Please reduce the number of items and try again"
    )


def test_with_history_no_more_than_fifty(hub: Hub) -> None:
    ids = [str(n) for n in range(51)]
    answer = hub.post(f"{CONTACTS}/read", inputs(*ids, propertiesWithHistory=["email"]))
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "The maximum number of inputs supported in a batch request for property histories is 50"
    )
    assert hub.post(f"{CONTACTS}/read", inputs(*ids[:50], propertiesWithHistory=["email"])).status_code == 207


@pytest.mark.parametrize("body", [{}, {"inputs": None}, {"inputs": "x"}, {"inputs": [5]}, {"inputs": [{"id": {}}]}])
def test_inputs_must_be_a_list_of_objects(hub: Hub, body: Json) -> None:
    assert hub.post(f"{CONTACTS}/read", body).status_code == 400


def test_creating(hub: Hub) -> None:
    body = {"inputs": [{"properties": {"email": fresh_email()}} for _ in range(3)]}
    answer = hub.post(f"{CONTACTS}/create", body)
    assert answer.status_code == 201
    emails = [record["properties"]["email"] for record in answer.json()["results"]]
    assert emails == [each["properties"]["email"] for each in body["inputs"]]


@pytest.mark.parametrize(
    ("bad", "status"),
    [({"email": "taken@b.co"}, 409), ({"email": "nonsense"}, 400), ({"phone": "1"}, 400), ({"email": "new@b.co"}, 409)],
)
def test_creating_is_all_or_nothing(hub: Hub, bad: dict[str, str], status: int) -> None:
    """Also when two inputs of the same batch are in each other's way."""
    hub.create(email="taken@b.co")
    hub.subscribe("contact.creation")
    body = {"inputs": [{"properties": {"email": "new@b.co"}}, {"properties": bad}]}
    assert hub.post(f"{CONTACTS}/create", body).status_code == status
    assert len(hub.get("/crm/v3/objects/contacts").json()["results"]) == 1
    assert hub.events() == []
    hub.create(email="new@b.co")


@pytest.mark.parametrize(("version", "status"), [("2026-03", 207), ("2026-09", 201)])
def test_with_trace_ids_each_input_stands_alone(hub: Hub, version: str, status: int) -> None:
    taken = hub.create(email="taken@b.co")
    body = {
        "inputs": [
            {"properties": {"email": "new@b.co"}, "objectWriteTraceId": "t1"},
            {"properties": {"email": "taken@b.co"}, "objectWriteTraceId": "t2"},
            {"properties": {"email": "nonsense"}, "objectWriteTraceId": "t3"},
        ]
    }
    answer = hub.post(f"/crm/objects/{version}/contacts/batch/create", body)
    assert answer.status_code == status
    found = answer.json()
    assert [record["objectWriteTraceId"] for record in found["results"]] == ["t1"]
    assert found["numErrors"] == 2
    conflict, invalid = found["errors"]
    assert conflict["category"] == "CONFLICT"
    assert conflict["context"] == {"objectWriteTraceId": ["t2"], "existingId": [taken]}
    assert invalid["category"] == "VALIDATION_ERROR"
    assert invalid["context"]["objectWriteTraceId"] == ["t3"]


def test_trace_ids_that_repeat_do_not_count(hub: Hub) -> None:
    body = {
        "inputs": [
            {"properties": {"email": "new@b.co"}, "objectWriteTraceId": "t"},
            {"properties": {"email": "nonsense"}, "objectWriteTraceId": "t"},
        ]
    }
    assert hub.post(f"{CONTACTS}/create", body).status_code == 400
    assert hub.get("/crm/v3/objects/contacts").json()["results"] == []


def test_updating(hub: Hub) -> None:
    ids = [hub.create(email=fresh_email()) for _ in range(2)]
    body = {"inputs": [{"id": record_id, "properties": {"phone": record_id}} for record_id in ids]}
    answer = hub.post(f"{CONTACTS}/update", body)
    assert answer.status_code == 200
    assert [record["properties"]["phone"] for record in answer.json()["results"]] == ids


def test_updating_what_is_not_there(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    body = {"inputs": [{"id": each, "properties": {"phone": "1"}} for each in (record_id, "999", "998")]}
    answer = hub.post(f"{CONTACTS}/update", body)
    assert answer.status_code == 207
    assert [record["id"] for record in answer.json()["results"]] == [record_id]
    assert answer.json()["errors"][0]["context"] == {"ids": ["999", "998"]}


def test_an_invalid_value_refuses_the_whole_update(hub: Hub) -> None:
    ids = [hub.create(email=fresh_email()) for _ in range(2)]
    body = {
        "inputs": [
            {"id": ids[0], "properties": {"phone": "1"}},
            {"id": ids[1], "properties": {"lifecyclestage": "hero"}},
        ]
    }
    assert hub.post(f"{CONTACTS}/update", body).status_code == 400
    record = hub.get(f"/crm/v3/objects/contacts/{ids[0]}?properties=phone").json()
    assert record["properties"]["phone"] is None
    for place, each in enumerate(body["inputs"]):
        each["objectWriteTraceId"] = f"t{place}"
    answer = hub.post(f"{CONTACTS}/update", body)
    assert answer.status_code == 207
    assert [record["id"] for record in answer.json()["results"]] == [ids[0]]
    assert answer.json()["errors"][0]["context"]["objectWriteTraceId"] == ["t1"]


def test_ids_must_be_unique_in_an_update(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    body = {"inputs": [{"id": record_id, "properties": {}}, {"id": record_id, "properties": {}}]}
    answer = hub.post(f"{CONTACTS}/update", body)
    assert answer.status_code == 400
    assert answer.json()["message"] == f"Duplicate IDs found in batch input: [{record_id}]. IDs must be unique"


def upsert(*emails: str, **properties: str) -> Json:
    return {"inputs": [{"id": each, "idProperty": "email", "properties": properties} for each in emails]}


def test_upserting_by_address(hub: Hub) -> None:
    known = hub.create(email="known@b.co")
    answer = hub.post(f"{CONTACTS}/upsert", upsert("known@b.co", "new@b.co", firstname="Ada"))
    assert answer.status_code == 200
    first, second = answer.json()["results"]
    assert (first["id"], first["new"]) == (known, False)
    assert second["new"] is True
    assert second["properties"]["email"] == "new@b.co"
    assert second["properties"]["firstname"] == "Ada"


def test_upserting_by_address_is_never_partial(hub: Hub) -> None:
    body = upsert("new@b.co") | {}
    body["inputs"].append({"id": "other@b.co", "idProperty": "email", "properties": {"lifecyclestage": "hero"}})
    assert hub.post(f"{CONTACTS}/upsert", body).status_code == 400
    assert hub.get("/crm/v3/objects/contacts").json()["results"] == []


def test_upserting_by_a_custom_unique_property_may_be_partial(hub: Hub) -> None:
    definition = {
        "name": "erp_id",
        "label": "ERP id",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
        "hasUniqueValue": True,
    }
    assert hub.post("/crm/v3/properties/contacts", definition).status_code == 201
    body = {
        "inputs": [
            {"id": "E1", "idProperty": "erp_id", "properties": {"firstname": "Ada"}},
            {"id": "E2", "idProperty": "erp_id", "properties": {"firstname": "Bea", "email": "nonsense"}},
        ]
    }
    answer = hub.post(f"{CONTACTS}/upsert", body)
    assert answer.status_code == 207
    assert [record["properties"]["erp_id"] for record in answer.json()["results"]] == ["E1"]
    assert answer.json()["errors"][0]["category"] == "VALIDATION_ERROR"
    again = hub.post(f"{CONTACTS}/upsert", {"inputs": body["inputs"][:1]})
    assert again.json()["results"][0]["new"] is False


@pytest.mark.parametrize("name", [None, "", "phone", "nonsense"])
def test_upserting_needs_a_unique_property(hub: Hub, name: str | None) -> None:
    body = {"inputs": [{"id": "x", "idProperty": name, "properties": {"firstname": "A"}}]}
    assert hub.post(f"{CONTACTS}/upsert", body).status_code == 400


def test_archiving_tells_nothing(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    answer = hub.post(f"{CONTACTS}/archive", inputs(record_id, "999", "abc"))
    assert answer.status_code == 204
    assert answer.content == b""
    assert hub.get(f"/crm/v3/objects/contacts/{record_id}").status_code == 404
