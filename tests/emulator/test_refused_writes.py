"""What is refused leaves nothing behind, however far it got."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import Hub

Json = dict[str, Any]
CONTACTS = "/crm/v3/objects/contacts"
TO_COMPANY = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]


def define(hub: Hub, name: str, kind: str = "contacts", **more: Any) -> None:
    group = "contactinformation" if kind == "contacts" else "companyinformation"
    body = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": group}
    answer = hub.post(f"/crm/v3/properties/{kind}", body | more)
    assert answer.status_code == 201, answer.text


def emails(hub: Hub) -> list[str]:
    rows = hub.get(CONTACTS, properties="email", limit=100).json()["results"]
    return [row["properties"]["email"] for row in rows]


def test_two_updates_of_a_batch_cannot_want_the_same_address(hub: Hub) -> None:
    first, second = hub.create(email="a@b.co"), hub.create(email="b@b.co")
    inputs = [{"id": each, "properties": {"email": "New@b.co"}} for each in (first, second)]
    refused = hub.post(f"{CONTACTS}/batch/update", {"inputs": inputs})
    assert refused.status_code == 409
    assert refused.json()["message"].endswith(f"Existing ID: {first}")
    assert emails(hub) == ["a@b.co", "b@b.co"]


def test_with_trace_ids_only_the_second_is_refused(hub: Hub) -> None:
    ids = [hub.create(email="a@b.co"), hub.create(email="b@b.co")]
    inputs = [{"id": each, "objectWriteTraceId": each, "properties": {"email": "new@b.co"}} for each in ids]
    answer = hub.post(f"{CONTACTS}/batch/update", {"inputs": inputs})
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["context"]["objectWriteTraceId"] == [ids[1]]
    assert emails(hub) == ["new@b.co", "b@b.co"]


def test_the_same_record_by_two_names_is_a_duplicate(hub: Hub) -> None:
    contact = hub.create(email="a@b.co")
    inputs: list[Json] = [{"id": contact, "properties": {"firstname": "A"}}]
    inputs.append({"id": "a@b.co", "idProperty": "email", "properties": {"firstname": "B"}})
    refused = hub.post(f"{CONTACTS}/batch/update", {"inputs": inputs})
    assert refused.json()["message"] == f"Duplicate IDs found in batch input: [{contact}]. IDs must be unique"


@pytest.mark.parametrize("existing", [True, False])
def test_an_upsert_by_address_is_all_or_nothing(hub: Hub, existing: bool) -> None:
    define(hub, "badge", hasUniqueValue=True)
    before = [hub.create(email="a@b.co"), hub.create(email="b@b.co")] if existing else []
    inputs: list[Json] = [
        {"id": email, "idProperty": "email", "properties": {"badge": "7", "firstname": "New"}}
        for email in ("a@b.co", "b@b.co")
    ]
    assert hub.post(f"{CONTACTS}/batch/upsert", {"inputs": inputs}).status_code == 409
    rows = hub.get(CONTACTS, properties="firstname,badge").json()["results"]
    assert [row["id"] for row in rows] == before
    assert all(row["properties"]["badge"] is None for row in rows)


def test_an_address_in_two_cases_is_a_duplicate(hub: Hub) -> None:
    inputs: list[Json] = [{"id": email, "idProperty": "email", "properties": {}} for email in ("a@b.co", "A@b.co")]
    assert hub.post(f"{CONTACTS}/batch/upsert", {"inputs": inputs}).status_code == 400
    assert emails(hub) == []


def test_a_batch_taken_back_gives_the_primary_company_back(hub: Hub) -> None:
    contact, company = hub.create(email="a@b.co"), hub.create("companies", name="Acme")
    primary = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    address = f"/crm/v4/objects/contacts/{contact}/associations/companies"
    hub.call("PUT", f"{address}/{company}", primary)
    before = hub.get(address).json()
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 2}]
    usurper = {"properties": {"name": "B"}, "associations": [{"to": {"id": contact}, "types": types}]}
    refused = hub.post("/crm/v3/objects/companies/batch/create", {"inputs": [usurper, {"properties": {}}]})
    assert refused.status_code == 400
    assert hub.get(address).json() == before


def limit(hub: Hub, type_id: int) -> None:
    body = {"inputs": [{"category": "HUBSPOT_DEFINED", "typeId": type_id, "maxToObjectIds": 1}]}
    made = hub.post("/crm/associations/v4/definitions/configurations/contacts/companies/batch/create", body)
    assert made.status_code == 201


def test_a_new_record_cannot_go_beyond_an_association_limit(hub: Hub) -> None:
    limit(hub, 279)
    companies = [hub.create("companies", name=name) for name in "ab"]
    links = [{"to": {"id": each}, "types": TO_COMPANY} for each in companies]
    refused = hub.post(CONTACTS, {"properties": {"email": "a@b.co"}, "associations": links})
    assert refused.status_code == 400
    assert emails(hub) == []
    for each in companies:
        assert hub.get(f"/crm/v4/objects/companies/{each}/associations/contacts").json()["results"] == []


def test_a_label_does_not_get_round_the_limit_of_the_plain_type(hub: Hub) -> None:
    limit(hub, 279)
    contact = hub.create(email="a@b.co")
    primary = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    address = f"/crm/v4/objects/contacts/{contact}/associations/companies"
    codes = [hub.call("PUT", f"{address}/{hub.create('companies', name=name)}", primary).status_code for name in "ab"]
    assert codes == [201, 400]


def test_a_batch_reports_who_is_at_the_limit_already(hub: Hub) -> None:
    limit(hub, 279)
    full, free = hub.create(email="a@b.co"), hub.create(email="b@b.co")
    first, second = (hub.create("companies", name=name) for name in "ab")
    hub.call("PUT", f"/crm/v4/objects/contacts/{full}/associations/default/companies/{first}")
    inputs = [{"from": {"id": each}, "to": {"id": second}, "types": TO_COMPANY} for each in (full, free)]
    answer = hub.post("/crm/v4/associations/contacts/companies/batch/create", {"inputs": inputs})
    assert answer.status_code == 207
    assert [row["fromObjectId"] for row in answer.json()["results"]] == [int(free)]


def test_two_labels_cannot_get_the_same_name(hub: Hub) -> None:
    path = "/crm/v4/associations/contacts/companies/labels"
    for label in ("Boss", "Clerk"):
        made = hub.post(path, {"name": label.lower(), "label": label}).json()["results"]
    renamed = hub.call("PUT", path, {"associationTypeId": made[0]["typeId"], "label": "Boss"})
    assert renamed.status_code == 409
    assert [row["label"] for row in hub.get(path).json()["results"]][2:] == ["Boss", "Clerk"]
