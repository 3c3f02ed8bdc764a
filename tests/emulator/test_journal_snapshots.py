"""Snapshots of records that an app asks for, read in its journal."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.emulator.hub import HUB, Hub, fresh_email
from tests.emulator.journal import OTHER_CLIENT, Journal

Json = dict[str, Any]

DAY = 86_400


@pytest.fixture
def journal(hub: Hub) -> Journal:
    return Journal(hub)


def ask(journal: Journal, *records: Any, **fields: Any) -> list[Json]:
    requests = [
        {"portalId": HUB, "objectTypeId": "0-1", "objectId": int(each), "properties": ["firstname"]} | fields
        for each in records
    ]
    answer = journal.call("POST", "snapshots", "/crm", {"snapshotRequests": requests})
    assert answer.status_code == 200, answer.text
    responses: list[Json] = answer.json()["snapshotResponses"]
    return responses


def status(journal: Journal, status_id: str, area: str = "journal") -> Json:
    answer = journal.call("GET", area, f"/status/{status_id}")
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def test_a_snapshot_comes_in_the_journal(hub: Hub, journal: Journal) -> None:
    contact = hub.create(email=fresh_email(), firstname="Ada", lastname="King")
    (asked,) = ask(journal, contact, properties=["firstname", "city", "no_such_property"])
    status_id = asked.pop("snapshotStatusId")
    assert asked == {"portalId": HUB, "objectTypeId": "0-1", "objectId": int(contact)}
    # What is asked for is what was there then.
    hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"firstname": "Bea"}})
    assert journal.call("GET", "journal", f"/status/{status_id}").status_code == 404
    hub.advance(0.25)
    assert status(journal, status_id) == {"id": status_id, "status": "PENDING", "initiatedAt": 1_795_000_000_000}
    hub.advance(0.25)
    assert status(journal, status_id, "journal-local")["status"] == "IN_PROGRESS"
    assert journal.events() == []
    hub.advance(0.5)
    assert status(journal, status_id) == {
        "id": status_id,
        "status": "SUCCESS",
        "initiatedAt": 1_795_000_000_000,
        "completedAt": 1_795_000_001_000,
    }
    (event,) = journal.events()
    assert event == {
        "type": "object",
        "portalId": HUB,
        "occurredAt": "2026-11-18T11:06:40Z",
        "action": "SNAPSHOT",
        "objectTypeId": "0-1",
        "objectId": int(contact),
        "propertyChanges": {"firstname": "Ada", "city": ""},
        "snapshotStatusId": status_id,
    }


def test_all_that_is_set_when_nothing_is_named(hub: Hub, journal: Journal) -> None:
    email = fresh_email()
    contact = hub.create(email=email, firstname="Ada")
    ask(journal, contact, properties=[])
    hub.advance(1)
    (event,) = journal.events()
    assert {"email": email, "firstname": "Ada"}.items() <= event["propertyChanges"].items()


def test_a_merged_record_is_found_by_its_old_id(hub: Hub, journal: Journal) -> None:
    first, second = hub.create(email=fresh_email()), hub.create(email=fresh_email(), firstname="Ada")
    (merged,) = hub.change({"op": "merge", "object_type": "contact", "id": second, "into": first})
    ask(journal, first)
    hub.advance(1)
    assert [event["objectId"] for event in journal.events()] == [int(merged["id"])]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"objectId": 99}, "VALIDATION_ERROR"),
        ({"objectTypeId": "0-999"}, "VALIDATION_ERROR"),
        ({"objectTypeId": "0-5"}, "PERMISSION_DENIED"),
        ({"portalId": 7}, "PERMISSION_DENIED"),
        ({"portalId": 8}, "PERMISSION_DENIED"),
    ],
)
def test_what_cannot_be_taken_fails_later(hub: Hub, journal: Journal, fields: Json, code: str) -> None:
    hub.portal(7)
    contact = hub.create(email=fresh_email())
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    hub.install(scopes=["oauth", "crm.objects.contacts.read"])
    (asked,) = ask(journal, contact, **fields)
    hub.advance(1)
    found = status(journal, asked["snapshotStatusId"])
    assert (found["status"], found["errorCode"], found["completedAt"]) == ("FAILED", code, 1_795_000_001_000)
    assert found["message"]
    assert journal.events() == []


def test_a_snapshot_grows_stale_with_the_journal(hub: Hub, journal: Journal) -> None:
    contact = hub.create(email=fresh_email())
    (old,) = ask(journal, contact)
    hub.advance(3 * DAY)
    journal.token = Journal(hub).token
    assert status(journal, old["snapshotStatusId"])["status"] == "EXPIRED"
    hub.advance(3 * DAY + 1)
    journal.token = Journal(hub).token
    (young,) = ask(journal, contact)
    hub.advance(0.25)
    assert journal.call("GET", "journal", f"/status/{old['snapshotStatusId']}").status_code == 404
    assert status(journal, young["snapshotStatusId"])["status"] == "PENDING"


def test_the_status_is_asked_for_in_several_places(hub: Hub, journal: Journal) -> None:
    (asked,) = ask(journal, hub.create(email=fresh_email()))
    status_id = asked["snapshotStatusId"]
    hub.advance(0.25)
    assert journal.call("GET", "snapshots", f"/crm/status/{status_id}").json()["status"] == "PENDING"
    headers = {"Authorization": f"Bearer {journal.token}"}
    assert hub.http.get(f"/webhooks/v4/journal/status/{status_id.upper()}", headers=headers).status_code == 200


def test_an_app_sees_its_own_snapshots_only(hub: Hub, journal: Journal) -> None:
    (asked,) = ask(journal, hub.create(email=fresh_email()))
    hub.app(client_id=OTHER_CLIENT, app_id=2)
    other = Journal(hub, OTHER_CLIENT)
    hub.advance(1)
    assert status(journal, asked["snapshotStatusId"])["status"] == "SUCCESS"
    assert other.call("GET", "journal", f"/status/{asked['snapshotStatusId']}").status_code == 404
    assert other.events() == []


def test_no_such_status(journal: Journal) -> None:
    assert journal.call("GET", "journal", f"/status/{uuid.uuid4()}").status_code == 404
    assert journal.call("GET", "journal", "/status/nonsense").status_code == 400


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "snapshotRequests is required"),
        ({"snapshotRequests": []}, "snapshotRequests is required"),
        ({"snapshotRequests": ["x"]}, "each of snapshotRequests must be an object"),
        ({"snapshotRequests": [{"portalId": HUB}]}, "objectTypeId is required"),
        ({"snapshotRequests": [{"portalId": HUB, "objectTypeId": "0-1", "objectId": "1"}]}, "objectId is required"),
        ({"snapshotRequests": [{}] * 101}, "must not have more than 100 requests, but has 101"),
    ],
)
def test_what_cannot_be_asked_for(journal: Journal, body: Json, words: str) -> None:
    answer = journal.call("POST", "snapshots", "/crm", body)
    assert answer.status_code == 400
    assert words in answer.json()["message"]


def test_a_snapshot_of_the_emulator_holds_them(hub: Hub, journal: Journal) -> None:
    (asked,) = ask(journal, hub.create(email=fresh_email()))
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    hub.advance(1)
    assert status(journal, asked["snapshotStatusId"])["status"] == "SUCCESS"
    assert [event["snapshotStatusId"] for event in journal.events()] == [asked["snapshotStatusId"]]
