"""Installs that begin at HubSpot: no state of ours, no session, and nobody is sent elsewhere."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from installations.connecting import install
from installations.models import OAuthFlow, Portal, UnclaimedGrant
from tests.consent import way_back
from tests.hubspot import Account, HubSpot
from tests.installations.callbacks.codes import a_code, installs_of, visitor_of

pytestmark = pytest.mark.django_db


def test_a_marketplace_install_connects_and_touches_no_session(client: Client, account: Account) -> None:
    code = a_code(account, scopes=["oauth", "crm.objects.contacts.read"])
    answer = client.get("/oauth/callback", {"code": code, "returnUrl": "https://app.hubspot.com/back"})
    assert (answer.status_code, answer["Location"]) == (302, "https://app.hubspot.com/back")
    assert Portal.objects.get().hub_id == account.hub_id
    assert settings.SESSION_COOKIE_NAME not in answer.cookies
    assert visitor_of(client) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://evil.example/",
        "https://app.hubspot.com.evil.example/",
        "https://app.hubspot.com@evil.example/",
        "https://app-evil.hubspot.com.evil.example",
        "https://evil.example/app.hubspot.com",
        "https://app.hubspot.com:8443/",
        "http://app.hubspot.com/",
        "//app.hubspot.com/",
        "https:app.hubspot.com",
        "https://app.hubspot.com\\@evil.example/",
        "https://app-\u212a.hubspot.com/",
        "https://app.hubspot.com\n.evil.example/",
        "https://[::1/",
        "https://app.hubspot.com/oauth/authorize?client_id=another&scope=oauth",
        "https://app.hubspot.com/oauth/authorize?CLIENT%5Fid=another",
        "https://app.hubspot.com/oauth/authorize?redirect_uri=https://evil.example/",
        "https://app.hubspot.com/#https://evil.example/",
        "https://app.hubspot.com/oauth/authorize",
        "https://app.hubspot.com/oauth/authorize?x=1;client_id=another",
        f"https://app.hubspot.com/oauth/authorize?client_id={settings.HUBSPOT_CLIENT_ID}&x=1;client_id=another",
        f"https://app.hubspot.com/oauth/authorize?client_id={settings.HUBSPOT_CLIENT_ID};redirect_uri=https://evil.example",
        "https://app.hubspot.com/oauth/5000001/authorize?x=1",
        "https://app.hubspot.com/%6Fauth/authorize",
        "https://app.hubspot.com/%256F%2561uth%252Fauthorize",
        "https://app.hubspot.com/l/..%2fOAuth%2fauthorize%3fclient_id=another",
        "https://app.hubspot.com/l%5C..%5Coauth%5Cauthorize",
        "https://app.hubspot.com/./oauth;x/authorize",
        "javascript:alert(1)",
        "/portals/1/",
    ],
)
@pytest.mark.parametrize("step", [None, "authorize"])
def test_nobody_is_sent_anywhere_but_to_hubspot(
    client: Client, account: Account, address: str, step: str | None
) -> None:
    """And the code is not used up for it."""
    query = {"returnUrl": address} | ({"step": step} if step else {"code": "na1-code"})
    answer = client.get("/oauth/callback", query)
    assert answer.status_code == 400
    assert "Location" not in answer
    assert not Portal.objects.exists()


@pytest.mark.parametrize("host", ["app.hubspot.com", "app-eu1.hubspot.com", "app-na2.hubspot.com"])
def test_a_partner_sign_in_goes_through_a_confirmation(client: Client, account: Account, host: str) -> None:
    return_url = f"https://{host}/install?x=1"
    page = client.get("/oauth/callback", {"step": "authorize", "returnUrl": return_url})
    assert page.status_code == 200
    assert not OAuthFlow.objects.exists(), "a GET must not mint a state"
    onward = client.post("/oauth/marketplace", {"return_url": return_url})
    (state,) = parse_qs(urlsplit(onward["Location"]).query)["state"]
    assert onward["Location"].startswith(return_url)
    code = a_code(account)
    back = client.get("/oauth/callback", {"step": "finalize", "code": code, "state": state, "returnUrl": return_url})
    assert back["Location"] == return_url
    assert visitor_of(client) == account.admin_id
    assert Portal.objects.get().hub_id == account.hub_id


def test_a_partner_sign_in_is_finished_by_whoever_started_it(
    client: Client, other_browser: Client, account: Account
) -> None:
    onward = client.post("/oauth/marketplace", {"return_url": "https://app.hubspot.com/"})
    (state,) = parse_qs(urlsplit(onward["Location"]).query)["state"]
    query = {"step": "finalize", "code": "na1-code", "state": state, "returnUrl": "https://app.hubspot.com/"}
    assert other_browser.get("/oauth/callback", query).status_code == 400
    assert visitor_of(other_browser) is None


def test_a_partner_sign_in_that_another_user_granted_connects_and_signs_in_nobody(
    client: Client, account: Account, hubspot: HubSpot
) -> None:
    mine = hubspot.add_account()
    client.get(way_back(client, "/install", mine))
    onward = client.post("/oauth/marketplace", {"return_url": "https://app.hubspot.com/"})
    (state,) = parse_qs(urlsplit(onward["Location"]).query)["state"]
    query = {"step": "finalize", "code": a_code(account), "state": state, "returnUrl": "https://app.hubspot.com/"}
    answer = client.get("/oauth/callback", query)
    assert answer.status_code == 400
    assert "started by somebody else" in answer.content.decode()
    assert visitor_of(client) == mine.admin_id
    assert not Portal.objects.filter(hub_id=account.hub_id).exists()
    assert client.get("/oauth/unclaimed").status_code == 404, "the grant is nobody's to decide about"
    UnclaimedGrant.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert install.give_up_unclaimed() == 1
    assert installs_of(account, hubspot) == []


@pytest.mark.parametrize("address", ["https://app.hubspot.com/%256fauth/authorize", "https://app.hubspot.com/#x"])
def test_no_state_is_taken_to_a_consent_page(client: Client, address: str) -> None:
    """Another app's would carry it to wherever that app likes."""
    assert client.post("/oauth/marketplace", {"return_url": address}).status_code == 400
    assert not OAuthFlow.objects.exists()


@pytest.mark.parametrize(
    "path",
    [
        "/oauth-apps/back",
        "/l/my-oauth?x=oauth",
        "/authorize",
        f"/oauth/authorize?client_id={settings.HUBSPOT_CLIENT_ID}",
    ],
)
def test_other_pages_of_hubspot_are_gone_back_to(client: Client, path: str) -> None:
    onward = client.post("/oauth/marketplace", {"return_url": f"https://app.hubspot.com{path}"})
    assert onward["Location"].startswith(f"https://app.hubspot.com{path}")


def test_finalize_without_a_state_ends_on_a_page(client: Client, account: Account) -> None:
    query = {"step": "finalize", "code": a_code(account), "returnUrl": "https://app.hubspot.com/"}
    answer = client.get("/oauth/callback", query)
    assert answer.status_code == 400
    assert not Portal.objects.exists()
