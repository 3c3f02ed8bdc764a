"""What the app is told: which events, with which fields, signed how, sent when, and again."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest

from emulator.webhooks.delivery import USER_AGENT
from emulator.webhooks.retries import MOST_RETRIES, delay_ms
from emulator.webhooks.signatures import sign_v1, sign_v3
from emulator.webhooks.subscriptions import EVENT_TYPES
from tests.emulator.hub import ADMIN, APP_ID, HUB, SECRET, TARGET, Hub, fresh_email

Json = dict[str, Any]


def created(**properties: str) -> Json:
    return {"op": "create", "object_type": "contact", "properties": {"email": fresh_email()} | properties}


def kinds(events: list[Json]) -> Counter[str]:
    return Counter(event["subscriptionType"] for event in events)


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


def test_headers_and_both_signatures(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.change(created())
    hub.emulator.deliver()
    [(headers, body)] = hub.receiver.requests
    timestamp = int(headers["X-HubSpot-Request-Timestamp"])
    assert headers == {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "X-HubSpot-Request-Timestamp": str(timestamp),
        "X-HubSpot-Signature": sign_v1(SECRET, body),
        "X-HubSpot-Signature-Version": "v1",
        "X-HubSpot-Signature-v3": sign_v3(SECRET, "POST", TARGET, body, timestamp),
        "X-HubSpot-Timeout-Millis": "5000",
    }


def test_bodies_are_compact_arrays_in_utf_8(hub: Hub) -> None:
    hub.subscribe("contact.propertyChange:firstname")
    hub.change(created(firstname="Zoë \u2028"))
    hub.emulator.deliver()
    [(_, body)] = hub.receiver.requests
    assert body.startswith(b'[{"eventId":')
    assert "Zoë \u2028".encode() in body
    assert b": " not in body


def test_a_lone_surrogate_is_escaped(hub: Hub) -> None:
    hub.subscribe("contact.propertyChange:firstname")
    body = b'{"properties":{"email":"a@b.co","firstname":"x\\ud800\\u0000y"}}'
    hub.http.post("/crm/v3/objects/contacts", content=body, headers={"Authorization": f"Bearer {hub.token}"})
    hub.emulator.deliver()
    [(_, sent)] = hub.receiver.requests
    assert b"x\\ud800\\u0000y" in sent


def test_batches_of_a_hundred_at_the_most_and_of_one_account(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.portal(5)
    hub.install(5)
    hub.change(*(created() for _ in range(130)))
    hub.change(*(created() for _ in range(130)), hub_id=5)
    hub.emulator.deliver()
    batches = [json.loads(body) for _, body in hub.receiver.requests]
    assert sorted(map(len, batches)) == [30, 30, 100, 100]
    assert all(len({event["portalId"] for event in batch}) == 1 for batch in batches)


@pytest.mark.parametrize("answer", [0, 199, 300, 301, 400, 401, 404, 410, 429, 500, 503])
def test_anything_but_a_success_is_retried(hub: Hub, answer: int) -> None:
    hub.subscribe("contact.creation")
    hub.change(created())
    hub.receiver.answer = answer
    assert [event["attemptNumber"] for event in hub.events()] == [0]
    assert hub.control("GET", "state")["portals"][0]["pending_deliveries"] == 1
    hub.receiver.answer = 204
    hub.advance(3_600)
    assert [event["attemptNumber"] for event in hub.events()] == [1]
    assert hub.control("GET", "state")["portals"][0]["pending_deliveries"] == 0


@pytest.mark.parametrize("answer", [200, 201, 202, 204])
def test_a_success_is_final(hub: Hub, answer: int) -> None:
    hub.subscribe("contact.creation")
    hub.receiver.answer = answer
    hub.change(created())
    assert len(hub.events()) == 1
    hub.advance(86_400)
    assert hub.events() == []


def test_ten_retries_within_a_day_and_then_no_more(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.receiver.answer = 500
    hub.change(created())
    attempts: list[Json] = hub.events()
    began = hub.time.ms
    for _ in range(24 * 60 * 6):
        hub.time.pass_(10)
        attempts += hub.events()
        if not hub.control("GET", "state")["portals"][0]["pending_deliveries"]:
            break
    assert [event["attemptNumber"] for event in attempts] == list(range(11))
    assert hub.time.ms - began <= 86_400_000
    assert len({event["eventId"] for event in attempts}) == 1, "it is the same event each time"
    hub.advance(86_400)
    assert hub.events() == []


def test_retries_are_spread_and_grow() -> None:
    dice = random.Random(1)
    delays = [[delay_ms(attempt, dice) or 0 for attempt in range(1, MOST_RETRIES + 1)] for _ in range(50)]
    for column in zip(*delays, strict=True):
        assert len(set(column)) > 25, "randomised per notification"
    assert max(map(sum, delays)) <= 86_400_000
    assert all(row == sorted(row) for row in delays)
    assert delay_ms(MOST_RETRIES + 1, dice) is None


def test_each_attempt_is_signed_anew(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter((1_000, 2_000))
    monkeypatch.setattr("emulator.webhooks.delivery.wall_ms", lambda: next(now))
    hub.subscribe("contact.creation")
    hub.receiver.answer = 500
    hub.change(created())
    hub.emulator.deliver()
    hub.advance(60)
    hub.emulator.deliver()
    first, second = (headers for headers, _ in hub.receiver.requests)
    assert (first["X-HubSpot-Request-Timestamp"], second["X-HubSpot-Request-Timestamp"]) == ("1000", "2000")
    assert first["X-HubSpot-Signature-v3"] != second["X-HubSpot-Signature-v3"]


def test_a_new_secret_signs_what_is_sent_from_then_on(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.change(created())
    hub.app(client_secret="rotated", subscriptions=[{"event_type": "contact.creation"}])
    hub.emulator.deliver()
    [(headers, body)] = hub.receiver.requests
    assert headers["X-HubSpot-Signature"] == sign_v1("rotated", body)


def test_subscriptions_keep_their_ids_when_the_app_is_configured_again(hub: Hub) -> None:
    ids = []
    for names in (["contact.creation"], ["contact.deletion", "contact.creation"]):
        hub.subscribe(*names)
        hub.change(created())
        ids += [event["subscriptionId"] for event in hub.events()]
    assert ids[0] == ids[1]


def test_the_ledger_of_deliveries(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.change(created())
    hub.receiver.answer = 503
    hub.emulator.deliver()
    hub.receiver.answer = 0
    hub.advance(60)
    hub.emulator.deliver()
    page = hub.control("GET", "deliveries")
    first, second = page["items"]
    assert first.keys() == {"seq", "sent_at_ms", "hub_id", "app_id", "attempt", "status", "duration_ms", "events"}
    assert (first["seq"], first["hub_id"], first["attempt"], first["status"]) == (1, HUB, 0, 503)
    assert "error" not in first
    assert (second["attempt"], second["error"]) == (1, "connection refused")
    assert "status" not in second
    assert second["events"][0]["attemptNumber"] == 1
    assert page["next"] == 2
    assert hub.control("GET", "deliveries?since=1&limit=5")["items"] == [second]
    assert hub.control("GET", "deliveries?hub_id=5")["items"] == []


def fault(hub: Hub, action: str, **more: Any) -> None:
    hub.control("POST", "faults", {"action": action} | more)


def test_events_get_lost_on_demand(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    fault(hub, "drop", count=2)
    hub.change(*(created() for _ in range(5)))
    assert len(hub.events()) == 3
    assert hub.control("GET", "state")["portals"][0]["pending_deliveries"] == 0


def test_events_come_twice_on_demand(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    fault(hub, "duplicate", count=1)
    hub.change(created(), created())
    events = hub.events()
    assert len(events) == 3
    assert max(Counter(event["eventId"] for event in events).values()) == 2
    assert {event["attemptNumber"] for event in events} == {0}


def test_events_come_late_on_demand(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    fault(hub, "delay", params={"ms": 5_000})
    hub.change(created())
    assert hub.events() == []
    hub.advance(5)
    assert len(hub.events()) == 1


def test_events_come_in_another_order_on_demand(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    fault(hub, "reorder", params={"window_ms": 1_000})
    results = hub.change(*(created() for _ in range(30)))
    hub.advance(1)
    order = [str(event["objectId"]) for event in hub.events()]
    ids = [result["id"] for result in results]
    assert order != ids
    assert sorted(order) == sorted(ids)


def test_faults_strike_only_what_they_match(hub: Hub) -> None:
    hub.subscribe("contact.creation", "contact.propertyChange:email")
    fault(hub, "drop", match={"event_type": "contact.creation", "hub_id": HUB})
    fault(hub, "drop", match={"hub_id": 999})
    hub.change(created())
    assert kinds(hub.events()) == {"contact.propertyChange": 1}
