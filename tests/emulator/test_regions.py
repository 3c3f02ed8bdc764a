"""Accounts that move: 477 meanwhile, 488 afterwards for what leads to the old region."""

from __future__ import annotations

import pytest

from tests.emulator.hub import HUB, Hub, authorize_query, created, kinds

CONTACTS = "/crm/objects/2026-03/contacts"
EUROPE = "http://localhost:8766"


def move(hub: Hub, **how: object) -> dict[str, str]:
    answer: dict[str, str] = hub.control("POST", f"portals/{HUB}/move", {"hublet": "eu1"} | how)
    return answer


def test_tokens_minted_before_lead_to_the_old_region(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    move(hub)
    answer = hub.get(CONTACTS)
    assert answer.status_code == 488
    assert answer.json()["correctHublet"] == answer.headers["x-hubspot-correct-hublet"] == "eu1"
    assert hub.get(f"{EUROPE}{CONTACTS}").status_code == 200, "the new region's own host knows the account"
    hub.token = hub.refresh(refresh).json()["access_token"]
    assert hub.get(CONTACTS).status_code == 200
    details = hub.get("/account-info/v3/details").json()
    assert (details["uiDomain"], details["dataHostingLocation"]) == ("app-eu1.hubspot.com", "eu1")
    assert hub.get(f"{EUROPE}{CONTACTS}").status_code == 200


def test_sometimes_only_authorizing_again_helps(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    move(hub, healed_by="authorizing")
    hub.token = hub.refresh(refresh).json()["access_token"]
    assert hub.get(CONTACTS).status_code == 488
    hub.token = hub.exchange(hub.granted_code()).json()["access_token"]
    assert hub.get(CONTACTS).status_code == 200
    hub.token = hub.refresh(refresh).json()["access_token"]
    assert hub.get(CONTACTS).status_code == 200, "the same grant, which now knows better"


def test_meanwhile_every_call_says_when_to_come_back(hub: Hub) -> None:
    refresh = hub.install()["refresh_token"]
    move(hub, migrating_s=600)
    answer = hub.get(CONTACTS)
    assert answer.status_code == 477
    assert answer.headers["retry-after"] == "600"
    assert answer.json()["message"] == f"Hub {HUB} is currently being migrated"
    hub.advance(599.5)
    assert hub.get(f"{EUROPE}{CONTACTS}").headers["retry-after"] == "1"
    assert hub.refresh(refresh).status_code == 200, "tokens are to be had"
    shown = hub.http.get(f"/oauth/{HUB}/authorize", params=authorize_query()).text
    assert "is being moved to another data center" in shown
    hub.advance(0.5)
    assert hub.get(f"{EUROPE}{CONTACTS}").status_code == 200
    assert hub.get(CONTACTS).status_code == 488


def test_other_accounts_do_not_notice(hub: Hub) -> None:
    hub.portal(5)
    hub.install(5)
    move(hub, migrating_s=600)
    assert hub.get(CONTACTS).status_code == 200


def test_webhooks_go_on(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    move(hub, migrating_s=600)
    hub.change(created())
    assert kinds(hub.events()) == {"contact.creation": 1}


def test_records_are_found_in_the_new_region(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    refresh = hub.install()["refresh_token"]
    move(hub)
    hub.token = hub.refresh(refresh).json()["access_token"]
    found = hub.get(f"{CONTACTS}/{record_id}").json()
    assert found["properties"]["email"] == "a@b.co"
    assert found["url"].startswith(EUROPE)


def test_a_private_apps_token_has_to_be_made_anew(bare: Hub) -> None:
    body = {"private_app": True, "scopes": ["crm.objects.contacts.read"]}
    bare.token = bare.control("POST", f"portals/{HUB}/tokens", body)["access_token"]
    move(bare)
    assert bare.get(CONTACTS).status_code == 488
    bare.token = bare.control("POST", f"portals/{HUB}/tokens", body)["access_token"]
    assert bare.token.startswith("pat-eu1-")
    assert bare.get(CONTACTS).status_code == 200


def test_a_move_survives_a_snapshot(hub: Hub) -> None:
    move(hub, migrating_s=600)
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert hub.get(CONTACTS).status_code == 477
    hub.advance(600)
    assert hub.get(CONTACTS).status_code == 488


@pytest.mark.parametrize(
    "body", [{}, {"hublet": "mars1"}, {"hublet": "eu1", "migrating_s": -1}, {"hublet": "eu1", "healed_by": "x"}]
)
def test_moves_that_cannot_be(hub: Hub, body: dict[str, object]) -> None:
    assert hub.http.post(f"/_emulator/portals/{HUB}/move", json=body).status_code == 400
    assert hub.get(CONTACTS).status_code == 200
