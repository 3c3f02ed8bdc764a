"""Tickets v1 tell of the same records as v3, and log their changes."""

from __future__ import annotations

from typing import Any

from emulator.crm.object_types import TICKET
from tests.emulator.hub import Hub
from tests.emulator.legacy import DAY_S, pages, table
from tests.emulator.legacy import full as full  # the fixture

Json = dict[str, Any]


def test_all_tickets(full: Hub) -> None:
    path = "/crm-objects/v1/objects/tickets/paged"
    answers = pages(full, path, "hasMore", {"offset": "offset"}, properties=["subject", "hs_ticket_priority"])
    rows = [row for answer in answers for row in answer["objects"]]
    tickets = table(full, TICKET)
    assert [len(answer["objects"]) for answer in answers] == [100, 100, 15]
    assert [row["objectId"] for row in rows] == list(tickets.live)
    assert all(
        row["properties"]["subject"]["value"] == tickets.records[row["objectId"]].values["subject"] for row in rows
    )
    one = full.get(f"/crm-objects/v1/objects/tickets/{rows[0]['objectId']}?properties=subject").json()
    assert one["properties"] == {"subject": rows[0]["properties"]["subject"]}


def test_the_log_of_ticket_changes(hub: Hub) -> None:
    old = hub.create("tickets", subject="Old", hs_pipeline_stage="1")
    hub.time.pass_(2 * DAY_S)
    hub.install()
    new = hub.create("tickets", subject="New", hs_pipeline_stage="1")
    hub.time.pass_(10)
    hub.call("PATCH", f"/crm/v3/objects/tickets/{old}", {"properties": {"subject": "Older"}})
    hub.time.pass_(10)
    hub.call("DELETE", f"/crm/v3/objects/tickets/{new}")
    path = "/crm-objects/v1/change-log/tickets"
    log = hub.get(path).json()
    told = [(row["changeType"], row["objectId"]) for row in log]
    assert told == [("CREATED", int(new)), ("CHANGED", int(old)), ("DELETED", int(new))]
    assert log[1]["changes"]["changedProperties"] == ["hs_lastmodifieddate", "subject"]
    last = log[1]
    behind = {"timestamp": last["timestamp"], "changeType": last["changeType"], "objectId": last["objectId"]}
    assert [row["changeType"] for row in hub.get(path, **behind).json()] == ["DELETED"]
    assert len(hub.get(path, timestamp=last["timestamp"]).json()) == 2
    assert hub.get(path, changeType="MOVED").status_code == 400
    hub.time.pass_(DAY_S + 60)
    hub.install()
    assert hub.get(path).json() == []


def test_a_thousand_ticket_changes_at_once(bare: Hub) -> None:
    bare.portal(7, seed={"tickets": 1_200})
    bare.install(7)
    crm = bare.emulator.portals[7].crm
    inputs = [{"id": str(number), "properties": {"content": "Again"}} for number in crm.table(TICKET).live]
    for start in range(0, len(inputs), 100):
        bare.time.pass_(1)
        bare.post("/crm/v3/objects/tickets/batch/update", {"inputs": inputs[start : start + 100]})
    path, seen = "/crm-objects/v1/change-log/tickets", []
    last: Json = {}
    while rows := bare.get(path, **last).json():
        assert len(rows) <= 1_000
        seen += [row["objectId"] for row in rows if row["changes"]["changedProperties"][-1] == "content"]
        last = {name: rows[-1][name] for name in ("timestamp", "changeType", "objectId")}
    assert seen == list(crm.table(TICKET).live)
