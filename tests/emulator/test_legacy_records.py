"""Companies v2, deals v1, contacts v1 and tickets v1 tell of the same records as v3."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.crm.object_types import COMPANY, CONTACT, DEAL, TICKET, ObjectType
from emulator.crm.records import Record, Table, by_user
from emulator.instants import parse_instant
from emulator.legacy import recent
from tests.emulator.hub import CRM_SCOPES, HUB, Hub

Json = dict[str, Any]
DAY_S = 86_400


@pytest.fixture
def full(bare: Hub) -> Hub:
    """An account with some hundred records of each kind."""
    bare.control("DELETE", f"portals/{HUB}")
    bare.portal(seed={"contacts": 230, "companies": 120, "deals": 260, "tickets": 215})
    bare.install()
    return bare


def table(hub: Hub, kind: ObjectType) -> Table:
    return hub.emulator.portals[HUB].crm.table(kind)


def pages(hub: Hub, path: str, more: str, offsets: dict[str, str], **params: Any) -> list[Json]:
    """Follow the offsets to the end, as the peers do: answer field to parameter."""
    answers = [hub.get(path, **params).json()]
    while answers[-1][more]:
        params |= {parameter: answers[-1][field] for field, parameter in offsets.items()}
        answers.append(hub.get(path, **params).json())
    return answers


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


@pytest.mark.parametrize(
    ("path", "kind", "id_name"),
    [
        ("/companies/v2/companies/recent/modified", COMPANY, "companyId"),
        ("/deals/v1/deal/recent/modified", DEAL, "dealId"),
    ],
)
def test_recently_modified_goes_back_thirty_days(full: Hub, path: str, kind: ObjectType, id_name: str) -> None:
    answers = pages(full, path, "hasMore", {"offset": "offset"}, count=10)
    rows = [row for answer in answers for row in answer["results"]]
    since = full.time.ms - 30 * DAY_S * 1000
    expected = [r for r in table(full, kind).records.values() if r.updated_at >= since]
    expected.sort(key=lambda record: (record.updated_at, record.id), reverse=True)
    assert 10 < len(expected) < len(table(full, kind))
    assert [row[id_name] for row in rows] == [record.id for record in expected]
    assert {answer["total"] for answer in answers} == {len(expected)}
    assert answers[-1]["offset"] == len(expected)
    newest = full.get(path, since=expected[4].updated_at).json()
    assert [row[id_name] for row in newest["results"]] == [record.id for record in expected[:5]]
    assert newest["total"] == 5


@pytest.mark.parametrize(
    ("path", "kind", "id_name"),
    [
        ("/companies/v2/companies/recent/created", COMPANY, "companyId"),
        ("/deals/v1/deal/recent/created", DEAL, "dealId"),
    ],
)
def test_recently_created_goes_back_thirty_days(full: Hub, path: str, kind: ObjectType, id_name: str) -> None:
    rows = [row for answer in pages(full, path, "hasMore", {"offset": "offset"}, count=3) for row in answer["results"]]
    since = full.time.ms - 30 * DAY_S * 1000
    expected = sorted((r.id for r in table(full, kind).records.values() if r.created_at >= since), reverse=True)
    assert expected
    assert [row[id_name] for row in rows] == expected


def test_a_recent_list_has_what_changed_and_not_what_was_archived(full: Hub) -> None:
    first, second, third = list(table(full, COMPANY).live)[:3]
    for company in (first, second, third):
        full.time.pass_(1)
        full.call("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"city": "Springfield"}})
    full.call("DELETE", f"/crm/v3/objects/companies/{second}")
    rows = full.get("/companies/v2/companies/recent/modified", count=2).json()["results"]
    assert [row["companyId"] for row in rows] == [third, first]


def test_a_recent_list_ends_at_ten_thousand_and_tells_that_there_are_more() -> None:
    records = [Record(number, {}, 0, by_user(1)) for number in range(10_050)]
    last = recent.page(records, 9_990, 100, beyond_wall=10_050)
    assert [record.id for record in last.items] == list(range(9_990, 10_000))
    assert (last.more, last.total, last.offset) == (False, 10_050, 10_000)
    assert recent.page(records, 9_900, 50, beyond_wall=10_050).more
    whole = recent.page(records[:10_000], 9_900, 100, beyond_wall=99_999)
    assert (len(whole.items), whole.more, whole.total) == (100, False, 10_000)


def test_counts_beyond_the_most_are_cut(full: Hub) -> None:
    assert len(full.get("/deals/v1/deal/paged", limit=1_000).json()["deals"]) == 250
    full.advance(1)
    for deal in list(table(full, DEAL).live)[:105]:
        full.call("PATCH", f"/crm/v3/objects/deals/{deal}", {"properties": {"amount": "7"}})
    assert len(full.get("/deals/v1/deal/recent/modified", count=250).json()["results"]) == 100
    assert full.get("/deals/v1/deal/paged", limit="many").status_code == 400
    assert full.get("/deals/v1/deal/paged", offset="-1").status_code == 400


def test_all_deals_with_everything(full: Hub) -> None:
    answers = pages(
        full,
        "/deals/v1/deal/paged",
        "hasMore",
        {"offset": "offset"},
        limit=100,
        includeAssociations="True",
        includeAllProperties="True",
        allPropertiesFetchMode="latest_version",
    )
    rows = [row for answer in answers for row in answer["deals"]]
    crm = full.emulator.portals[HUB].crm
    assert [row["dealId"] for row in rows] == list(crm.table(DEAL).live)
    for row in rows:
        record = crm.table(DEAL).records[row["dealId"]]
        assert record.values.keys() <= row["properties"].keys()
        assert row["properties"]["closedate"]["value"] == str(parse_instant(record.values["closedate"]))
        assert row["properties"]["hs_is_closed"]["value"] in ("true", "false")
        assert row["associations"]["associatedVids"] == sorted(crm.links.targets(DEAL, record.id, CONTACT))
        assert row["associations"]["associatedCompanyIds"] == sorted(crm.links.targets(DEAL, record.id, COMPANY))
    assert any(row["associations"]["associatedCompanyIds"] for row in rows)


def test_deals_without_asking_for_anything(full: Hub) -> None:
    row = full.get("/deals/v1/deal/paged", limit=1, includeAssociations="False").json()["deals"][0]
    assert row["properties"] == {}
    assert "associations" not in row
    named = full.get("/deals/v1/deal/paged", limit=1, properties=["dealname", "nonsense"]).json()["deals"][0]
    assert named["properties"].keys() == {"dealname"}


def test_one_deal_with_its_versions(hub: Hub) -> None:
    deal = hub.create("deals", dealname="A", dealstage="contractsent")
    hub.time.pass_(9)
    hub.call("PATCH", f"/crm/v3/objects/deals/{deal}", {"properties": {"dealstage": "closedwon"}})
    stage = hub.get(f"/deals/v1/deal/{deal}").json()["properties"]["dealstage"]
    assert (stage["value"], len(stage["versions"])) == ("closedwon", 1)
    whole = hub.get(f"/deals/v1/deal/{deal}?includePropertyVersions=true").json()["properties"]
    assert [version["value"] for version in whole["dealstage"]["versions"]] == ["closedwon", "contractsent"]


def test_all_contacts_by_vid(full: Hub) -> None:
    path = "/contacts/v1/lists/all/contacts/all"
    answers = pages(
        full, path, "has-more", {"vid-offset": "vidOffset"}, count=100, property=["email", "lifecyclestage"]
    )
    rows = [row for answer in answers for row in answer["contacts"]]
    contacts = table(full, CONTACT)
    assert [row["vid"] for row in rows] == list(contacts.live)
    assert [answer["vid-offset"] for answer in answers] == [answer["contacts"][-1]["vid"] for answer in answers]
    for row in rows:
        record = contacts.records[row["vid"]]
        assert row["properties"]["email"] == {"value": record.values["email"]}
        assert row["properties"]["lastmodifieddate"]["value"] == str(record.updated_at)
        assert row["identity-profiles"][0]["identities"][0]["value"] == record.values["email"]
        assert row["canonical-vid"] == row["vid"]


def test_latest_contacts_page_by_time_and_vid(full: Hub) -> None:
    # Thirty contacts that changed in the same millisecond, so that only the id tells their pages apart.
    inputs = [{"id": str(vid), "properties": {"city": "Same"}} for vid in list(table(full, CONTACT).live)[:30]]
    assert full.post("/crm/v3/objects/contacts/batch/update", {"inputs": inputs}).status_code == 200
    path = "/contacts/v1/lists/recently_updated/contacts/recent"
    both = {"vid-offset": "vidOffset", "time-offset": "timeOffset"}
    rows = [row for answer in pages(full, path, "has-more", both, count=7) for row in answer["contacts"]]
    since = full.time.ms - 30 * DAY_S * 1000
    expected = [r for r in table(full, CONTACT).records.values() if r.updated_at >= since]
    expected.sort(key=lambda record: (record.updated_at, record.id), reverse=True)
    assert [row["vid"] for row in rows] == [record.id for record in expected]
    assert [row["addedAt"] for row in rows] == [record.updated_at for record in expected]
    # By the id alone the page is found too, by the time alone what shares it is passed over.
    after = full.get(path, count=100, vidOffset=expected[10].id).json()["contacts"]
    assert [row["vid"] for row in after] == [record.id for record in expected[11:111]]
    earlier = full.get(path, count=100, timeOffset=expected[0].updated_at).json()["contacts"]
    assert earlier[0]["vid"] == next(r.id for r in expected if r.updated_at < expected[0].updated_at)


def test_new_contacts(full: Hub) -> None:
    path = "/contacts/v1/lists/all/contacts/recent"
    both = {"vid-offset": "vidOffset", "time-offset": "timeOffset"}
    rows = [row for answer in pages(full, path, "has-more", both, count=4) for row in answer["contacts"]]
    since = full.time.ms - 30 * DAY_S * 1000
    expected = sorted((r.id for r in table(full, CONTACT).records.values() if r.created_at >= since), reverse=True)
    assert [row["vid"] for row in rows] == expected
    assert len(expected) > 4


def test_a_contacts_profile(hub: Hub) -> None:
    vid = hub.create(email="ada@acme.example", firstname="Ada", date_of_birth="1990-05-01")
    company = hub.create("companies", name="Acme", domain="acme.example")
    link = {"op": "associate", "object_type": "contact", "id": vid, "to": {"object_type": "company", "id": company}}
    hub.change(link)
    hub.time.pass_(1)
    hub.call("PATCH", f"/crm/v3/objects/contacts/{vid}", {"properties": {"firstname": "Ada Maria"}})
    shown = hub.get(f"/contacts/v1/contact/vid/{vid}/profile").json()
    assert shown["vid"] == int(vid)
    assert [version["value"] for version in shown["properties"]["firstname"]["versions"]] == ["Ada Maria", "Ada"]
    assert shown["properties"]["date_of_birth"]["value"] == str(parse_instant("1990-05-01"))
    assert shown["associated-company"]["company-id"] == int(company)
    assert shown["associated-company"]["properties"]["name"] == {"value": "Acme"}
    assert shown["properties"]["associatedcompanyid"]["value"] == company
    by_email = hub.get("/contacts/v1/contact/email/ADA@acme.example/profile?property=email&propertyMode=value_only")
    assert by_email.json()["properties"].keys() == {"email", "lastmodifieddate"}
    assert by_email.json()["properties"]["email"] == {"value": "ada@acme.example"}
    missing = hub.get("/contacts/v1/contact/email/nobody@acme.example/profile")
    assert (missing.status_code, missing.json()["message"]) == (404, "contact does not exist")
    assert hub.get("/contacts/v1/contact/vid/x/profile").status_code == 404


def test_a_contact_tells_which_forms_it_sent(bare: Hub) -> None:
    bare.portal(7, seed={"contacts": 3, "forms": 2, "form_submissions": 30})
    bare.install(7)
    portal = bare.emulator.portals[7]
    for record in portal.crm.table(CONTACT).records.values():
        sent = sorted(portal.marketing.sent_by(record.values["email"]), key=lambda each: each.at, reverse=True)
        path = f"/contacts/v1/contact/vid/{record.id}/profile"
        assert [each["conversion-id"] for each in bare.get(path).json()["form-submissions"]] == [s.id for s in sent]
        oldest = bare.get(path, formSubmissionMode="oldest").json()["form-submissions"]
        assert [each["timestamp"] for each in oldest] == [sent[-1].at]
        assert bare.get(path, formSubmissionMode="NONE").json()["form-submissions"] == []
    rows = bare.get("/contacts/v1/lists/all/contacts/all").json()["contacts"]
    assert [len(row["form-submissions"]) for row in rows] == [1, 1, 1]
    assert bare.get("/contacts/v1/lists/all/contacts/all", formSubmissionMode="some").status_code == 400


def test_a_contact_tells_which_lists_it_is_on(bare: Hub) -> None:
    bare.app(conditional_scopes=[*CRM_SCOPES, "crm.lists.read", "crm.lists.write"])
    bare.install(scopes=["oauth", *CRM_SCOPES, "crm.lists.read", "crm.lists.write"])
    vid, other = bare.create(email="a@b.co"), bare.create(email="c@d.co")
    body = {"name": "Guests", "objectTypeId": "0-1", "processingType": "MANUAL"}
    list_id = bare.post("/crm/v3/lists", body).json()["list"]["listId"]
    bare.call("PUT", f"/crm/v3/lists/{list_id}/memberships/add", [vid])
    path = "/contacts/v1/contact/vid/{}/profile"
    (membership,) = bare.get(path.format(vid)).json()["list-memberships"]
    assert (membership["internal-list-id"], membership["vid"], membership["is-member"]) == (
        int(list_id),
        int(vid),
        True,
    )
    assert bare.get(path.format(other)).json()["list-memberships"] == []
    assert "list-memberships" not in bare.get(path.format(vid), showListMemberships="False").json()
    row = bare.get("/contacts/v1/lists/all/contacts/all", showListMemberships="True").json()["contacts"][0]
    assert row["list-memberships"] == [membership]


def test_a_merged_contact_is_found_by_its_old_vid(hub: Hub) -> None:
    first, second = hub.create(email="a@b.co"), hub.create(email="c@d.co")
    body = {"primaryObjectId": first, "objectIdToMerge": second}
    merged = hub.post("/crm/v3/objects/contacts/merge", body).json()["id"]
    shown = hub.get(f"/contacts/v1/contact/vid/{second}/profile").json()
    assert shown["vid"] == int(merged)
    assert shown["merged-vids"] == [int(first), int(second)]
    assert [audit["vid-to-merge"] for audit in shown["merge-audits"]] == [int(first), int(second)]
    identities = shown["identity-profiles"][0]["identities"]
    assert [each["value"] for each in identities if each["type"] == "EMAIL"] == ["a@b.co", "c@d.co"]


def test_contacts_at_a_company(full: Hub) -> None:
    crm = full.emulator.portals[HUB].crm
    company = max(crm.table(COMPANY).live, key=lambda number: len(crm.links.targets(COMPANY, number, CONTACT)))
    expected = sorted(crm.links.targets(COMPANY, company, CONTACT))
    assert len(expected) > 3
    path = f"/companies/v2/companies/{company}"
    answers = pages(full, f"{path}/contacts", "hasMore", {"vidOffset": "vidOffset"}, count=3)
    rows = [row for answer in answers for row in answer["contacts"]]
    assert [row["vid"] for row in rows] == expected
    assert {p["name"] for p in rows[0]["properties"]} == {"company", "firstname", "lastmodifieddate", "lastname"}
    vids = pages(full, f"{path}/vids", "hasMore", {"vidOffset": "vidOffset"}, count=2)
    assert [vid for answer in vids for vid in answer["vids"]] == expected


def test_only_the_primary_company_has_a_contact_in_v2(hub: Hub) -> None:
    vid, company = hub.create(email="a@b.co"), hub.create("companies", name="Acme")
    hub.call("PUT", f"/crm/v4/objects/contacts/{vid}/associations/default/companies/{company}")
    assert hub.get(f"/companies/v2/companies/{company}/vids").json()["vids"] == []


def test_all_tickets(full: Hub) -> None:
    path = "/crm-objects/v1/objects/tickets/paged"
    answers = pages(full, path, "hasMore", {"offset": "offset"}, properties=["subject", "hs_ticket_priority"])
    rows = [row for answer in answers for row in answer["objects"]]
    tickets = table(full, TICKET)
    assert [len(answer["objects"]) for answer in answers] == [100, 100, 15]
    assert [row["objectId"] for row in rows] == list(tickets.live)
    assert all(
        row["properties"]["subject"]["value"] == tickets.records[row["objectId"]].values["subject"] for row in rows
    )
    one = full.get(f"/crm-objects/v1/objects/tickets/{rows[0]['objectId']}?properties=subject").json()
    assert one["properties"] == {"subject": rows[0]["properties"]["subject"]}


def test_the_log_of_ticket_changes(hub: Hub) -> None:
    old = hub.create("tickets", subject="Old", hs_pipeline_stage="1")
    hub.time.pass_(2 * DAY_S)
    hub.install()
    new = hub.create("tickets", subject="New", hs_pipeline_stage="1")
    hub.time.pass_(10)
    hub.call("PATCH", f"/crm/v3/objects/tickets/{old}", {"properties": {"subject": "Older"}})
    hub.time.pass_(10)
    hub.call("DELETE", f"/crm/v3/objects/tickets/{new}")
    path = "/crm-objects/v1/change-log/tickets"
    log = hub.get(path).json()
    told = [(row["changeType"], row["objectId"]) for row in log]
    assert told == [("CREATED", int(new)), ("CHANGED", int(old)), ("DELETED", int(new))]
    assert log[1]["changes"]["changedProperties"] == ["hs_lastmodifieddate", "subject"]
    last = log[1]
    behind = {"timestamp": last["timestamp"], "changeType": last["changeType"], "objectId": last["objectId"]}
    assert [row["changeType"] for row in hub.get(path, **behind).json()] == ["DELETED"]
    assert len(hub.get(path, timestamp=last["timestamp"]).json()) == 2
    assert hub.get(path, changeType="MOVED").status_code == 400
    hub.time.pass_(DAY_S + 60)
    hub.install()
    assert hub.get(path).json() == []


def test_a_thousand_ticket_changes_at_once(bare: Hub) -> None:
    bare.portal(7, seed={"tickets": 1_200})
    bare.install(7)
    crm = bare.emulator.portals[7].crm
    inputs = [{"id": str(number), "properties": {"content": "Again"}} for number in crm.table(TICKET).live]
    for start in range(0, len(inputs), 100):
        bare.time.pass_(1)
        bare.post("/crm/v3/objects/tickets/batch/update", {"inputs": inputs[start : start + 100]})
    path, seen = "/crm-objects/v1/change-log/tickets", []
    last: Json = {}
    while rows := bare.get(path, **last).json():
        assert len(rows) <= 1_000
        seen += [row["objectId"] for row in rows if row["changes"]["changedProperties"][-1] == "content"]
        last = {name: rows[-1][name] for name in ("timestamp", "changeType", "objectId")}
    assert seen == list(crm.table(TICKET).live)


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/companies/v2/companies/paged", "crm.objects.companies.read"),
        ("/companies/v2/companies/recent/modified", "crm.objects.companies.read"),
        ("/deals/v1/deal/paged", "crm.objects.deals.read"),
        ("/deals/v1/pipelines", "crm.schemas.deals.read"),
        ("/contacts/v1/lists/all/contacts/all", "crm.objects.contacts.read"),
        ("/crm-objects/v1/change-log/tickets", "tickets"),
    ],
)
def test_scopes(bare: Hub, path: str, scope: str) -> None:
    bare.install(scopes=["oauth"])
    refused = bare.get(path)
    assert refused.status_code == 403
    assert scope in refused.json()["errors"][0]["context"]["requiredGranularScopes"]


def test_calls_count_and_an_api_key_is_no_credential(hub: Hub) -> None:
    answer = hub.get("/companies/v2/companies/paged")
    assert answer.headers["X-HubSpot-RateLimit-Max"] == "110"
    refused = hub.http.get("/companies/v2/companies/paged?hapikey=00000000-0000-0000-0000-000000000000")
    assert (refused.status_code, refused.json()["category"]) == (401, "INVALID_AUTHENTICATION")


@pytest.mark.parametrize(
    "path", ["/contacts/v1/lists", "/contacts/v1/lists/static", "/contacts/v1/lists/5/contacts/all"]
)
def test_contact_lists_v1_are_gone(hub: Hub, path: str) -> None:
    assert hub.get(path).status_code == 404
