"""The webhooks journal: written from what happens in accounts, read by the apps that subscribed."""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from emulator.journal import files
from tests.emulator.hub import ADMIN, APP_ID, CLIENT_ID, CRM_SCOPES, HUB, Hub, created, fresh_email
from tests.emulator.journal import INSTALL, OTHER_CLIENT, UNINSTALL, Journal

Json = dict[str, Any]

DAY = 86_400
# By the hub's clock, which stands still.
NOW = "2026-11-18T11:06:40Z"


@pytest.fixture
def hub() -> Hub:
    """Whoever reads finds everything that was written before."""
    hub = Hub(journal_linger_ms=0)
    hub.app()
    hub.portal()
    hub.install()
    return hub


@pytest.fixture
def journal(hub: Hub) -> Journal:
    return Journal(hub)


def change(hub: Hub, **fields: Any) -> Json:
    (result,) = hub.change(fields)
    assert result["error"] is None, result
    return result


# -- what is written ---------------------------------------------------------------------------------------------------


def test_a_creation_carries_what_was_set(hub: Hub, journal: Journal) -> None:
    journal.subscribe()
    email = fresh_email()
    (made,) = hub.change(created(email=email, firstname="Ada", date_of_birth="1815-12-10"))
    (event,) = journal.events()
    values = event.pop("propertyChanges")
    assert event == {
        "type": "object",
        "portalId": HUB,
        "occurredAt": NOW,
        "action": "CREATE",
        "objectTypeId": "0-1",
        "objectId": int(made["id"]),
    }
    assert (values["email"], values["firstname"]) == (email, "Ada")


def test_a_change_is_one_event_with_all_that_changed(hub: Hub, journal: Journal) -> None:
    contact = hub.create(email=fresh_email(), lastname="King")
    journal.subscribe(actions=["UPDATE"])
    hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"firstname": "Ada", "lastname": ""}})
    (event,) = journal.events()
    assert event["action"] == "UPDATE"
    assert event["propertyChanges"] == {"firstname": "Ada", "lastname": ""}


def test_dates_are_in_milliseconds(hub: Hub, journal: Journal) -> None:
    deal = {"dealname": "Engine", "dealstage": "appointmentscheduled", "closedate": "2026-12-01T00:00:00Z"}
    journal.subscribe(objectTypeId="0-3", properties=["closedate"])
    hub.create("deals", **deal)
    (event,) = journal.events()
    assert event["propertyChanges"] == {"closedate": "1796083200000"}


def test_sensitive_values_are_redacted_and_highly_sensitive_ones_not_told(hub: Hub, journal: Journal) -> None:
    for name, sensitivity in (("passport_number", "sensitive"), ("diagnosis", "highly_sensitive")):
        body = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "contactinformation"}
        assert hub.post("/crm/v3/properties/contacts", body | {"dataSensitivity": sensitivity}).status_code == 201
    contact = hub.create(email=fresh_email())
    journal.subscribe(actions=["UPDATE"])
    for values in ({"passport_number": "P1", "diagnosis": "well"}, {"diagnosis": "ill"}):
        hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": values})
    request = {"portalId": HUB, "objectTypeId": "0-1", "objectId": int(contact), "properties": []}
    assert journal.call("POST", "snapshots", "/crm", {"snapshotRequests": [request]}).status_code == 200
    update, snapshot = journal.events()
    assert update["propertyChanges"] == {"passport_number": "REDACTED"}
    assert snapshot["propertyChanges"]["passport_number"] == "REDACTED"
    assert "diagnosis" not in snapshot["propertyChanges"]


def test_custom_objects_and_labels_are_told(hub: Hub, journal: Journal) -> None:
    scopes = [
        *CRM_SCOPES,
        *(f"crm.{area}.custom.{access}" for area in ("schemas", "objects") for access in ("read", "write")),
    ]
    hub.app(conditional_scopes=scopes)
    hub.portal(7, tier="enterprise")
    hub.install(7, scopes=["oauth", *scopes])
    schema = {
        "name": "car",
        "labels": {"singular": "Car", "plural": "Cars"},
        "primaryDisplayProperty": "model",
        "requiredProperties": ["model"],
        "properties": [{"name": "model", "label": "Model", "type": "string", "fieldType": "text"}],
        "associatedObjects": ["CONTACT"],
    }
    answer = hub.post("/crm/v3/schemas", schema)
    assert answer.status_code == 201, answer.text
    type_id = answer.json()["objectTypeId"]
    label = {"name": "driver", "label": "Driver"}
    made = hub.post(f"/crm/v4/associations/contacts/{type_id}/labels", label).json()["results"]
    driver = next(each for each in made if each["label"] == "Driver")
    journal.subscribe(portal_id=7, objectTypeId=type_id, actions=["CREATE"])
    journal.subscribe("ASSOCIATION", portal_id=7, associatedObjectTypeIds=[type_id])
    car, contact = hub.create(type_id, model="Beetle"), hub.create(email=fresh_email())
    spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": driver["typeId"]}]
    hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/{type_id}/{car}", spec)
    created_, *associated = journal.events()
    assert (created_["objectTypeId"], created_["propertyChanges"]["model"]) == (type_id, "Beetle")
    assert ("USER_DEFINED", driver["typeId"]) in {
        (each["associationCategory"], each["associationTypeId"]) for each in associated
    }
    assert {each["toObjectTypeId"] for each in associated} == {type_id}


def test_only_the_properties_asked_for_are_told(hub: Hub, journal: Journal) -> None:
    journal.subscribe(properties=["firstname"])
    contact = hub.create(email=fresh_email(), firstname="Ada", lastname="King")
    hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"lastname": "Lovelace"}})
    hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"lastname": "L", "firstname": "A"}})
    assert [(event["action"], event["propertyChanges"]) for event in journal.events()] == [
        ("CREATE", {"firstname": "Ada"}),
        ("UPDATE", {"firstname": "A"}),
    ]


def test_a_record_comes_and_goes(hub: Hub, journal: Journal) -> None:
    first, second = hub.create(email=fresh_email()), hub.create(email=fresh_email())
    journal.subscribe()
    journal.subscribe("GDPR_PRIVACY_DELETION")
    change(hub, op="archive", object_type="contact", id=first)
    change(hub, op="restore", object_type="contact", id=first)
    merged = change(hub, op="merge", object_type="contact", id=second, into=first)["id"]
    change(hub, op="privacy_delete", object_type="contact", id=merged)
    events = journal.events()
    assert [event["action"] for event in events[:3]] == ["DELETE", "RESTORE", "MERGE"]
    assert [event["objectId"] for event in events] == [int(first), int(first), *[int(merged)] * 3]
    assert sorted(events[2]["mergedObjectIds"]) == sorted([int(first), int(second)])
    assert {(event["type"], event["action"]) for event in events[3:]} == {
        ("gdpr_privacy_deletion", "GDPR_DELETE"),
        ("object", "DELETE"),
    }


def test_actions_and_records_not_asked_for_are_not_told(hub: Hub, journal: Journal) -> None:
    one, other = hub.create(email=fresh_email()), hub.create(email=fresh_email())
    journal.subscribe(actions=["UPDATE", "DELETE"], objectIds=[int(one)])
    for contact in (one, other):
        hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"firstname": "Ada"}})
        change(hub, op="archive", object_type="contact", id=contact)
        change(hub, op="restore", object_type="contact", id=contact)
    hub.create("companies", name="Acme")
    assert [(event["action"], event["objectId"]) for event in journal.events()] == [
        ("UPDATE", int(one)),
        ("DELETE", int(one)),
    ]


def test_associations_are_told_from_the_side_that_was_asked_for(hub: Hub, journal: Journal) -> None:
    contact, company = hub.create(email=fresh_email()), hub.create("companies", name="Acme")
    deal = hub.create("deals", dealname="Engine", dealstage="appointmentscheduled")
    journal.subscribe("ASSOCIATION", associatedObjectTypeIds=["0-2"])
    for kind, partner in (("company", company), ("deal", deal)):
        to = {"object_type": kind, "id": partner}
        change(hub, op="associate", object_type="contact", id=contact, to=to)
    change(hub, op="disassociate", object_type="company", id=company, to={"object_type": "contact", "id": contact})
    events = journal.events()
    assert {key: events[0][key] for key in events[0] if key not in ("occurredAt", "associationTypeId")} == {
        "type": "association",
        "portalId": HUB,
        "action": "ASSOCIATION_ADDED",
        "fromObjectId": int(contact),
        "toObjectId": int(company),
        "fromObjectTypeId": "0-1",
        "toObjectTypeId": "0-2",
        "associationCategory": "HUBSPOT_DEFINED",
        "isPrimary": events[0]["associationTypeId"] == 1,
    }
    told = [(event["action"], event["associationTypeId"], event["isPrimary"]) for event in events]
    assert sorted(told) == [
        ("ASSOCIATION_ADDED", 1, True),
        ("ASSOCIATION_ADDED", 279, False),
        ("ASSOCIATION_REMOVED", 1, True),
        ("ASSOCIATION_REMOVED", 279, False),
    ]


def test_memberships_of_lists_are_told(hub: Hub, journal: Journal) -> None:
    scopes = [*CRM_SCOPES, "crm.lists.read", "crm.lists.write"]
    hub.app(conditional_scopes=scopes)
    hub.install(scopes=["oauth", *scopes])
    ada, bob = hub.create(email=fresh_email()), hub.create(email=fresh_email())
    lists = [
        hub.post("/crm/v3/lists", {"name": name, "objectTypeId": "0-1", "processingType": "MANUAL"}).json()["list"]
        for name in ("Guests", "Hosts")
    ]
    watched, other = (int(each["listId"]) for each in lists)
    journal.subscribe("LIST_MEMBERSHIP", listIds=[watched])
    for list_id in (watched, other):
        assert hub.call("PUT", f"/crm/v3/lists/{list_id}/memberships/add", [ada, bob]).status_code == 200
    assert hub.call("PUT", f"/crm/v3/lists/{watched}/memberships/remove", [bob]).status_code == 200
    events = journal.events()
    assert [(event["action"], event["objectId"]) for event in events] == [
        ("ADDED_TO_LIST", int(ada)),
        ("ADDED_TO_LIST", int(bob)),
        ("REMOVED_FROM_LIST", int(bob)),
    ]
    assert {(event["type"], event["listId"], event["objectTypeId"]) for event in events} == {
        ("list_membership", watched, "0-1")
    }


def test_filters_let_through_what_one_of_them_wants(hub: Hub, journal: Journal) -> None:
    subscription = journal.subscribe()["id"]
    ada = {"filterType": "CRM_OBJECT_PROPERTY", "property": "firstname", "operator": "EQ", "value": "Ada"}
    king = {"filterType": "CRM_OBJECT_PROPERTY", "property": "lastname", "operator": "STARTS_WITH", "value": "Ki"}
    bob = {"filterType": "CRM_OBJECT_PROPERTY", "property": "firstname", "operator": "IN", "values": ["Bob", "Rob"]}
    journal.filter(subscription, ada, king)
    journal.filter(subscription, bob)
    passing = hub.create(email=fresh_email(), firstname="Ada", lastname="King")
    also = hub.create(email=fresh_email(), firstname="Rob")
    neither = hub.create(email=fresh_email(), firstname="Ada", lastname="Lovelace")
    hub.call("PATCH", f"/crm/v3/objects/contacts/{neither}", {"properties": {"phone": "1"}})
    change(hub, op="archive", object_type="contact", id=neither)
    told = [(event["action"], event["objectId"]) for event in journal.events()]
    assert told == [("CREATE", int(passing)), ("CREATE", int(also)), ("DELETE", int(neither))]


# -- installs and uninstalls -------------------------------------------------------------------------------------------


def test_installs_and_uninstalls_are_told_from_both_sides(hub: Hub, journal: Journal) -> None:
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    for event_type in (INSTALL, UNINSTALL):
        journal.subscribe("APP_LIFECYCLE_EVENT", eventTypeId=event_type)
    code = hub.granted_code()
    assert journal.events() == []
    hub.token = hub.exchange(code).json()["access_token"]
    hub.exchange(hub.granted_code())
    assert hub.call("DELETE", "/appinstalls/2026-03/external-install").status_code == 204
    hub.install()
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    events = journal.events()
    assert [event["action"] for event in events] == ["APP_INSTALL", "APP_UNINSTALL"] * 2
    assert events[1] == {
        "type": "app_lifecycle_event",
        "action": "APP_UNINSTALL",
        "portalId": HUB,
        "occurredAt": NOW,
        "eventTypeId": UNINSTALL,
        "properties": {
            "hs_app_id": APP_ID,
            "hs_app_install_level": "PORTAL",
            "hs_initiating_user_id": ADMIN,
            "hs_user_id": ADMIN,
        },
    }


def test_nothing_is_heard_of_an_account_without_the_app(hub: Hub, journal: Journal) -> None:
    journal.subscribe()
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    hub.change(created())
    assert journal.events() == []
    hub.install()
    hub.change(created())
    assert [event["action"] for event in journal.events()] == ["CREATE"]


def test_nothing_is_heard_of_records_the_app_may_no_longer_read(hub: Hub, journal: Journal) -> None:
    journal.subscribe()
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    hub.install(scopes=["oauth", "crm.objects.companies.read"])
    hub.change(created())
    assert journal.events() == []


def test_apps_do_not_see_each_others_events(hub: Hub, journal: Journal) -> None:
    hub.app(client_id=OTHER_CLIENT, app_id=2)
    hub.control("POST", f"portals/{HUB}/tokens", {"client_id": OTHER_CLIENT, "user_id": ADMIN})
    other = Journal(hub, OTHER_CLIENT)
    journal.subscribe(actions=["CREATE"])
    other.subscribe(objectTypeId="0-2")
    other.subscribe("APP_LIFECYCLE_EVENT", eventTypeId=UNINSTALL)
    hub.change(created())
    hub.create("companies", name="Acme")
    hub.control("POST", f"portals/{HUB}/uninstall", {"client_id": CLIENT_ID})
    assert [event["objectTypeId"] for event in journal.events()] == ["0-1"]
    assert [event["objectTypeId"] for event in other.events()] == ["0-2"]
    offset = other.read("/latest").json()["currentOffset"]
    assert journal.read(f"/offset/{offset}/next").status_code == 404


# -- a consumer --------------------------------------------------------------------------------------------------------


def test_a_consumer_loses_nothing(hub: Hub, journal: Journal) -> None:
    """It follows from the earliest entry while others write, stops, and takes up where it stopped."""
    journal.subscribe(actions=["CREATE"])
    journal.subscribe("APP_LIFECYCLE_EVENT", eventTypeId=INSTALL)
    journal.subscribe("APP_LIFECYCLE_EVENT", eventTypeId=UNINSTALL)
    wanted: list[int] = []
    seen: list[Json] = []
    offset = ""
    for _ in range(3):
        wanted += [int(each["id"]) for each in hub.change(created(), created())]
        for file in journal.files(after=offset or None):
            seen += file["journalEvents"]
            offset = file["offset"]
            if len(wanted) < 9:
                wanted += [int(each["id"]) for each in hub.change(created())]
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    hub.install()
    wanted += [int(each["id"]) for each in hub.change(created())]
    seen += Journal(hub).events(after=offset)
    assert [event["objectId"] for event in seen if event["action"] == "CREATE"] == wanted
    assert [event["action"] for event in seen[-3:]] == ["APP_UNINSTALL", "APP_INSTALL", "CREATE"]


def test_events_of_writers_in_threads_are_all_there_in_order() -> None:
    hub = Hub(journal_linger_ms=1)
    hub.app()
    for hub_id in (1, 2):
        hub.portal(hub_id)
        hub.install(hub_id)
    journal = Journal(hub)
    for hub_id in (1, 2):
        journal.subscribe(portal_id=hub_id, actions=["CREATE"])
    made: dict[int, list[int]] = {1: [], 2: []}

    def write(hub_id: int) -> None:
        for _ in range(60):
            made[hub_id] += [int(each["id"]) for each in hub.change(created(), hub_id=hub_id)]

    writers = [threading.Thread(target=write, args=(hub_id,)) for hub_id in (1, 2)]
    for writer in writers:
        writer.start()
    seen: list[Json] = []
    offset = ""
    done = False
    while not done:
        done = not any(writer.is_alive() for writer in writers)
        hub.time.pass_(0.002)
        for file in journal.files(after=offset or None):
            seen += file["journalEvents"]
            offset = file["offset"]
    for hub_id in (1, 2):
        assert [event["objectId"] for event in seen if event["portalId"] == hub_id] == made[hub_id]


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_file_waits_for_more_events_on_the_virtual_clock() -> None:
    hub = Hub()
    hub.app()
    hub.portal()
    hub.install()
    journal = Journal(hub)
    journal.subscribe(actions=["CREATE"])
    hub.change(created())
    assert journal.read("/earliest").status_code == 204
    hub.advance(0.5)
    hub.change(created())
    hub.advance(0.5)
    hub.change(created())
    (file,) = journal.files()
    assert len(file["journalEvents"]) == 2
    assert file["publishedAt"] == "2026-11-18T11:06:41Z"
    hub.advance(1)
    assert len(journal.events()) == 3


def test_a_full_file_does_not_wait(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub()
    hub.app()
    hub.portal()
    hub.install()
    monkeypatch.setattr(files, "MOST_EVENTS", 2)
    journal = Journal(hub)
    journal.subscribe(actions=["CREATE"])
    hub.change(*(created() for _ in range(5)))
    assert [len(file["journalEvents"]) for file in journal.files()] == [2, 2]
    hub.advance(1)
    assert [len(file["journalEvents"]) for file in journal.files()] == [2, 2, 1]


def test_a_large_file_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub()
    hub.app()
    hub.portal()
    hub.install()
    monkeypatch.setattr(files, "LARGEST_BYTES", 4_000)
    journal = Journal(hub)
    journal.subscribe(actions=["CREATE"])
    hub.change(*(created(firstname="A" * 1_500) for _ in range(5)))
    hub.advance(1)
    assert [len(file["journalEvents"]) for file in journal.files()] == [2, 2, 1]


def test_a_journal_that_nobody_reads_stays_small(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "HEAVIEST", 5_000)
    journal = Journal(hub)
    journal.subscribe(actions=["CREATE"])
    for _ in range(20):
        hub.change(created(firstname="A" * 500))
        hub.advance(1)
    seen = journal.events()
    assert 0 < len(seen) < 10
    assert seen[-1]["objectId"] - seen[0]["objectId"] == len(seen) - 1


def test_files_are_kept_for_three_days(hub: Hub, journal: Journal) -> None:
    journal.subscribe(actions=["CREATE"])
    hub.change(created())
    old = journal.read("/earliest").json()
    hub.advance(2 * DAY)
    journal.token = Journal(hub).token
    hub.change(created())
    young = journal.read(f"/offset/{old['currentOffset']}/next").json()
    assert journal.read("/earliest").json()["currentOffset"] == old["currentOffset"]
    hub.advance(DAY)
    journal.token = Journal(hub).token
    expired = journal.read(f"/offset/{old['currentOffset']}/next")
    assert expired.status_code == 404
    assert expired.json()["message"] == f"Journal offset {old['currentOffset']} does not exist or has expired."
    assert journal.read("/earliest").json()["currentOffset"] == young["currentOffset"]
    hub.advance(2 * DAY)
    journal.token = Journal(hub).token
    assert journal.read("/earliest").status_code == 204
    assert journal.read("/latest").status_code == 204


def test_an_address_opens_its_file_without_a_token_for_a_while(hub: Hub, journal: Journal) -> None:
    journal.subscribe(actions=["CREATE"])
    hub.change(created())
    where = journal.read("/earliest").json()
    assert where["expiresAt"] == "2026-11-18T11:21:40Z"
    assert parse_qs(urlsplit(where["url"]).query)["X-Amz-Expires"] == ["900"]
    assert journal.file(where)["offset"] == where["currentOffset"]
    hub.advance(899)
    assert hub.http.get(where["url"]).status_code == 200
    hub.advance(1)
    late = hub.http.get(where["url"])
    assert late.status_code == 403
    assert late.headers["content-type"] == "application/xml"
    assert "<Code>AccessDenied</Code><Message>Request has expired" in late.text


def test_an_address_opens_nothing_else(hub: Hub, journal: Journal) -> None:
    journal.subscribe(actions=["CREATE"])
    hub.change(created())
    first = journal.read("/earliest").json()
    hub.change(created())
    second = journal.read(f"/offset/{first['currentOffset']}/next").json()
    tampered = [
        first["url"].replace(first["currentOffset"], second["currentOffset"]),
        first["url"].replace("X-Amz-Expires=900", "X-Amz-Expires=90000"),
        first["url"][:-1] + ("0" if first["url"][-1] != "0" else "1"),
    ]
    for url in tampered:
        answer = hub.http.get(url)
        assert answer.status_code == 403
        assert "SignatureDoesNotMatch" in answer.text
    assert "AccessDenied" in hub.http.get(first["url"].partition("?")[0]).text
    half = hub.http.get(first["url"].partition("&X-Amz-Signature")[0])
    assert (half.status_code, "AuthorizationQueryParametersError" in half.text) == (400, True)
    with_token = hub.http.get(first["url"], headers={"Authorization": f"Bearer {journal.token}"})
    assert (with_token.status_code, "Only one auth mechanism" in with_token.text) == (400, True)


def test_the_file_behind_an_address_may_be_gone(hub: Hub, journal: Journal) -> None:
    journal.subscribe(actions=["CREATE"])
    hub.change(created())
    hub.advance(3 * DAY - 60)
    journal.token = Journal(hub).token
    where = journal.read("/earliest").json()
    hub.advance(60)
    gone = hub.http.get(where["url"])
    assert (gone.status_code, "NoSuchKey" in gone.text) == (404, True)


# -- reading -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def long(hub: Hub, journal: Journal) -> list[str]:
    """The offsets of a journal of five files, one event each, of two accounts in turn."""
    hub.portal(7)
    hub.install(7)
    for hub_id in (HUB, 7):
        journal.subscribe(portal_id=hub_id, actions=["CREATE"])
    for hub_id in (HUB, 7, HUB, 7, HUB):
        hub.change(created(), hub_id=hub_id)
        hub.advance(1)
    hub.install()
    return [file["offset"] for file in journal.files()]


def offsets(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["status"] == "COMPLETE"
    return [each["currentOffset"] for each in body["results"]]


@pytest.mark.usefixtures("long")
def test_one_accounts_events_can_be_read_alone(hub: Hub, journal: Journal) -> None:
    for area in ("journal", "journal-local"):
        for hub_id, count in ((HUB, 3), (7, 2), (99, 0)):
            events = journal.events(area=area, installPortalId=hub_id)
            assert [event["portalId"] for event in events] == [hub_id] * count
    assert len(journal.events(area="journal-local")) == 5


def test_a_file_of_several_accounts_shows_only_the_one_asked_for(hub: Hub, journal: Journal) -> None:
    hub.portal(7)
    hub.install(7)
    for hub_id in (HUB, 7):
        journal.subscribe(portal_id=hub_id, actions=["CREATE"])
        hub.change(created(), hub_id=hub_id)
    hub.advance(1)
    every, own = list(journal.files()), list(journal.files(installPortalId=7))
    assert [event["portalId"] for file in own for event in file["journalEvents"]] == [7]
    assert own[0]["offset"] in {file["offset"] for file in every}


def test_batches(journal: Journal, long: list[str]) -> None:
    assert offsets(journal.read("/batch/earliest/2")) == long[:2]
    assert offsets(journal.read("/batch/latest/2")) == long[-2:]
    assert offsets(journal.read(f"/batch/{long[1]}/next/100")) == long[2:]
    assert offsets(journal.read(f"/batch/{long[-1]}/next/100")) == []
    assert offsets(journal.read("/batch/earliest/100", installPortalId=7)) == long[1::2]
    assert offsets(journal.read("/batch/latest/1", installPortalId=7)) == [long[3]]
    assert journal.read("/latest").json()["currentOffset"] == long[-1]
    first = journal.read("/batch/earliest/1").json()["results"][0]
    assert journal.file(first)["offset"] == long[0]


def test_reading_files_by_their_offsets(journal: Journal, long: list[str]) -> None:
    assert offsets(journal.call("POST", "journal", "/batch/read", {"inputs": [long[3], long[0].upper()]})) == [
        long[3],
        long[0],
    ]
    unknown = "550e8400-e29b-41d4-a716-446655440000"
    answer = journal.call("POST", "journal", "/batch/read", {"inputs": [long[0], unknown, "x"]})
    assert answer.status_code == 207
    body = answer.json()
    assert [each["currentOffset"] for each in body["results"]] == [long[0]]
    assert body["numErrors"] == 2
    assert body["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert body["errors"][0]["context"] == {"offset": [unknown]}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/offset/550e8400-e29b-41d4-a716-446655440000/next", None, 404),
        ("GET", "/batch/nonsense/next/5", None, 404),
        ("GET", "/batch/earliest/0", None, 400),
        ("GET", "/batch/latest/101", None, 400),
        ("GET", "/batch/earliest/many", None, 400),
        ("GET", "/earliest?installPortalId=x", None, 400),
        ("GET", "/latest?installPortalId=-1", None, 400),
        ("POST", "/batch/read", {}, 400),
        ("POST", "/batch/read", {"inputs": [1]}, 400),
        ("POST", "/batch/read", {"inputs": [str(number) for number in range(101)]}, 400),
    ],
)
def test_what_cannot_be_read(journal: Journal, method: str, path: str, body: Any, status: int) -> None:
    answer = journal.call(method, "journal", path, body)
    assert answer.status_code == status
    assert answer.json()["status"] == "error"


@pytest.mark.parametrize(
    "base",
    [
        "/webhooks-journal/journal/v4",
        "/webhooks-journal/journal/2026-03",
        "/webhooks-journal/journal/2026-09",
        "/webhooks-journal/journal-local/v4",
        "/webhooks/v4/journal",
        "/webhooks/v4/journal-local",
    ],
)
def test_all_generations_read_the_same_journal(hub: Hub, journal: Journal, base: str) -> None:
    journal.subscribe(actions=["CREATE"])
    hub.change(created())
    headers = {"Authorization": f"Bearer {journal.token}"}
    where = hub.http.get(f"{base}/earliest", headers=headers).json()
    assert len(journal.file(where)["journalEvents"]) == 1
    assert hub.http.get(f"{base}/offset/{where['currentOffset']}/next/", headers=headers).status_code == 204


def test_every_regions_host_has_the_whole_journal(hub: Hub, journal: Journal) -> None:
    hub.portal(7, hublet="eu1")
    hub.install(7)
    journal.subscribe(portal_id=7, actions=["CREATE"])
    hub.change(created(), hub_id=7)
    for origin in ("http://localhost:8765", "http://localhost:8766"):
        headers = {"Authorization": f"Bearer {journal.token}"}
        where = hub.http.get(f"{origin}/webhooks-journal/journal/2026-03/earliest", headers=headers).json()
        assert where["url"].startswith(f"{origin}/")
        assert [event["portalId"] for event in journal.file(where)["journalEvents"]] == [7]


def test_faults_strike_the_journal_and_its_files(hub: Hub, journal: Journal) -> None:
    journal.subscribe(actions=["CREATE"])
    hub.change(created())
    where = journal.read("/earliest").json()
    for path in ("/webhooks-journal-files", "/webhooks-journal/journal"):
        fault = {"action": "status", "match": {"path": path}, "params": {"status": 503}, "count": 1}
        hub.control("POST", "faults", fault)
    assert hub.http.get(where["url"]).status_code == 503
    assert journal.read("/earliest").status_code == 503
    assert journal.file(where)["offset"] == journal.read("/earliest").json()["currentOffset"]


# -- what lasts --------------------------------------------------------------------------------------------------------


def test_a_snapshot_of_the_emulator_holds_the_journals(journal: Journal, long: list[str]) -> None:
    hub = journal.hub
    subscription = journal.subscribe(objectTypeId="0-2")
    filter_id = journal.filter(
        subscription["id"],
        {"filterType": "CRM_OBJECT_PROPERTY", "property": "name", "operator": "IN", "values": ["Acme"]},
    )
    where = journal.read("/earliest").json()
    hub.create("companies", name="Acme")
    saved = json.loads(json.dumps(hub.control("GET", "snapshot")))
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert hub.control("GET", "snapshot") == saved
    assert journal.file(where)["offset"] == long[0]
    assert journal.call("GET", "subscriptions", f"/filters/{filter_id}").status_code == 200
    hub.create("companies", name="Other")
    hub.create("companies", name="Acme")
    assert [event["propertyChanges"]["name"] for event in journal.events(after=long[-1])] == ["Acme", "Acme"]
    assert journal.subscribe(objectTypeId="0-3")["id"] == subscription["id"] + 1


def test_the_state_counts_what_is_in_a_journal(journal: Journal, long: list[str]) -> None:
    (app,) = journal.hub.control("GET", "state")["apps"]
    assert app["journal"] == {"subscriptions": 2, "files": len(long), "events": 5}


def test_a_snapshot_from_before_there_were_journals_loads(hub: Hub, journal: Journal) -> None:
    journal.subscribe()
    saved = hub.control("GET", "snapshot")
    del saved["journals"]
    hub.control("PUT", "snapshot", saved)
    assert journal.call("GET", "subscriptions").json() == {"results": []}


def test_a_reset_forgets_all(hub: Hub, journal: Journal) -> None:
    journal.subscribe()
    hub.change(created())
    hub.control("POST", "reset")
    hub.app()
    hub.portal()
    hub.install()
    fresh = Journal(hub)
    hub.change(created())
    assert fresh.events() == []
    assert fresh.call("GET", "subscriptions").json() == {"results": []}
