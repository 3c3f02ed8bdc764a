"""Imports: rows that become records, in bursts."""

from __future__ import annotations

import pytest

from tests.emulator.hub import APP_ID, HUB, Hub, kinds
from tests.emulator.imports.importing import BASE, PEOPLE, SCOPES, finished, many, people, post, read, request, start

BASES = ["/crm/v3/imports", "/crm/imports/2025-09", "/crm/imports/2026-03", "/crm/imports/2026-09"]


@pytest.mark.parametrize("base", BASES)
def test_an_import_from_start_to_end(hub: Hub, base: str) -> None:
    text = 'Email,First,Last\nAda@test.example,Ada,"Byron, Countess"\neva@test.example,Eva,\n'
    answer = post(hub, request(PEOPLE), ("people.csv", text), base=f"{base}/")
    assert answer.status_code == 200
    started = answer.json()
    assert (started["state"], started["importName"], started["importSource"]) == ("STARTED", "Spring fair", "API")
    assert started["mappedObjectTypeIds"] == ["0-1"]
    assert started["importRequestJson"] == request(PEOPLE)
    assert people(hub) == []
    hub.time.pass_(5)
    done = hub.get(f"{base}/{started['id']}").json()
    assert done["state"] == "DONE"
    assert done["metadata"]["counters"] == {
        "TOTAL_ROWS": 2,
        "MAPPED_COLUMNS": 3,
        "CREATED_OBJECTS": 2,
        "UNIQUE_OBJECTS_WRITTEN": 2,
        "PROPERTY_VALUES_EMITTED": 5,
    }
    assert len(done["metadata"]["fileIds"]) == 1
    assert people(hub) == [["ada@test.example", "Ada", "Byron, Countess"], ["eva@test.example", "Eva", None]]
    assert hub.get(f"{base}/{started['id']}/errors").json() == {"results": []}


def test_events_say_that_they_come_from_an_import(hub: Hub) -> None:
    hub.app(conditional_scopes=SCOPES, subscriptions=[{"event_type": "contact.creation"}])
    rows = "".join(f"p{number}@test.example,P,{number}\n" for number in range(300))
    import_id = start(hub, request(PEOPLE), ("people.csv", f"Email,First,Last\n{rows}"))
    assert hub.events() == []
    hub.time.pass_(0.6)
    first = hub.events()
    assert 0 < len(first) < 300
    hub.time.pass_(10)
    events = first + hub.events()
    assert kinds(events) == {"contact.creation": 300}
    assert {(event["changeSource"], event["sourceId"]) for event in events} == {("IMPORT", import_id)}
    record = hub.get("/crm/v3/objects/contacts", properties="hs_object_source", propertiesWithHistory="email").json()
    assert record["results"][0]["properties"]["hs_object_source"] == "IMPORT"


def test_a_list_of_those_who_were_imported(hub: Hub) -> None:
    text = "Email,First,Last\nada@test.example,Ada,\neva@test.example,Eva,\n"
    done = finished(hub, request(PEOPLE, createContactListFromImport=True), ("people.csv", text))
    [made] = done["metadata"]["objectLists"]
    assert made["objectType"] == "CONTACT"
    rows = hub.get(f"/crm/v3/lists/{made['listId']}/memberships").json()["results"]
    assert [row["recordId"] for row in rows] == [
        row["id"] for row in hub.get("/crm/v3/objects/contacts").json()["results"]
    ]
    again = finished(hub, request(PEOPLE, createContactListFromImport=True), ("people.csv", text))
    assert again["metadata"]["objectLists"][0]["listId"] != made["listId"]


def test_canceling_keeps_what_was_written(hub: Hub) -> None:
    import_id = start(hub, request(PEOPLE), ("people.csv", many(5_000)))
    hub.time.pass_(1)
    running = read(hub, import_id)
    assert running["state"] == "PROCESSING"
    canceled = hub.post(f"{BASE}/{import_id}/cancel", {})
    assert canceled.json()["status"] == "CANCELED"
    hub.time.pass_(60)
    after = read(hub, import_id)
    assert after["state"] == "CANCELED"
    written = len(hub.emulator.portals[HUB].crm.table(hub.emulator.portals[HUB].crm.object_type("contact")))
    assert 0 < written < 5_000
    assert after["metadata"]["counters"]["CREATED_OBJECTS"] == written
    assert hub.post(f"{BASE}/{import_id}/cancel", {}).status_code == 400


def test_an_import_goes_on_when_time_is_moved(hub: Hub) -> None:
    start(hub, request(PEOPLE), ("people.csv", many(3)))
    hub.advance(10)
    assert len(people(hub)) == 3


def test_an_import_survives_a_snapshot_half_way(hub: Hub) -> None:
    import_id = start(hub, request(PEOPLE), ("people.csv", many(3_000)))
    hub.time.pass_(1)
    before = read(hub, import_id)
    assert before["state"] == "PROCESSING"
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert read(hub, import_id) == before
    hub.time.pass_(60)
    done = read(hub, import_id)
    assert (done["state"], done["metadata"]["counters"]["CREATED_OBJECTS"]) == ("DONE", 3_000)
    for portal in saved["portals"]:
        del portal["imports"]
    hub.control("PUT", "snapshot", saved)
    hub.install(scopes=SCOPES)
    assert hub.get(BASE).json() == {"results": []}


def test_imports_are_listed_for_their_app(hub: Hub) -> None:
    ids = [start(hub, request(PEOPLE), ("people.csv", many(1))) for _ in range(3)]
    first = hub.get(BASE, limit=2).json()
    assert [each["id"] for each in first["results"]] == [ids[2], ids[1]]
    second = hub.get(first["paging"]["next"]["link"].removeprefix("http://localhost:8765")).json()
    assert [each["id"] for each in second["results"]] == [ids[0]]
    private = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["crm.import"]})
    hub.token = private["access_token"]
    assert hub.get(BASE).json() == {"results": []}
    assert hub.get(f"{BASE}/{ids[0]}").status_code == 404
    assert private["app_id"] != APP_ID
