"""Installs in the journal, what is heard of other accounts and apps, and a consumer that loses nothing."""

from __future__ import annotations

import threading
from typing import Any

from tests.emulator.hub import ADMIN, APP_ID, CLIENT_ID, HUB, Hub, created
from tests.emulator.journal import INSTALL, OTHER_CLIENT, UNINSTALL, Journal
from tests.emulator.journals.changes import NOW

Json = dict[str, Any]


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
