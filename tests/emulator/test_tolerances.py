"""What clients send that is not quite as documented, and HubSpot takes."""

from __future__ import annotations

import pytest

from tests.emulator.hub import Hub


@pytest.mark.parametrize("written", ["true", "True", "TRUE"])
def test_booleans_in_any_case(hub: Hub, written: str) -> None:
    kept, gone = hub.create(email="a@b.co"), hub.create(email="c@d.co")
    hub.call("DELETE", f"/crm/v3/objects/contacts/{gone}")
    rows = hub.get("/crm/v3/objects/contacts", archived=written).json()["results"]
    assert [row["id"] for row in rows] == [gone]
    rows = hub.get("/crm/v3/objects/contacts", archived="False").json()["results"]
    assert [row["id"] for row in rows] == [kept]


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/owners/",
        "/crm/v3/objects/contacts/",
        "/crm/v4/objects/tickets/",
        "/crm/v3/properties/contacts/",
        "/crm/v3/pipelines/deals/",
        "/deals/v1/deal/paged/",
        "/companies/v2/properties/",
    ],
)
def test_trailing_slashes(hub: Hub, path: str) -> None:
    assert hub.get(path).status_code == 200
    assert hub.get(f"{path}?limit=5").status_code == 200


@pytest.mark.parametrize("query", ["sort=createdate", "order_by=id", "hapikey=", "propertyMode=value_and_history", "x"])
def test_parameters_that_nobody_knows(hub: Hub, query: str) -> None:
    hub.create(email="a@b.co")
    assert len(hub.get(f"/crm/v3/objects/contacts?{query}").json()["results"]) == 1


def test_numbers_and_texts_alike_in_a_search(hub: Hub) -> None:
    ids = [hub.create(email=f"p{number}@b.co", numemployees=str(number)) for number in range(4)]
    for after, limit, value in [(2, 2, 0), ("2", "2", "0")]:
        body = {
            "filters": [{"propertyName": "numemployees", "operator": "GTE", "value": value}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "limit": limit,
            "after": after,
        }
        rows = hub.search("contacts", body).json()["results"]
        assert [row["id"] for row in rows] == ids[2:]


def test_numbers_and_texts_alike_in_a_batch(hub: Hub) -> None:
    contact, company = hub.create(email="a@b.co"), hub.create("companies", name="Acme")
    hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}")
    for number in (contact, int(contact)):
        read = hub.post("/crm/v3/objects/contacts/batch/read", {"inputs": [{"id": number}], "properties": ["email"]})
        assert [row["id"] for row in read.json()["results"]] == [contact]
        body = {"inputs": [{"id": number}]}
        (row,) = hub.post("/crm/v3/associations/contact/company/batch/read", body).json()["results"]
        assert [each["id"] for each in row["to"]] == [company]


def test_properties_as_one_list_or_many(hub: Hub) -> None:
    hub.create(email="a@b.co", firstname="A")
    joined = hub.get("/crm/v3/objects/contacts?properties=email,firstname&associations=companies,deals").json()
    repeated = hub.get("/crm/v3/objects/contacts?properties=email&properties=firstname&associations=companies").json()
    assert joined["results"][0]["properties"] == repeated["results"][0]["properties"]
    assert joined["results"][0]["properties"]["firstname"] == "A"


def test_the_longest_address(hub: Hub) -> None:
    answer = hub.get("/companies/v2/companies/paged", properties="x" * 17_000)
    assert answer.status_code == 414
    assert answer.headers["content-type"] == "text/html"


def test_associations_with_conversations(hub: Hub) -> None:
    """Singer asks for them; there are none."""
    hub.create(email="a@b.co")
    [row] = hub.get("/crm/v3/objects/contacts", associations="companies,conversations").json()["results"]
    assert row.get("associations", {}) == {}
    assert hub.get("/crm/v3/objects/contacts", associations="conversion").status_code == 400


@pytest.mark.parametrize("odd", ["²", "9" * 5_000])
def test_digits_that_are_no_number_find_nothing(hub: Hub, odd: str) -> None:
    for name in ("hs_object_id", "associations.company"):
        body = {"filters": [{"propertyName": name, "operator": "EQ", "value": odd}]}
        answer = hub.search("contacts", body)
        assert answer.status_code in (200, 400), name
        assert not answer.json().get("results")
    assert hub.get(f"/crm/v3/owners/{odd}").status_code == 404
    refused = hub.post("/crm/v3/objects/contacts", {"properties": {"email": "a@b.co", "hubspot_owner_id": odd}})
    assert refused.status_code == 400
