"""Reading the journal, file by file and in batches, in all generations; and what lasts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.hub import HUB, Hub, created
from tests.emulator.journal import Journal

Json = dict[str, Any]


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
