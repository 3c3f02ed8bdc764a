"""A snapshot holds all of HubSpot's state, and loading it brings it back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator
from emulator.control.fields import Rejected
from emulator.saving import SavedState
from emulator.seed.demo import demo
from tests.emulator.hub import ADMIN, HUB, Hub


def lived_in(hub: Hub) -> dict[str, Any]:
    """Bring about something of everything; return a token response."""
    hub.app(rotate_refresh_tokens=True, refresh_grace_s=60, subscriptions=[{"event_type": "contact.creation"}])
    company = hub.create("companies", name="Acme")
    ids = [hub.create(email=f"p{number}@b.co", firstname="Ada") for number in range(4)]
    hub.advance(5)
    hub.call("PATCH", f"/crm/v3/objects/contacts/{ids[0]}", {"properties": {"firstname": "Bea"}})
    hub.change(
        {"op": "associate", "object_type": "contact", "id": ids[0], "to": {"object_type": "company", "id": company}},
        {"op": "archive", "object_type": "contact", "id": ids[1]},
        {"op": "merge", "object_type": "contact", "id": ids[3], "into": ids[2]},
    )
    definition = {
        "name": "erp_id",
        "label": "ERP id",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
        "hasUniqueValue": True,
    }
    hub.post("/crm/v3/properties/contacts", definition)
    hub.call("PATCH", f"/crm/v3/objects/contacts/{ids[0]}", {"properties": {"erp_id": "E1"}})
    hub.receiver.answer = 500
    hub.emulator.deliver()
    hub.receiver.answer = 204
    hub.granted_code()
    tokens = hub.install()
    hub.refresh(tokens["refresh_token"])
    return tokens


def test_a_snapshot_brings_everything_back(hub: Hub) -> None:
    tokens = lived_in(hub)
    saved = hub.control("GET", "snapshot")
    state = hub.control("GET", "state")
    owners = hub.get("/crm/v3/owners").json()
    hub.control("POST", "reset")
    hub.time.pass_(5)
    hub.control("PUT", "snapshot", saved)
    hub.time.pass_(-5)
    assert hub.control("GET", "state") == state
    assert hub.get("/crm/v3/owners").json() == owners
    assert hub.control("GET", "snapshot") == saved
    hub.token = tokens["access_token"]
    assert hub.get("/crm/v3/objects/contacts/E1?idProperty=erp_id").status_code == 200
    record = hub.get("/crm/v3/objects/contacts/101?propertiesWithHistory=firstname&associations=companies").json()
    assert [version["value"] for version in record["propertiesWithHistory"]["firstname"]] == ["Bea", "Ada"]
    assert len(record["associations"]["companies"]["results"]) == 2
    assert hub.get("/crm/v3/objects/contacts/103").json()["id"] == hub.get("/crm/v3/objects/contacts/104").json()["id"]
    assert hub.get("/crm/v3/objects/contacts/102?archived=true").status_code == 200
    assert hub.refresh(tokens["refresh_token"]).status_code == 200, "within the grace of its rotation"
    hub.advance(60)
    assert hub.refresh(tokens["refresh_token"]).status_code == 400


def test_undelivered_events_are_kept_with_their_attempts(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.receiver.answer = 500
    hub.create(email="a@b.co")
    hub.events()
    hub.create(email="b@b.co")
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    hub.receiver.answer = 204
    assert [event["attemptNumber"] for event in hub.events()] == [0]
    hub.advance(60)
    assert [event["attemptNumber"] for event in hub.events()] == [1]


def test_time_goes_on_where_it_was(hub: Hub) -> None:
    hub.advance(1_000)
    saved = hub.control("GET", "snapshot")
    now = hub.control("GET", "state")["virtual_now"]
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert hub.control("GET", "state")["virtual_now"] == now


def test_new_ids_go_on_where_they_were(hub: Hub) -> None:
    last = hub.create(email="a@b.co")
    hub.post("/crm/v3/objects/contacts/gdpr-delete", {"objectId": last})
    saved = hub.control("GET", "snapshot")
    hub.control("PUT", "snapshot", saved)
    assert int(hub.create(email="a@b.co")) > int(last)


def _with_install(grants: Any, **changes: Any) -> Any:
    return grants | {"installs": [grants["installs"][0] | changes]}


@pytest.mark.parametrize(
    "damage",
    [
        lambda _saved: [],
        lambda _saved: {},
        lambda saved: saved | {"format": 99},
        lambda saved: saved | {"portals": [{}]},
        lambda saved: saved | {"apps": [{"client_id": "x"}]},
        lambda saved: saved | {"grants": {}},
        lambda saved: saved | {"portals": None},
        lambda saved: {name: value for name, value in saved.items() if name != "events"},
        lambda saved: saved | {"clock_offset_ms": 10**30},
        lambda saved: saved | {"apps": [saved["apps"][0] | {"client_id": ["x"]}]},
        lambda saved: saved | {"grants": _with_install(saved["grants"], installed_at="x")},
        lambda saved: saved | {"grants": _with_install(saved["grants"], approved=["oauth", None])},
    ],
)
def test_a_damaged_snapshot_changes_nothing(hub: Hub, damage: Any) -> None:
    saved = hub.control("GET", "snapshot")
    answer = hub.http.put("/_emulator/snapshot", json=damage(saved))
    assert answer.status_code == 400
    assert "snapshot" in answer.json()["error"]
    assert hub.control("GET", "snapshot") == saved


def test_the_demonstration_survives_a_round_trip() -> None:
    emulator = Emulator(seed=demo)
    saved = json.dumps(emulator.snapshot())
    other = Emulator()
    other.load(json.loads(saved))
    assert json.dumps(other.snapshot()) == saved


def test_a_reset_after_loading_goes_to_the_seed_of_the_start(hub: Hub) -> None:
    emulator = Emulator(seed=demo)
    emulator.load(hub.emulator.snapshot())
    assert list(emulator.portals) == [HUB]
    emulator.reset()
    assert len(emulator.portals) == 3


def test_state_in_a_file(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "below" / "hubspot.json"
    saved = SavedState(hub.emulator, path)
    saved.load()
    hub.create(email="a@b.co")
    saved.start()
    saved.stop()
    assert path.stat().st_mode & 0o777 == 0o600, "it holds secrets"
    assert [each.name for each in path.parent.iterdir()] == ["hubspot.json"]
    other = Emulator()
    SavedState(other, path).load()
    assert other.snapshot() == hub.emulator.snapshot()


def test_a_broken_file_is_not_overwritten_silently(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "hubspot.json"
    path.write_text("{")
    with pytest.raises(Rejected, match="delete it to start from the seed"):
        SavedState(hub.emulator, path).load()
    assert hub.emulator.portals[HUB].user(ADMIN)
