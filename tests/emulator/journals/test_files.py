"""The journal's files: when they are written, how long they are kept, and the addresses that open them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from emulator.journal import files
from tests.emulator.hub import Hub, created
from tests.emulator.journal import Journal
from tests.emulator.journals.changes import DAY

Json = dict[str, Any]


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
