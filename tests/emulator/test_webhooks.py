"""What the app is told: which events, with which fields."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.webhooks.subscriptions import EVENT_TYPES
from tests.emulator.hub import ADMIN, APP_ID, HUB, Hub, created, kinds

Json = dict[str, Any]


def test_there_are_48_types() -> None:
    assert len(EVENT_TYPES) == 48
    assert "deal.stageChange" not in EVENT_TYPES
    assert "product.associationChange" not in EVENT_TYPES


def test_a_creation_by_a_user(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    [result] = hub.change(created())
    [event] = hub.events()
    assert list(event) == [
        "eventId",
        "subscriptionId",
        "portalId",
        "appId",
        "occurredAt",
        "subscriptionType",
        "attemptNumber",
        "objectId",
        "changeFlag",
        "changeSource",
        "sourceId",
    ]
    assert 0 <= event.pop("eventId") < 2**32
    assert event.pop("subscriptionId") > 0
    assert event == {
        "portalId": HUB,
        "appId": APP_ID,
        "occurredAt": result["occurred_at"],
        "subscriptionType": "contact.creation",
        "attemptNumber": 0,
        "objectId": int(result["id"]),
        "changeFlag": "CREATED",
        "changeSource": "CRM_UI",
        "sourceId": f"userId:{ADMIN}",
    }


def test_a_change_through_the_api_echoes_the_app(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    hub.subscribe("contact.propertyChange:firstname")
    hub.call("PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": {"firstname": "Ada", "phone": "1"}})
    [event] = hub.events()
    assert list(event)[7:] == ["objectId", "propertyName", "propertyValue", "changeSource", "sourceId"]
    assert (event["propertyName"], event["propertyValue"]) == ("firstname", "Ada")
    assert (event["changeSource"], event["sourceId"]) == ("INTEGRATION", str(APP_ID))


def test_values_are_strings_dates_milliseconds_and_cleared_ones_empty(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co", phone="1")
    hub.subscribe(*(f"contact.propertyChange:{name}" for name in ("phone", "date_of_birth", "numemployees")))
    body = {"properties": {"phone": "", "date_of_birth": "2026-03-04", "numemployees": 5}}
    hub.call("PATCH", f"/crm/v3/objects/contacts/{record_id}", body)
    values = {event["propertyName"]: event["propertyValue"] for event in hub.events()}
    assert values == {"phone": "", "date_of_birth": "1772582400000", "numemployees": "5"}


def test_a_creation_bursts_and_its_own_event_is_not_the_first(hub: Hub) -> None:
    names = ("email", "firstname", "phone", "city")
    hub.subscribe("contact.creation", *(f"contact.propertyChange:{name}" for name in (*names, "fax")))
    for _ in range(20):
        hub.change(created(firstname="A", phone="1", city="Graz"))
        events = hub.events()
        assert kinds(events) == {"contact.creation": 1, "contact.propertyChange": 4}
        assert {event["occurredAt"] for event in events} == {events[0]["occurredAt"]}
        assert events[0]["subscriptionType"] == "contact.propertyChange"
        assert {event.get("propertyName") for event in events} == {*names, None}
        assert len({event["eventId"] for event in events}) == 5


def test_nothing_is_said_about_what_did_not_change(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co", firstname="Ada")
    hub.subscribe("contact.propertyChange:firstname")
    hub.call("PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": {"firstname": "Ada"}})
    assert hub.events() == []


def test_deletion_and_restore(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    hub.subscribe("contact.deletion", "contact.restore")
    hub.change({"op": "archive", "object_type": "contact", "id": record_id})
    [deletion] = hub.events()
    assert (deletion["objectId"], deletion["changeFlag"]) == (int(record_id), "DELETED")
    hub.change({"op": "restore", "object_type": "contact", "id": record_id})
    [restore] = hub.events()
    assert restore["objectId"] == int(record_id)
    assert "changeFlag" not in restore


def test_privacy_deletion_comes_with_a_deletion(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    hub.subscribe("contact.deletion", "contact.privacyDeletion")
    hub.change({"op": "privacy_delete", "object_type": "contact", "id": record_id})
    events = {event["subscriptionType"]: event for event in hub.events()}
    assert set(events) == {"contact.deletion", "contact.privacyDeletion"}
    privacy = events["contact.privacyDeletion"]
    assert privacy["objectId"] == int(record_id)
    assert not {"changeSource", "sourceId", "changeFlag"} & privacy.keys()


def test_an_archived_contact_is_deleted_for_privacy_without_a_second_deletion(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    hub.change({"op": "archive", "object_type": "contact", "id": record_id})
    hub.subscribe("contact.deletion", "contact.privacyDeletion")
    hub.change({"op": "privacy_delete", "object_type": "contact", "id": record_id})
    assert kinds(hub.events()) == {"contact.privacyDeletion": 1}


def test_a_merge(hub: Hub) -> None:
    one = hub.create(email="one@b.co")
    two = hub.create(email="two@b.co", phone="1", city="Graz")
    hub.subscribe("contact.merge", "contact.deletion", "contact.creation")
    [result] = hub.change({"op": "merge", "object_type": "contact", "id": two, "into": one})
    [event] = hub.events()
    assert event["subscriptionType"] == "contact.merge"
    assert event["primaryObjectId"] == int(one)
    assert event["mergedObjectIds"] == [int(two)]
    assert event["newObjectId"] == int(result["id"])
    assert event["numberOfPropertiesMoved"] == 3
    assert "objectId" not in event


def test_an_association_is_told_from_both_sides_plain_and_primary(hub: Hub) -> None:
    contact, company = hub.create(email="a@b.co"), hub.create("companies", name="Acme")
    hub.subscribe("contact.associationChange", "company.associationChange")
    link = {"op": "associate", "object_type": "contact", "id": contact, "to": {"object_type": "company", "id": company}}
    hub.change(link)
    events = hub.events()
    assert list(events[0])[7:] == [
        "changeSource",
        "associationType",
        "fromObjectId",
        "toObjectId",
        "associationRemoved",
        "isPrimaryAssociation",
        "sourceId",
    ]
    found = {(e["associationType"], e["fromObjectId"], e["toObjectId"], e["isPrimaryAssociation"]) for e in events}
    ada, acme = int(contact), int(company)
    assert len(events) == 4
    assert found == {
        ("CONTACT_TO_COMPANY", ada, acme, False),
        ("CONTACT_TO_COMPANY", ada, acme, True),
        ("COMPANY_TO_CONTACT", acme, ada, False),
        ("COMPANY_TO_CONTACT", acme, ada, True),
    }
    assert {(e["changeSource"], e["sourceId"]) for e in events} == {("USER", f"userId:{ADMIN}")}
    assert not any(event["associationRemoved"] for event in events)
    hub.change(link)
    assert hub.events() == [], "it is there already"
    hub.change(link | {"op": "disassociate"})
    removed = hub.events()
    assert len(removed) == 4
    assert all(event["associationRemoved"] for event in removed)


def test_a_second_company_is_not_primary(hub: Hub) -> None:
    contact = hub.create(email="a@b.co")
    hub.subscribe("contact.associationChange")
    for name in ("Acme", "Bravo"):
        company = hub.create("companies", name=name)
        hub.change(
            {
                "op": "associate",
                "object_type": "contact",
                "id": contact,
                "to": {"object_type": "company", "id": company},
            }
        )
    flags = [event["isPrimaryAssociation"] for event in hub.events()]
    assert sorted(flags) == [False, False, True]


def test_moving_the_primary_tells_what_was_lost(hub: Hub) -> None:
    contact, acme = hub.create(email="a@b.co"), hub.create("companies", name="Acme")
    bravo = hub.create("companies", name="Bravo")
    for company in (acme, bravo):
        spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
        hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/companies/{acme}", spec)
        hub.subscribe("contact.associationChange")
        if company == bravo:
            hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/companies/{bravo}", spec)
    events = hub.events()
    told = {(e["toObjectId"], e["isPrimaryAssociation"], e["associationRemoved"]) for e in events}
    assert told == {(int(acme), True, True), (int(bravo), False, False), (int(bravo), True, False)}
    assert {event["changeSource"] for event in events} == {"INTEGRATION"}


def test_putting_the_same_labels_again_says_nothing(hub: Hub) -> None:
    contact, company = hub.create(email="a@b.co"), hub.create("companies", name="Acme")
    address = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    hub.call("PUT", address, spec)
    hub.subscribe("contact.associationChange")
    hub.call("PUT", address, spec)
    assert hub.events() == []


def test_generic_subscriptions_carry_the_type(hub: Hub) -> None:
    hub.subscribe(
        {"event_type": "object.creation", "object_type": "contact"},
        {"event_type": "object.propertyChange", "object_type": "0-1", "property": "email"},
        {"event_type": "object.associationChange", "object_type": "contact"},
    )
    [result] = hub.change(created())
    change, creation = hub.events()
    assert list(change)[7:] == [
        "objectId",
        "objectTypeId",
        "propertyName",
        "propertyValue",
        "changeSource",
        "sourceId",
        "isSensitive",
    ]
    assert creation["objectTypeId"] == change["objectTypeId"] == "0-1"
    company = hub.create("companies", name="Acme")
    hub.change(
        {
            "op": "associate",
            "object_type": "contact",
            "id": result["id"],
            "to": {"object_type": "company", "id": company},
        }
    )
    told = {event["associationTypeId"]: event for event in hub.events()}
    assert set(told) == {1, 279}
    assert told[1]["associationCategory"] == "HUBSPOT_DEFINED"
    assert (told[1]["fromObjectTypeId"], told[1]["toObjectTypeId"]) == ("0-1", "0-2")


@pytest.mark.parametrize("kind", ["company", "deal", "ticket"])
def test_the_other_kinds(hub: Hub, kind: str) -> None:
    hub.subscribe(f"{kind}.creation")
    properties = {"name": "N"}
    if kind != "company":
        label, stage, value = (
            ("dealname", "dealstage", "contractsent") if kind == "deal" else ("subject", "hs_pipeline_stage", "1")
        )
        properties = {label: "N", stage: value}
    hub.change({"op": "create", "object_type": kind, "properties": properties})
    assert kinds(hub.events()) == {f"{kind}.creation": 1}


def test_only_accounts_that_have_the_app_are_told_of(bare: Hub) -> None:
    bare.subscribe("contact.creation")
    bare.portal(5)
    bare.change(created())
    assert bare.events() == []
    bare.install(5)
    bare.change(created())
    bare.change(created(), hub_id=5)
    assert [event["portalId"] for event in bare.events()] == [5]


def test_after_an_uninstall_nothing_more_is_sent(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.change(created())
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    hub.change(created())
    assert hub.events() == []
    assert hub.control("GET", "state")["portals"][0]["pending_deliveries"] == 0


def test_an_app_without_a_target_is_sent_nothing(hub: Hub) -> None:
    hub.app(webhook=None, subscriptions=[{"event_type": "contact.creation"}])
    hub.change(created())
    assert hub.events() == []


def test_an_inactive_subscription_is_silent(hub: Hub) -> None:
    hub.subscribe({"event_type": "contact.creation", "active": False})
    hub.change(created())
    assert hub.events() == []


def test_two_apps_are_told_each_for_itself(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.app(client_id="other", app_id=2, subscriptions=[{"event_type": "contact.creation"}])
    hub.control("POST", f"portals/{HUB}/tokens", {"client_id": "other"})
    hub.change(created())
    assert sorted(event["appId"] for event in hub.events()) == [2, APP_ID]


def test_subscriptions_keep_their_ids_when_the_app_is_configured_again(hub: Hub) -> None:
    ids = []
    for names in (["contact.creation"], ["contact.deletion", "contact.creation"]):
        hub.subscribe(*names)
        hub.change(created())
        ids += [event["subscriptionId"] for event in hub.events()]
    assert ids[0] == ids[1]


def test_an_account_that_did_not_grant_the_scope_sends_nothing(hub: Hub) -> None:
    hub.subscribe("contact.creation", "deal.creation", "contact.associationChange", "deal.associationChange")
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    hub.install(scopes=["oauth", "crm.objects.contacts.read"])
    [contact, deal] = hub.change(
        {"op": "create", "object_type": "contact", "properties": {"email": "a@b.example"}},
        {"op": "create", "object_type": "deal", "properties": {"dealname": "D", "dealstage": "contractsent"}},
    )
    hub.change(
        {
            "op": "associate",
            "object_type": "contact",
            "id": contact["id"],
            "to": {"object_type": "deal", "id": deal["id"]},
        }
    )
    assert {event["subscriptionType"] for event in hub.events()} == {"contact.creation", "contact.associationChange"}
    hub.install(scopes=["oauth", "crm.objects.contacts.read", "crm.objects.deals.read"])
    hub.change({"op": "create", "object_type": "deal", "properties": {"dealname": "E", "dealstage": "contractsent"}})
    assert {event["subscriptionType"] for event in hub.events()} == {"deal.creation"}
