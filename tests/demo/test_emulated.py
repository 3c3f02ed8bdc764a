from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.app_setup import Wanted
from demo.control import EmulatorRefused
from demo.emulated import registration
from demo.programs import ProgramFailed
from demo.stack import Stack
from tests.demo.waiting import until

APP: dict[str, Any] = {
    "client_id": "c",
    "client_secret": "s",
    "app_id": 12,
    "redirect_uris": ["http://localhost:8000/oauth/callback"],
}
PORTAL: dict[str, Any] = {"hub_id": 7, "name": "Seven", "users": [{"user_id": 70, "email": "a@seven.example"}]}


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def stack(tmp_path: Path, said: list[str]) -> Iterator[Stack]:
    found = Stack(tmp_path / "data", names=("emulator",), emulator_seed="none", say=said.append)
    yield found
    found.stop()
    found.erase()


def test_it_begins_with_three_accounts_one_of_them_in_europe(tmp_path: Path) -> None:
    with Stack(tmp_path / "data", names=("emulator",)) as stack:
        regions = [portal["hublet"] for portal in stack.control.state()["portals"]]
        assert (len(regions), regions.count("eu1")) == (3, 1)
        assert len(stack.hub_ids) == 3
        assert stack.control.account(stack.hub_ids[0])["users"]
    stack.erase()


def test_what_is_in_it_outlives_a_stop(stack: Stack, tmp_path: Path, said: list[str]) -> None:
    stack.start()
    stack.control.make_portal(PORTAL)
    until(lambda: "localhost" in stack.log("emulator").read_text(), "it says that it waits for a signal")
    stack.stop("emulator")
    assert stat.S_IMODE((tmp_path / "data/emulator.json").stat().st_mode) == 0o600
    stack.start("emulator")
    assert stack.hub_ids == [7]
    assert "seconds ago" in said[-1]


def test_killed_it_comes_back_with_what_it_wrote_last(stack: Stack, tmp_path: Path) -> None:
    stack.start()
    stack.control.register_app(APP)
    stack.control.make_portal(PORTAL)
    kept = tmp_path / "data/emulator.json"
    until(lambda: kept.exists() and '"Seven"' in kept.read_text(), "it has written its state")
    stack.kill("emulator")
    stack.start("emulator")
    state = stack.control.state()
    assert [portal["hub_id"] for portal in state["portals"]] == [7]
    assert [app["client_id"] for app in state["apps"]] == ["c"]


def test_a_damaged_state_is_said_and_not_overwritten(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "data/emulator.json").write_text("{")
    with pytest.raises(ProgramFailed, match="damaged"):
        stack.start()
    assert (tmp_path / "data/emulator.json").read_text() == "{"


def test_a_change_that_it_refuses_is_an_error(stack: Stack) -> None:
    stack.start()
    stack.control.make_portal(PORTAL)
    with pytest.raises(EmulatorRefused, match="refused a change"):
        stack.control.change(7, 70, [{"op": "archive", "object_type": "contacts", "id": "1"}])


def test_the_app_is_registered_with_what_it_asks_for() -> None:
    settings = {
        "PUBLIC_URL": "http://localhost:8000",
        "HUBSPOT_CLIENT_ID": "c",
        "HUBSPOT_CLIENT_SECRET": "s",
        "HUBSPOT_APP_ID": "12",
    }
    app = registration(settings, Wanted(["oauth", "tickets"], ["forms"], [{"event_type": "contact.creation"}]))
    assert app["app_id"] == 12
    assert app["redirect_uris"] == ["http://localhost:8000/oauth/callback"]
    assert (app["required_scopes"], app["conditional_scopes"]) == (["oauth"], ["tickets"])
    assert app["optional_scopes"] == ["forms"]
    assert app["subscriptions"] == [{"event_type": "contact.creation"}]
