"""The pages of faults, and of time, reset and snapshots."""

from __future__ import annotations

import json
from html import escape

import pytest

from emulator.faults import ACTIONS
from emulator.scenarios.library import LIBRARY
from tests.emulator.hub import HUB, Hub
from tests.emulator.pages import followed, outline, page, send

FAULTS = "/_ui/faults"
CLOCK = "/_ui/clock"


def faults(hub: Hub) -> list[dict[str, object]]:
    items: list[dict[str, object]] = hub.control("GET", "faults")["items"]
    return items


def test_every_fault_can_be_added_as_its_form_stands(hub: Hub) -> None:
    for action in sorted(ACTIONS):
        form = outline(hub, f"{FAULTS}?add={action}").form("action")
        assert "in force" in followed(hub, form.send(hub, FAULTS))
    assert [each["action"] for each in faults(hub)] == sorted(ACTIONS)


def test_every_parameter_is_understood(hub: Hub) -> None:
    """What the forms offer is what faults know, and of the right kind."""
    offered = {"p.headers": "X-Why: because", "p.body": '{"a": 1}', "p.hublet": "eu1", "p.policy": "DAILY"}
    for action in sorted(ACTIONS):
        form = outline(hub, f"{FAULTS}?add={action}").form("action")
        for name, _ in list(form.fields):
            if name.startswith("p."):
                form.put(name, offered.get(name, "500" if name == "p.status" else "7"))
        assert form.send(hub, FAULTS).status_code == 303, action
    added = {str(each["action"]): each["params"] for each in faults(hub)}
    assert added["latency"] == {"ms": 7, "min_ms": 7, "max_ms": 7}
    assert added["drip"] == {"bytes": 7, "pause_ms": 7}
    assert added["status"] == {
        "status": 500,
        "body": {"a": 1},
        "retry_after": 7,
        "policy": "DAILY",
        "headers": {"X-Why": "because"},
    }


def test_where_and_how_often_a_fault_strikes(hub: Hub) -> None:
    form = outline(hub, FAULTS).form("action")
    form.put("p.status", "503")
    form.send(hub, FAULTS, path="/crm", hub_id=str(HUB), method="GET", percent="50", count="2", seed="9")
    [fault] = faults(hub)
    assert fault["match"] == {"path": "/crm", "hub_id": HUB, "method": "GET"}
    assert (fault["probability"], fault["count"], fault["seed"]) == (0.5, 2, 9)
    assert "status=503" in page(hub, FAULTS)


def test_a_fault_strikes_and_the_page_counts(hub: Hub) -> None:
    outline(hub, FAULTS).form("action").send(hub, FAULTS, count="3")
    assert hub.get("/crm/v3/objects/contacts").status_code == 500
    assert 'data-label="Left" class="number">2<' in page(hub, FAULTS)


def test_only_the_lost_answer_of_a_dropped_connection_when_ticked(hub: Hub) -> None:
    form = outline(hub, f"{FAULTS}?add=reset").form("action")
    form.put("p.after", "yes")
    form.send(hub, FAULTS)
    assert [each["params"] for each in faults(hub)] == [{"after": True}]


def test_removing_a_fault_and_putting_it_back(hub: Hub) -> None:
    form = outline(hub, f"{FAULTS}?add=latency").form("action")
    form.put("p.ms", "5")
    form.send(hub, FAULTS, path="/crm")
    before = faults(hub)[0]
    removed = outline(hub, FAULTS).form("remove").send(hub, FAULTS)
    assert faults(hub) == []
    outline(hub, removed.headers["location"]).form("again").send(hub, FAULTS)
    [after] = faults(hub)
    assert {**after, "id": 0} == {**before, "id": 0}


def test_removing_all_faults(hub: Hub) -> None:
    for action in ("drop", "html"):
        outline(hub, f"{FAULTS}?add={action}").form("action").send(hub, FAULTS)
    outline(hub, FAULTS).form("clear").send(hub, FAULTS)
    assert faults(hub) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"action": "explode"}, "action must be one of"),
        ({"action": "status", "p.status": "99"}, "params.status must be between"),
        ({"action": "status", "p.status": "x"}, "Status must be a whole number"),
        ({"action": "status", "p.headers": "nonsense"}, "which &#x27;nonsense&#x27; is not"),
        ({"action": "drip", "p.bytes": "0"}, "params.bytes must be between"),
        ({"action": "drop", "percent": "many"}, "must be a number"),
        ({"action": "drop", "percent": "500"}, "probability must be between"),
        ({"action": "drop", "count": "0"}, "count must be between"),
        ({"action": "drop", "hub_id": "x"}, "Account must be a whole number"),
        ({"again": "nonsense"}, "cannot be put back"),
    ],
)
def test_faults_that_are_refused(hub: Hub, fields: dict[str, str], said: str) -> None:
    answer = send(hub, FAULTS, **fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert faults(hub) == []


def test_a_fault_with_a_beginning_and_an_end(hub: Hub) -> None:
    outline(hub, FAULTS).form("action").send(hub, FAULTS, after_s="60", for_s="120")
    assert "begins in 60 s" in page(hub, FAULTS)
    assert hub.get("/crm/v3/objects/contacts").status_code == 200
    hub.advance(90)
    assert "for 90 s more" in page(hub, FAULTS)
    removed = outline(hub, FAULTS).form("remove").send(hub, FAULTS)
    outline(hub, removed.headers["location"]).form("again").send(hub, FAULTS)
    assert "for 90 s more" in page(hub, FAULTS)
    assert hub.get("/crm/v3/objects/contacts").status_code == 500
    hub.advance(90)
    assert hub.get("/crm/v3/objects/contacts").status_code == 200


# -- scenarios ---------------------------------------------------------------------------------------------------------

SCENARIOS = "/_ui/scenarios"


def test_every_scenario_can_be_played_as_its_form_stands(hub: Hub) -> None:
    for name, scenario in LIBRARY.items():
        form = outline(hub, f"{SCENARIOS}?play={name}").form("name")
        assert escape(scenario.description) in page(hub, f"{SCENARIOS}?play={name}")
        answer = form.send(hub, SCENARIOS)
        assert answer.status_code == 303, (name, answer.text)
    assert "under way" in page(hub, f"{SCENARIOS}?done=begun")


def test_a_scenario_with_parameters_is_shown_and_ended(hub: Hub) -> None:
    form = outline(hub, f"{SCENARIOS}?play=migration_477").form("name")
    form.put("p.seconds", "90")
    form.put("p.hub_id", str(HUB))
    form.send(hub, SCENARIOS)
    assert hub.get("/crm/v3/objects/contacts").status_code == 477
    shown = page(hub, SCENARIOS)
    assert "migration 477" in shown
    assert "in 90 s" in shown
    assert "is over" in followed(hub, outline(hub, SCENARIOS).form("end").send(hub, SCENARIOS))
    assert hub.get("/crm/v3/objects/contacts").status_code == 200
    assert "No scenario is being played" in page(hub, SCENARIOS)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "meteor"}, "no such scenario"),
        ({"name": "outage", "p.seconds": "x"}, "Seconds must be a number"),
        ({"name": "outage", "p.resets": "5"}, "must be between"),
        ({"name": "outage", "p.hub_id": "5"}, "there is no portal 5"),
        ({"name": "outage", "seed": "x"}, "Seed must be"),
    ],
)
def test_scenarios_that_are_refused(hub: Hub, fields: dict[str, str], said: str) -> None:
    answer = send(hub, SCENARIOS, **fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert hub.emulator.scenarios.running() == []


# -- time --------------------------------------------------------------------------------------------------------------


def test_time_moves_by_buttons_and_by_any_amount(hub: Hub) -> None:
    now = hub.emulator.clock.now_ms()
    assert "Time moved forward" in followed(hub, send(hub, CLOCK, advance_s="3600"))
    send(hub, CLOCK, amount="2", unit="d")
    assert hub.emulator.clock.now_ms() - now == (3_600 + 2 * 86_400) * 1_000
    assert hub.get("/crm/v3/objects/contacts").status_code == 401, "tokens expire"


@pytest.mark.parametrize(
    "fields",
    [{}, {"amount": "x", "unit": "h"}, {"amount": "1", "unit": "y"}, {"amount": "9999999999", "unit": "d"}],
)
def test_time_that_cannot_be_moved(hub: Hub, fields: dict[str, str]) -> None:
    answer = send(hub, CLOCK, **fields)
    assert answer.status_code == 400
    assert "Enter how far to go" in answer.text
    assert hub.emulator.clock.offset_ms == 0


def test_what_comes_next_is_shown(hub: Hub) -> None:
    assert "in 30 min" in page(hub, CLOCK), "the access token"
    hub.subscribe("contact.creation")
    hub.receiver.answer = 500
    hub.change({"op": "create", "object_type": "contact", "properties": {"email": "a@b.co"}})
    hub.emulator.deliver()
    assert "Next retry or delayed event</dt><dd>in " in page(hub, CLOCK)


def test_reset_asks_first_and_goes_back_to_the_start(hub: Hub) -> None:
    assert "This cannot be undone" in page(hub, CLOCK)
    assert "/_ui/reset" in [form.action for form in outline(hub, CLOCK).forms]
    assert "as it was at the start" in followed(hub, send(hub, "/_ui/reset"))
    assert hub.emulator.portals == {}


def test_a_snapshot_is_saved_and_loaded(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co")
    saved = hub.http.get("/_ui/snapshot")
    assert saved.headers["content-disposition"].startswith('attachment; filename="emulator-')
    hub.emulator.reset()
    loaded = hub.http.post("/_ui/snapshot", files={"snapshot": ("saved.json", saved.content)})
    assert "The snapshot is loaded" in followed(hub, loaded)
    assert hub.get(f"/crm/v3/objects/contacts/{ada}").json()["properties"]["email"] == "ada@b.co"


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"\xff\xfe", b"[]", json.dumps({"format": 99}).encode(), b'{"format": 1}']
)
def test_a_file_that_is_no_snapshot_changes_nothing(hub: Hub, content: bytes) -> None:
    answer = hub.http.post("/_ui/snapshot", files={"snapshot": ("x.json", content)})
    assert answer.status_code == 400
    assert "Nothing was changed" in answer.text
    assert list(hub.emulator.portals) == [HUB]


def test_no_file_at_all(hub: Hub) -> None:
    assert send(hub, "/_ui/snapshot").status_code == 400
    assert hub.http.post("/_ui/snapshot", files={"other": ("x.json", b"{}")}).status_code == 400
