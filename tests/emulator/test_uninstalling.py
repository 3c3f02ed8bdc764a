"""What becomes of tokens when an app is uninstalled."""

from __future__ import annotations

import pytest

from tests.emulator.hub import HUB, Hub
from tests.emulator.token_endpoint import BAD_REFRESH


def test_uninstalling_kills_refresh_and_access_tokens(hub: Hub) -> None:
    tokens = hub.install()
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    assert hub.refresh(tokens["refresh_token"]).json() == BAD_REFRESH
    answer = hub.get("/crm/v3/objects/contacts")
    assert answer.status_code == 401
    assert hub.control("GET", "state")["portals"][0]["installs"] == []


def test_access_tokens_may_outlive_the_install(hub: Hub) -> None:
    tokens = hub.install()
    hub.control("POST", f"portals/{HUB}/uninstall", {"tokens": "until_expiry"})
    assert hub.refresh(tokens["refresh_token"]).json() == BAD_REFRESH
    assert hub.get("/crm/v3/objects/contacts").status_code == 200
    hub.advance(1800)
    assert hub.get("/crm/v3/objects/contacts").status_code == 401


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_an_app_can_uninstall_itself(hub: Hub, version: str) -> None:
    tokens = hub.install()
    answer = hub.call("DELETE", f"/appinstalls/{version}/external-install")
    assert answer.status_code == 204
    assert answer.content == b""
    assert hub.refresh(tokens["refresh_token"]).status_code == 400
    assert hub.control("GET", "state")["portals"][0]["installs"] == []


def test_installing_again_starts_with_new_tokens(hub: Hub) -> None:
    before = hub.install()["refresh_token"]
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    after = hub.exchange(hub.granted_code()).json()["refresh_token"]
    assert after != before
    assert hub.refresh(before).status_code == 400


@pytest.mark.parametrize("how", ["HubSpot's settings", "the app itself"])
def test_an_app_can_be_told_what_uninstalling_does_to_its_tokens(bare: Hub, how: str) -> None:
    bare.app(tokens_outlive_uninstall=True)
    tokens = bare.install()
    if how == "the app itself":
        assert bare.call("DELETE", "/appinstalls/2026-09/external-install").status_code == 204
    else:
        bare.control("POST", f"portals/{HUB}/uninstall", {})
    assert bare.refresh(tokens["refresh_token"]).json() == BAD_REFRESH
    assert bare.get("/crm/v3/objects/contacts").status_code == 200
    bare.advance(1800)
    assert bare.get("/crm/v3/objects/contacts").status_code == 401


def test_whoever_steers_has_the_last_word_on_that(bare: Hub) -> None:
    bare.app(tokens_outlive_uninstall=True)
    bare.install()
    bare.control("POST", f"portals/{HUB}/uninstall", {"tokens": "die"})
    assert bare.get("/crm/v3/objects/contacts").status_code == 401
