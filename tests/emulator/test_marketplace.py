"""Installs that start at HubSpot's marketplace: every shape of the callback, and what the pages say."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.emulator.hub import ADMIN, APP_ID, CLIENT_ID, HUB, REDIRECT, USER, Hub

Json = dict[str, Any]


def listed(hub: Hub, flow: str = "without_sign_in", **listing: Any) -> None:
    hub.app(listing={"install_url": REDIRECT, "flow": flow, "scopes": ["crm.objects.contacts.read"]} | listing)


def begin(hub: Hub, **changes: Any) -> Json:
    answer: Json = hub.control("POST", f"portals/{HUB}/marketplace-install", {"client_id": CLIENT_ID} | changes)
    return answer


def query(address: str) -> dict[str, str]:
    assert address.startswith(f"{REDIRECT}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def to(answer: httpx2.Response) -> str:
    assert answer.status_code in (302, 303)
    address: str = answer.headers["location"]
    return address


def installs(hub: Hub) -> list[str]:
    return [each["client_id"] for each in hub.control("GET", "state")["portals"][0]["installs"]]


def test_without_sign_in_the_app_gets_a_code_and_a_return_url_and_no_state(bare: Hub) -> None:
    listed(bare)
    begun = begin(bare)
    given = query(begun["url"])
    assert given.keys() == {"code", "returnUrl"}
    assert given["returnUrl"] == begun["return_url"]
    body = bare.exchange(given["code"]).json()
    assert body["scopes"] == ["crm.objects.contacts.read", "oauth"]
    assert installs(bare) == [CLIENT_ID]
    assert "is connected to Test account" in bare.http.get(given["returnUrl"]).text


def test_an_app_that_does_not_exchange_its_code_is_not_connected(bare: Hub) -> None:
    listed(bare)
    begun = begin(bare)
    assert "has not exchanged the code" in bare.http.get(begun["return_url"]).text
    assert installs(bare) == []


def test_with_partner_sign_in_the_app_comes_twice(bare: Hub) -> None:
    listed(bare, "partner_sign_in")
    begun = begin(bare)
    first = query(begun["url"])
    assert first == {"step": "authorize", "returnUrl": begun["return_url"]}
    assert not urlsplit(begun["return_url"]).query, "apps append ?state= to it"
    second = query(to(bare.http.get(f"{begun['return_url']}?state=s3cret")))
    assert second.keys() == {"step", "code", "state", "returnUrl"}
    assert (second["step"], second["state"], second["returnUrl"]) == ("finalize", "s3cret", begun["return_url"])
    assert bare.exchange(second["code"]).status_code == 200
    assert installs(bare) == [CLIENT_ID]


def test_with_partner_sign_in_a_return_without_state_leads_nowhere(bare: Hub) -> None:
    listed(bare, "partner_sign_in")
    shown = bare.http.get(begin(bare)["return_url"])
    assert shown.status_code == 200
    assert "without a state" in shown.text


def test_on_its_own_site_the_app_starts_for_itself(bare: Hub) -> None:
    bare.app(listing={"install_url": "https://app.example/connect", "flow": "own_site"})
    assert begin(bare) == {"flow": "own_site", "url": "https://app.example/connect", "return_url": None}


@pytest.mark.parametrize("flow", ["without_sign_in", "partner_sign_in"])
def test_only_first_installs_start_there(hub: Hub, flow: str) -> None:
    listed(hub, flow)
    refused = hub.http.post(f"/_emulator/portals/{HUB}/marketplace-install", json={"client_id": CLIENT_ID})
    assert refused.status_code == 400
    assert "connected already" in refused.json()["error"]
    moved = hub.http.post(f"/marketplace/apps/{APP_ID}", data={"hub_id": str(HUB)})
    assert to(moved) == REDIRECT, "the app's own affair"


def test_a_user_who_may_not_install(bare: Hub) -> None:
    listed(bare)
    body = {"client_id": CLIENT_ID, "user_id": USER}
    refused = bare.http.post(f"/_emulator/portals/{HUB}/marketplace-install", json=body)
    assert refused.status_code == 400
    assert "Super Admin" in refused.json()["error"]


def test_an_app_that_is_not_listed(bare: Hub) -> None:
    refused = bare.http.post(f"/_emulator/portals/{HUB}/marketplace-install", json={"client_id": CLIENT_ID})
    assert refused.status_code == 400
    assert "not listed" in refused.json()["error"]
    assert bare.http.get(f"/marketplace/apps/{APP_ID}").status_code == 404


@pytest.mark.parametrize(
    ("listing", "error"),
    [
        ({"install_url": "https://elsewhere.example/"}, "redirect_uris"),
        ({"install_url": REDIRECT, "flow": "sideways"}, "listing.flow"),
        ({"install_url": REDIRECT, "scopes": ["crm.lists.read"]}, "crm.lists.read"),
        ({"install_url": REDIRECT, "optional_scopes": ["oauth"]}, "oauth"),
        ({"install_url": REDIRECT, "extra": 1}, "listing.extra"),
        ({}, "install_url"),
    ],
)
def test_a_listing_that_cannot_be(bare: Hub, listing: Json, error: str) -> None:
    app = {
        "client_id": "x",
        "client_secret": "y",
        "app_id": 7,
        "redirect_uris": [REDIRECT],
        "listing": listing,
    }
    refused = bare.http.post("/_emulator/apps", json=app)
    assert refused.status_code == 400
    assert error in refused.json()["error"]


# -- by hand -----------------------------------------------------------------------------------------------------------


def press_install(hub: Hub) -> str:
    assert f'href="/marketplace/apps/{APP_ID}"' in hub.http.get("/marketplace/apps").text
    page = hub.http.get(f"/marketplace/apps/{APP_ID}").text
    assert "Install app" in page
    assert "See contacts" in page
    return to(hub.http.post(f"/marketplace/apps/{APP_ID}", data={"hub_id": str(HUB)}))


def grant(user_id: int = ADMIN, **more: str) -> dict[str, str]:
    return {"hub_id": str(HUB), "user_id": str(user_id), "decision": "grant"} | more


def test_a_person_installs_without_sign_in(bare: Hub) -> None:
    listed(bare)
    consent = press_install(bare)
    assert 'value="grant"' in bare.http.get(consent).text
    given = query(to(bare.http.post(consent, data=grant())))
    assert given.keys() == {"code", "returnUrl"}
    assert given["returnUrl"] == consent
    bare.exchange(given["code"])
    assert "is connected" in bare.http.get(consent).text
    assert "connected</option>" in bare.http.get(f"/marketplace/apps/{APP_ID}").text


def test_a_person_installs_with_partner_sign_in(bare: Hub) -> None:
    listed(bare, "partner_sign_in")
    first = query(press_install(bare))
    assert first["step"] == "authorize"
    consent = f"{first['returnUrl']}?state=abc"
    assert 'value="grant"' in bare.http.get(consent).text
    given = query(to(bare.http.post(first["returnUrl"], data=grant())))
    assert (given["step"], given["state"]) == ("finalize", "abc")
    assert bare.exchange(given["code"]).status_code == 200


def test_a_person_who_may_not_or_does_not_want_to(bare: Hub) -> None:
    listed(bare)
    consent = press_install(bare)
    assert bare.http.post(consent, data=grant(USER)).status_code == 400
    assert bare.http.post(consent, data=grant(999)).status_code == 400
    assert to(bare.http.post(consent, data=grant() | {"decision": "cancel"})) == f"/marketplace/apps/{APP_ID}"
    assert bare.http.get(consent).status_code == 404, "it is over"


def test_installing_without_choosing_an_account(bare: Hub) -> None:
    listed(bare)
    shown = bare.http.post(f"/marketplace/apps/{APP_ID}", data={"hub_id": "1"})
    assert shown.status_code == 400
    assert "Choose an account" in shown.text


def test_a_return_url_of_another_account_or_of_nothing(bare: Hub) -> None:
    listed(bare)
    bare.portal(5)
    path = urlsplit(begin(bare)["return_url"]).path
    assert bare.http.get(path.replace(str(HUB), "5")).status_code == 404
    assert bare.http.get(f"/app-install/{HUB}/nothing").status_code == 404


def test_a_european_accounts_return_url_is_in_its_region(bare: Hub) -> None:
    listed(bare)
    bare.portal(5, hublet="eu1")
    begun = bare.control("POST", "portals/5/marketplace-install", {"client_id": CLIENT_ID})
    assert begun["return_url"].startswith("http://localhost:8766/")
    assert query(begun["url"])["code"].startswith("eu1-")


def test_an_install_under_way_survives_a_snapshot(bare: Hub) -> None:
    listed(bare, "partner_sign_in")
    begun = begin(bare)
    saved = bare.control("GET", "snapshot")
    bare.control("POST", "reset")
    bare.control("PUT", "snapshot", saved)
    given = query(to(bare.http.get(f"{begun['return_url']}?state=s")))
    assert bare.exchange(given["code"]).status_code == 200


def test_an_account_under_way_is_asked_to_wait(bare: Hub) -> None:
    listed(bare)
    bare.control("POST", f"portals/{HUB}/move", {"hublet": "eu1", "migrating_s": 60})
    refused = bare.http.post(f"/_emulator/portals/{HUB}/marketplace-install", json={"client_id": CLIENT_ID})
    assert refused.status_code == 400
    assert "being moved" in refused.json()["error"]
    bare.advance(60)
    assert bare.exchange(query(begin(bare)["url"])["code"]).status_code == 200


def test_a_snapshot_from_before_there_was_a_marketplace_loads(hub: Hub) -> None:
    saved = hub.control("GET", "snapshot")
    for name in ("marketplace", "moves"):
        del saved[name]
    for name in ("listing", "install_cap", "verified_domain", "private_distribution", "allowed_portals", "user_level"):
        del saved["apps"][0][name]
    for name in ("account_type", "api_limit_increases"):
        del saved["portals"][0][name]
    for token in saved["grants"]["access_tokens"].values():
        del token["private_distribution"]
    for install in saved["grants"]["installs"]:
        del install["switched_off"]
    hub.control("PUT", "snapshot", saved)
    assert hub.get("/crm/objects/2026-03/contacts").status_code == 200
    assert hub.exchange(hub.granted_code()).status_code == 200
