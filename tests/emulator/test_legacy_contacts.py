"""Contacts v1 tell of the same records as v3."""

from __future__ import annotations

import pytest

from emulator.crm.object_types import COMPANY, CONTACT
from emulator.instants import parse_instant
from tests.emulator.hub import CRM_SCOPES, HUB, Hub
from tests.emulator.legacy import DAY_S, pages, table
from tests.emulator.legacy import full as full  # the fixture


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


@pytest.mark.parametrize(
    "path", ["/contacts/v1/lists", "/contacts/v1/lists/static", "/contacts/v1/lists/5/contacts/all"]
)
def test_contact_lists_v1_are_gone(hub: Hub, path: str) -> None:
    assert hub.get(path).status_code == 404
