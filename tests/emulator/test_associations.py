"""Associations: the right type ids in both directions, labels, primaries, pages and batches."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.crm.catalog.associations import HUBSPOT_TYPES
from tests.emulator.hub import HUB, Hub, fresh_email

Json = dict[str, Any]


def spec(type_id: int) -> Json:
    return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}


def types_of(hub: Hub, kind: str, record_id: str, to: str) -> dict[str, list[int]]:
    rows = hub.get(f"/crm/v4/objects/{kind}/{record_id}/associations/{to}").json()["results"]
    return {str(row["toObjectId"]): sorted(each["typeId"] for each in row["associationTypes"]) for row in rows}


@pytest.fixture
def pair(hub: Hub) -> tuple[str, str]:
    return hub.create(email="ada@b.co"), hub.create("companies", name="Acme")


@pytest.mark.parametrize(
    ("from_name", "to_name", "plain", "primary"),
    [
        ("contact", "company", 279, 1),
        ("company", "contact", 280, 2),
        ("deal", "company", 341, 5),
        ("company", "deal", 342, 6),
        ("ticket", "company", 339, 26),
        ("company", "ticket", 340, 25),
        ("deal", "contact", 3, None),
        ("contact", "deal", 4, None),
        ("ticket", "contact", 16, None),
        ("contact", "ticket", 15, None),
        ("deal", "ticket", 27, None),
        ("ticket", "deal", 28, None),
        ("contact", "contact", 449, None),
        ("company", "company", 450, None),
        ("deal", "deal", 451, None),
        ("ticket", "ticket", 452, None),
    ],
)
def test_the_type_ids_are_hubspots(hub: Hub, from_name: str, to_name: str, plain: int, primary: int | None) -> None:
    answer = hub.get(f"/crm/v4/associations/{from_name}/{to_name}/labels")
    labels = {each["typeId"]: each["label"] for each in answer.json()["results"]}
    assert labels[plain] is None
    if primary is not None:
        assert labels[primary] == "Primary"
    assert all(each["category"] == "HUBSPOT_DEFINED" for each in answer.json()["results"])


def test_every_type_has_an_inverse_that_leads_back() -> None:
    for type_ in HUBSPOT_TYPES:
        inverse = HUBSPOT_TYPES.inverse(type_)
        assert HUBSPOT_TYPES.inverse(inverse) is type_
        assert (inverse.from_type, inverse.to_type) == (type_.to_type, type_.from_type)
        assert inverse.primary == type_.primary


def test_the_default_association_is_made_in_both_directions(hub: Hub, pair: tuple[str, str]) -> None:
    contact, company = pair
    answer = hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}")
    assert answer.status_code == 200
    assert answer.json()["results"] == [
        {"from": {"id": contact}, "to": {"id": company}, "associationSpec": spec(279)},
        {"from": {"id": company}, "to": {"id": contact}, "associationSpec": spec(280)},
    ]
    assert types_of(hub, "contacts", contact, "companies") == {company: [279]}
    assert types_of(hub, "companies", company, "contacts") == {contact: [280]}


def test_a_label_brings_the_plain_type_along(hub: Hub, pair: tuple[str, str]) -> None:
    contact, company = pair
    answer = hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}", [spec(1)])
    assert answer.status_code == 201
    assert answer.json() == {
        "fromObjectTypeId": "0-1",
        "fromObjectId": int(contact),
        "toObjectTypeId": "0-2",
        "toObjectId": int(company),
        "labels": ["Primary"],
    }
    rows = hub.get(f"/crm/v4/objects/contacts/{contact}/associations/companies").json()["results"]
    assert rows == [
        {
            "toObjectId": int(company),
            "associationTypes": [
                {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"},
                {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None},
            ],
        }
    ]


def test_putting_labels_replaces_those_there(hub: Hub, pair: tuple[str, str]) -> None:
    contact, company = pair
    address = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
    hub.call("PUT", address, [spec(1)])
    hub.call("PUT", address, [spec(279)])
    assert types_of(hub, "contacts", contact, "companies") == {company: [279]}


def test_there_is_one_primary_company(hub: Hub, pair: tuple[str, str]) -> None:
    contact, acme = pair
    bravo = hub.create("companies", name="Bravo")
    for company in (acme, bravo):
        hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}", [spec(1)])
    assert types_of(hub, "contacts", contact, "companies") == {acme: [279], bravo: [1, 279]}
    assert types_of(hub, "companies", acme, "contacts") == {contact: [280]}


def test_a_company_is_primary_for_many_and_may_say_so_itself(hub: Hub, pair: tuple[str, str]) -> None:
    ada, acme = pair
    bea = hub.create(email="bea@b.co")
    for contact in (ada, bea):
        hub.call("PUT", f"/crm/v4/objects/companies/{acme}/associations/contacts/{contact}", [spec(2)])
    assert types_of(hub, "companies", acme, "contacts") == {ada: [2, 280], bea: [2, 280]}
    assert types_of(hub, "contacts", bea, "companies") == {acme: [1, 279]}


def test_removing_takes_all_types_of_the_pair(hub: Hub, pair: tuple[str, str]) -> None:
    contact, company = pair
    address = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
    hub.call("PUT", address, [spec(1)])
    assert hub.call("DELETE", address).status_code == 204
    assert types_of(hub, "contacts", contact, "companies") == {}
    assert types_of(hub, "companies", company, "contacts") == {}
    assert hub.call("DELETE", address).status_code == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ({}, 400),
        ([spec(280)], 400),
        ([spec(3)], 400),
        ([{"associationCategory": "USER_DEFINED", "associationTypeId": 279}], 400),
    ],
)
def test_types_that_do_not_fit(hub: Hub, pair: tuple[str, str], body: Any, status: int) -> None:
    contact, company = pair
    address = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
    assert hub.call("PUT", address, body).status_code == status


def test_partners_must_exist_and_be_another(hub: Hub, pair: tuple[str, str]) -> None:
    contact, _ = pair
    assert hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/999").status_code == 404
    itself = hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/contacts/{contact}")
    assert itself.status_code == 400
    assert itself.json()["message"] == f"Object {contact} cannot be associated to itself"


def test_associating_touches_nobodys_last_modified_time(hub: Hub, pair: tuple[str, str]) -> None:
    contact, company = pair
    before = hub.get(f"/crm/v3/objects/contacts/{contact}").json()["updatedAt"]
    hub.advance(60)
    hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}")
    assert hub.get(f"/crm/v3/objects/contacts/{contact}").json()["updatedAt"] == before


def test_archived_partners_are_hidden_until_they_return(hub: Hub, pair: tuple[str, str]) -> None:
    contact, company = pair
    hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}")
    hub.call("DELETE", f"/crm/v3/objects/companies/{company}")
    assert types_of(hub, "contacts", contact, "companies") == {}
    hub.change({"op": "restore", "object_type": "company", "id": company})
    assert types_of(hub, "contacts", contact, "companies") == {company: [279]}


def company_with(hub: Hub, count: int) -> tuple[str, list[str]]:
    """A company with so many contacts, quickly."""
    company = hub.create("companies", name="Acme")
    made = hub.change(
        *({"op": "create", "object_type": "contact", "properties": {"email": fresh_email()}} for _ in range(count))
    )
    contacts = [each["id"] for each in made]
    crm = hub.emulator.portals[HUB].crm
    for contact in contacts:
        crm.links.put_unchecked(HUBSPOT_TYPES[279], int(contact), int(company))
    return company, contacts


def test_pages_of_a_records_associations(hub: Hub) -> None:
    company, contacts = company_with(hub, 25)
    address = f"/crm/v4/objects/companies/{company}/associations/contacts?limit=10"
    seen: list[str] = []
    while address:
        page = hub.get(address).json()
        seen += [str(row["toObjectId"]) for row in page["results"]]
        address = page.get("paging", {}).get("next", {}).get("link", "")
    assert seen == contacts


@pytest.mark.parametrize(("version", "status"), [("2025-09", 200), ("2026-03", 200), ("2026-09", 404)])
def test_2026_09_has_no_page_of_one_records_associations(
    hub: Hub, pair: tuple[str, str], version: str, status: int
) -> None:
    contact, _ = pair
    assert hub.get(f"/crm/objects/{version}/contacts/{contact}/associations/companies").status_code == status


def test_an_archived_record_is_listed_without_associations(hub: Hub, pair: tuple[str, str]) -> None:
    contact, company = pair
    hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}")
    [before] = hub.get("/crm/v3/objects/contacts", associations="companies").json()["results"]
    hub.call("DELETE", f"/crm/v3/objects/contacts/{contact}")
    [after] = hub.get("/crm/v3/objects/contacts", associations="companies", archived="true").json()["results"]
    assert ("associations" in before, "associations" in after) == (True, False)


def test_inline_associations_repeat_ids_and_are_paged_inside(hub: Hub) -> None:
    company, contacts = company_with(hub, 120)
    record = hub.get(f"/crm/v3/objects/companies/{company}?associations=contacts&associations=deals").json()
    assert list(record["associations"]) == ["contacts"]
    inside = record["associations"]["contacts"]
    assert len(inside["results"]) == 100
    assert inside["results"][0] == {"id": contacts[0], "type": "company_to_contact_unlabeled"}
    link = inside["paging"]["next"]["link"]
    rest = hub.get(link).json()
    assert [row["id"] for row in rest["results"]] == contacts[100:]
    assert "paging" not in rest


def test_inline_associations_need_the_others_scope(bare: Hub) -> None:
    bare.install(scopes=["oauth", "crm.objects.contacts.read"])
    assert bare.get("/crm/v3/objects/contacts?associations=companies").status_code == 403
    assert bare.get("/crm/v3/objects/contacts?associations=butterflies").status_code == 400


def test_batch_reading(hub: Hub, pair: tuple[str, str]) -> None:
    contact, company = pair
    lonely = hub.create(email="lonely@b.co")
    hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}", [spec(1)])
    body = {"inputs": [{"id": contact}, {"id": int(lonely)}, {"id": "999"}]}
    answer = hub.post("/crm/v4/associations/contacts/companies/batch/read", body)
    assert answer.status_code == 207
    [row] = answer.json()["results"]
    assert row["from"] == {"id": contact}
    assert row["to"][0]["toObjectId"] == int(company), "a number on the wire"
    assert [each["typeId"] for each in row["to"][0]["associationTypes"]] == [1, 279]
    errors = answer.json()["errors"]
    assert {error["subCategory"] for error in errors} == {"crm.associations.NO_ASSOCIATIONS_FOUND"}
    assert [error["context"]["fromObjectId"] for error in errors] == [[lonely], ["999"]]


def test_batch_reading_in_pages(hub: Hub) -> None:
    company, contacts = company_with(hub, 510)
    body: Json = {"inputs": [{"id": company}]}
    first = hub.post("/crm/associations/2026-03/companies/contacts/batch/read", body).json()["results"][0]
    assert len(first["to"]) == 500
    body["inputs"][0]["after"] = first["paging"]["next"]["after"]
    second = hub.post("/crm/associations/2026-03/companies/contacts/batch/read", body).json()["results"][0]
    assert [str(each["toObjectId"]) for each in first["to"] + second["to"]] == contacts
    assert "paging" not in second


@pytest.mark.parametrize(
    ("path", "created", "archived"),
    [
        ("/crm/v4/associations", 201, 204),
        ("/crm/associations/2026-03", 201, 200),
        ("/crm/associations/2026-09", 200, 200),
    ],
)
def test_batch_creating_and_archiving(hub: Hub, pair: tuple[str, str], path: str, created: int, archived: int) -> None:
    contact, company = pair
    body = {"inputs": [{"from": {"id": contact}, "to": {"id": company}, "types": [spec(1)]}]}
    answer = hub.post(f"{path}/contacts/companies/batch/create", body)
    assert answer.status_code == created
    assert answer.json()["results"][0]["labels"] == ["Primary"]
    assert types_of(hub, "contacts", contact, "companies") == {company: [1, 279]}
    gone = {"inputs": [{"from": {"id": contact}, "to": [{"id": company}]}]}
    answer = hub.post(f"{path}/contacts/companies/batch/archive", gone)
    assert answer.status_code == archived
    assert bool(answer.content) == (archived == 200)
    assert types_of(hub, "contacts", contact, "companies") == {}


def test_batch_creating_is_checked_before_anything_is_written(hub: Hub, pair: tuple[str, str]) -> None:
    contact, company = pair
    body = {
        "inputs": [
            {"from": {"id": contact}, "to": {"id": company}, "types": [spec(279)]},
            {"from": {"id": contact}, "to": {"id": "999"}, "types": [spec(279)]},
        ]
    }
    assert hub.post("/crm/v4/associations/contacts/companies/batch/create", body).status_code == 404
    assert types_of(hub, "contacts", contact, "companies") == {}


def test_batch_default(hub: Hub, pair: tuple[str, str]) -> None:
    contact, company = pair
    body = {"inputs": [{"from": {"id": contact}, "to": {"id": company}}]}
    answer = hub.post("/crm/v4/associations/contacts/companies/batch/associate/default", body)
    assert answer.status_code == 200
    assert len(answer.json()["results"]) == 2
    assert types_of(hub, "contacts", contact, "companies") == {company: [279]}


@pytest.mark.parametrize(("removed", "left"), [(1, [279]), (279, None)])
def test_removing_the_plain_type_removes_all_labels(
    hub: Hub, pair: tuple[str, str], removed: int, left: list[int] | None
) -> None:
    contact, company = pair
    hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}", [spec(1)])
    body = {"inputs": [{"from": {"id": contact}, "to": {"id": company}, "types": [spec(removed)]}]}
    assert hub.post("/crm/v4/associations/contacts/companies/batch/labels/archive", body).status_code == 204
    assert types_of(hub, "contacts", contact, "companies") == ({company: left} if left else {})


@pytest.mark.parametrize(("call", "most"), [("read", 1_000), ("create", 2_000), ("archive", 2_000)])
def test_the_size_of_batches(hub: Hub, call: str, most: int) -> None:
    body = {"inputs": [{"id": "1", "from": {"id": "1"}, "to": {"id": "1"}, "types": [spec(279)]}] * (most + 1)}
    answer = hub.post(f"/crm/v4/associations/contacts/companies/batch/{call}", body)
    assert answer.status_code == 400
    assert str(most) in answer.json()["message"]


def test_the_older_shape(hub: Hub, pair: tuple[str, str]) -> None:
    contact, company = pair
    base = "/crm/v3/associations/companies/contacts"
    assert {"id": "280", "name": "company_to_contact_unlabeled"} in hub.get(f"{base}/types").json()["results"]
    body = {"inputs": [{"from": {"id": company}, "to": {"id": contact}, "type": "company_to_contact"}]}
    assert hub.post(f"{base}/batch/create", body).status_code == 201
    read = hub.post(f"{base}/batch/read", {"inputs": [{"id": int(company)}]}).json()
    assert read["results"] == [
        {
            "from": {"id": company},
            "to": [
                {"id": contact, "type": "company_to_contact"},
                {"id": contact, "type": "company_to_contact_unlabeled"},
            ],
        }
    ]
    assert hub.post(f"{base}/batch/archive", body).status_code == 204
    assert types_of(hub, "contacts", contact, "companies") == {}


def test_parent_and_child_companies(hub: Hub) -> None:
    parent, child = hub.create("companies", name="P"), hub.create("companies", name="C")
    hub.call("PUT", f"/crm/v4/objects/companies/{parent}/associations/companies/{child}", [spec(13)])
    assert types_of(hub, "companies", parent, "companies") == {child: [13, 450]}
    assert types_of(hub, "companies", child, "companies") == {parent: [14, 450]}


def test_the_number_of_associated_pairs(hub: Hub, pair: tuple[str, str]) -> None:
    contact, company = pair
    address = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
    hub.call("PUT", address, [spec(1)])
    assert hub.control("GET", "state")["portals"][0]["associations"] == 1
    hub.call("DELETE", address)
    assert hub.control("GET", "state")["portals"][0]["associations"] == 0


def test_v3_associates_by_the_name_of_the_type(hub: Hub) -> None:
    contact, company = hub.create("contacts", email=fresh_email()), hub.create("companies", name="Acme")
    path = f"/crm/v3/objects/contacts/{contact}/associations/companies/{company}"
    shown = hub.call("PUT", f"{path}/contact_to_company")
    assert shown.status_code == 200
    rows = shown.json()["associations"]["companies"]["results"]
    assert {row["type"] for row in rows} == {"contact_to_company", "contact_to_company_unlabeled"}
    assert hub.call("PUT", f"{path}/contact_to_butterfly").status_code == 400
    assert hub.call("DELETE", f"{path}/280").status_code == 400, "of the other direction"
    assert hub.call("DELETE", f"{path}/279").status_code == 204
    assert hub.get(f"/crm/v4/objects/contacts/{contact}/associations/companies").json()["results"] == []
