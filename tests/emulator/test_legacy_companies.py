"""Companies v2 tell of the same records as v3."""

from __future__ import annotations

from emulator.crm.object_types import COMPANY
from emulator.instants import parse_instant
from tests.emulator.hub import HUB, Hub
from tests.emulator.legacy import full as full  # the fixture
from tests.emulator.legacy import pages, table


def test_all_companies_page_by_page(full: Hub) -> None:
    answers = pages(
        full, "/companies/v2/companies/paged", "has-more", {"offset": "offset"}, limit=50, properties=["name", "domain"]
    )
    assert [len(answer["companies"]) for answer in answers] == [50, 50, 20]
    rows = [row for answer in answers for row in answer["companies"]]
    companies = table(full, COMPANY)
    assert [row["companyId"] for row in rows] == list(companies.live)
    assert {row["portalId"] for row in rows} == {HUB}
    assert {row["isDeleted"] for row in rows} == {False}
    for row in rows:
        record = companies.records[row["companyId"]]
        assert row["properties"].keys() == {"name", "domain"}
        assert row["properties"]["name"]["value"] == record.values["name"]
        assert row["properties"]["name"]["timestamp"] == record.created_at


def test_the_last_page_leads_to_what_is_added_later(full: Hub) -> None:
    offset = pages(full, "/companies/v2/companies/paged", "has-more", {"offset": "offset"}, limit=250)[-1]["offset"]
    assert full.get("/companies/v2/companies/paged", offset=offset).json()["companies"] == []
    added = full.create("companies", name="Late Ltd", domain="late.example")
    later = full.get("/companies/v2/companies/paged", offset=offset).json()["companies"]
    assert [row["companyId"] for row in later] == [int(added)]


def test_the_time_of_the_last_change_is_the_one_that_v3_tells(full: Hub) -> None:
    for path, field, kind in [
        ("/companies/v2/companies/paged", "companies", "companies"),
        ("/deals/v1/deal/paged", "deals", "deals"),
    ]:
        old = full.get(path, limit=20, properties="hs_lastmodifieddate").json()[field]
        new = full.get(f"/crm/v3/objects/{kind}", limit=20).json()["results"]
        told = [row["properties"]["hs_lastmodifieddate"] for row in old]
        assert [each["timestamp"] for each in told] == [parse_instant(row["updatedAt"]) for row in new]
        assert [each["value"] for each in told] == [str(each["timestamp"]) for each in told]
        assert {each["source"] for each in told} == {"CALCULATED"}


def test_one_company_with_all_it_has(hub: Hub) -> None:
    company = hub.create("companies", name="Old Name", domain="acme.example")
    hub.time.pass_(60)
    hub.call("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"name": "New Name"}})
    shown = hub.get(f"/companies/v2/companies/{company}").json()
    assert shown["companyId"] == int(company)
    name = shown["properties"]["name"]
    assert (name["value"], name["source"], len(name["versions"])) == ("New Name", "INTEGRATION", 1)
    assert name["timestamp"] == hub.time.ms
    whole = hub.get(f"/companies/v2/companies/{company}?includePropertyVersions=TRUE").json()
    versions = whole["properties"]["name"]["versions"]
    assert [version["value"] for version in versions] == ["New Name", "Old Name"]
    assert versions[0]["timestamp"] - versions[1]["timestamp"] == 60_000
    assert hub.get("/companies/v2/companies/999").status_code == 404
    assert hub.get("/companies/v2/companies/acme").status_code == 404


def test_properties_with_history_of_a_page(hub: Hub) -> None:
    company = hub.create("companies", name="One", phone="1")
    hub.time.pass_(5)
    hub.call("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"name": "Two", "phone": ""}})
    path = "/companies/v2/companies/paged"
    (row,) = hub.get(path, properties=["name", "phone"]).json()["companies"]
    assert row["properties"].keys() == {"name"}
    assert len(row["properties"]["name"]["versions"]) == 1
    (row,) = hub.get(path, propertiesWithHistory=["name", "phone"]).json()["companies"]
    assert [version["value"] for version in row["properties"]["name"]["versions"]] == ["Two", "One"]
    assert [version["value"] for version in row["properties"]["phone"]["versions"]] == ["", "1"]
