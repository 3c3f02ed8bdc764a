"""Merging makes a new record; the old ids lead to it. Deleting for privacy leaves nothing."""

from __future__ import annotations

import pytest

from tests.emulator.hub import Hub, fresh_email


def merge(hub: Hub, primary: str, other: str, kind: str = "contacts") -> str:
    answer = hub.post(f"/crm/v3/objects/{kind}/merge", {"primaryObjectId": primary, "objectIdToMerge": other})
    assert answer.status_code == 200, answer.text
    record_id: str = answer.json()["id"]
    return record_id


def test_a_merge_makes_a_new_record_and_old_ids_lead_to_it(hub: Hub) -> None:
    one, two = hub.create(email="one@b.co"), hub.create(email="two@b.co")
    new = merge(hub, one, two)
    assert new not in (one, two)
    for old in (one, two):
        assert hub.get(f"/crm/v3/objects/contacts/{old}").json()["id"] == new
        changed = hub.call("PATCH", f"/crm/v3/objects/contacts/{old}", {"properties": {"phone": old}})
        assert changed.json()["id"] == new
    listed = hub.get("/crm/v3/objects/contacts").json()["results"]
    assert [record["id"] for record in listed] == [new]


def test_ids_of_merged_records_mean_nothing_to_batches(hub: Hub) -> None:
    one, two = hub.create(email="one@b.co"), hub.create(email="two@b.co")
    merge(hub, one, two)
    read = hub.post("/crm/v3/objects/contacts/batch/read", {"inputs": [{"id": one}], "properties": []})
    assert read.json()["results"] == []
    written = hub.post("/crm/v3/objects/contacts/batch/update", {"inputs": [{"id": one, "properties": {"phone": "1"}}]})
    assert written.json()["errors"][0]["context"] == {"ids": [one]}


def test_the_primary_wins_and_the_other_fills_gaps(hub: Hub) -> None:
    one = hub.create(email="one@b.co", firstname="Ada", lifecyclestage="lead")
    two = hub.create(email="two@b.co", firstname="Bea", phone="1", lifecyclestage="customer")
    new = merge(hub, one, two)
    names = "email,firstname,phone,lifecyclestage,hs_additional_emails,hs_merged_object_ids"
    merged = hub.get(f"/crm/v3/objects/contacts/{new}?properties={names}").json()["properties"]
    assert merged["email"] == "one@b.co"
    assert merged["firstname"] == "Ada"
    assert merged["phone"] == "1"
    assert merged["lifecyclestage"] == "customer", "the furthest stage is kept"
    assert merged["hs_additional_emails"] == "two@b.co"
    assert merged["hs_merged_object_ids"] == f"{one};{two}"


def test_contacts_remember_when_they_were_merged(hub: Hub) -> None:
    one, two = hub.create(email="one@b.co"), hub.create(email="two@b.co")
    new = merge(hub, one, two)
    record = hub.get(f"/crm/v3/objects/contacts/{new}?properties=hs_calculated_merged_vids").json()
    now = hub.time.ms
    assert record["properties"]["hs_calculated_merged_vids"] == f"{one}:{now};{two}:{now}"


def test_a_merged_record_is_as_old_as_the_older_one(hub: Hub) -> None:
    one = hub.create(email="one@b.co")
    created = hub.get(f"/crm/v3/objects/contacts/{one}").json()["createdAt"]
    hub.advance(60)
    two = hub.create(email="two@b.co")
    hub.advance(60)
    record = hub.get(f"/crm/v3/objects/contacts/{merge(hub, two, one)}").json()
    assert record["createdAt"] == created
    assert record["updatedAt"] > created


def test_both_addresses_stay_taken(hub: Hub) -> None:
    new = merge(hub, hub.create(email="one@b.co"), hub.create(email="two@b.co"))
    answer = hub.post("/crm/v3/objects/contacts", {"properties": {"email": "two@b.co"}})
    assert answer.json()["message"].endswith(f"Existing ID: {new}")


def test_merged_again_all_ids_lead_to_the_last(hub: Hub) -> None:
    one, two, three = (hub.create(email=fresh_email()) for _ in range(3))
    first = merge(hub, one, two)
    last = merge(hub, three, first)
    for old in (one, two, three, first):
        assert hub.get(f"/crm/v3/objects/contacts/{old}").json()["id"] == last
    record = hub.get(f"/crm/v3/objects/contacts/{last}?properties=hs_merged_object_ids").json()
    assert set(record["properties"]["hs_merged_object_ids"].split(";")) == {one, two, three, first}


def test_associations_move_over_and_one_primary_is_left(hub: Hub) -> None:
    acme, bravo = hub.create("companies", name="Acme"), hub.create("companies", name="Bravo")
    one, two = hub.create(email="one@b.co"), hub.create(email="two@b.co")
    for contact, company in ((one, acme), (two, bravo)):
        hub.change(
            {
                "op": "associate",
                "object_type": "contact",
                "id": contact,
                "to": {"object_type": "company", "id": company},
            }
        )
    new = merge(hub, one, two)
    found = hub.get(f"/crm/v4/objects/contacts/{new}/associations/companies").json()["results"]
    types = {str(row["toObjectId"]): sorted(each["typeId"] for each in row["associationTypes"]) for row in found}
    assert types == {acme: [1, 279], bravo: [279]}


def test_merging_with_itself_is_refused(hub: Hub) -> None:
    one, two = hub.create(email="one@b.co"), hub.create(email="two@b.co")
    new = merge(hub, one, two)
    for other in (new, one):
        answer = hub.post("/crm/v3/objects/contacts/merge", {"primaryObjectId": new, "objectIdToMerge": other})
        assert answer.status_code == 400


def test_merging_with_nothing_is_not_found(hub: Hub) -> None:
    one = hub.create(email="one@b.co")
    answer = hub.post("/crm/v3/objects/contacts/merge", {"primaryObjectId": one, "objectIdToMerge": "999999"})
    assert answer.status_code == 404


def test_no_more_than_250_identities(hub: Hub) -> None:
    portal = hub.emulator.portals[48_975_575]
    hub.control("POST", "portals", {"hub_id": 9, "seed": {"contacts": 252}})
    ids = [str(record_id) for record_id in hub.emulator.portals[9].crm.tables["0-1"].live]
    current = ids[0]
    for other in ids[1:126]:
        [result] = hub.change(
            {"op": "merge", "object_type": "contact", "id": other, "into": current}, hub_id=9, user_id=9
        )
        assert result["error"] is None
        current = result["id"]
    [result] = hub.change(
        {"op": "merge", "object_type": "contact", "id": ids[126], "into": current}, hub_id=9, user_id=9
    )
    assert result["error"] == "Cannot have more than 250 identities on a profile"
    assert len(portal.crm.tables["0-1"]) == 0


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("companies", {"name": "A"}),
        ("deals", {"dealname": "D", "dealstage": "contractsent"}),
        ("tickets", {"subject": "S", "hs_pipeline_stage": "1"}),
    ],
)
def test_other_kinds_merge_alike(hub: Hub, kind: str, properties: dict[str, str]) -> None:
    one, two = hub.create(kind, **properties), hub.create(kind, **properties)
    new = merge(hub, one, two, kind)
    assert hub.get(f"/crm/v3/objects/{kind}/{one}").json()["id"] == new


def test_history_survives_a_merge(hub: Hub) -> None:
    one = hub.create(email="one@b.co", firstname="Ada")
    hub.advance(1)
    hub.call("PATCH", f"/crm/v3/objects/contacts/{one}", {"properties": {"firstname": "Adah"}})
    new = merge(hub, one, hub.create(email="two@b.co", phone="1"))
    record = hub.get(f"/crm/v3/objects/contacts/{new}?propertiesWithHistory=firstname,phone").json()
    history = record["propertiesWithHistory"]
    assert [version["value"] for version in history["firstname"]] == ["Adah", "Ada"]
    assert [version["value"] for version in history["phone"]] == ["1"]


def test_privacy_deletion_leaves_nothing(hub: Hub) -> None:
    record_id = hub.create(email="gone@b.co")
    answer = hub.post("/crm/v3/objects/contacts/gdpr-delete", {"objectId": record_id})
    assert answer.status_code == 204
    assert hub.get(f"/crm/v3/objects/contacts/{record_id}").status_code == 404
    assert hub.get(f"/crm/v3/objects/contacts/{record_id}?archived=true").status_code == 404
    hub.create(email="gone@b.co")


def test_privacy_deletion_by_address(hub: Hub) -> None:
    record_id = hub.create(email="gone@b.co")
    body = {"objectId": "gone@b.co", "idProperty": "email"}
    assert hub.post("/crm/v3/objects/contacts/gdpr-delete", body).status_code == 204
    assert hub.get(f"/crm/v3/objects/contacts/{record_id}").status_code == 404
    assert hub.post("/crm/v3/objects/contacts/gdpr-delete", body).status_code == 204, "an unknown one is blocklisted"
    assert hub.post("/crm/v3/objects/contacts/gdpr-delete", {"objectId": "999999"}).status_code == 404


@pytest.mark.parametrize(("version", "status"), [("2026-03", 404), ("2026-09", 204)])
def test_privacy_deletion_of_other_kinds_is_new(hub: Hub, version: str, status: int) -> None:
    company = hub.create("companies", name="Acme")
    answer = hub.post(f"/crm/objects/{version}/companies/gdpr-delete", {"objectId": company})
    assert answer.status_code == status
