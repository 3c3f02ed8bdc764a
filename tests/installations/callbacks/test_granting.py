"""Coming back from HubSpot's consent page with a state that this browser got."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from hubspot_api.secret import Secret
from installations.clients import oauth
from installations.connecting import install
from installations.models import Credential, Membership, OAuthFlow, Portal
from lanes.models import Lane
from tests.consent import way_back
from tests.hubspot import Account, HubSpot, trust_limiter
from tests.installations.callbacks.codes import a_code, visitor_of

pytestmark = pytest.mark.django_db


def test_granting_connects_signs_in_and_opens_the_portal(client: Client, account: Account) -> None:
    answer = client.get(way_back(client, "/install", account))
    assert (answer.status_code, answer["Location"]) == (302, f"/portals/{account.hub_id}/")
    portal = Portal.objects.get(hub_id=account.hub_id)
    assert portal.state == Portal.State.ACTIVE
    assert portal.name == f"Account {account.hub_id}"
    assert visitor_of(client) == account.admin_id
    assert Membership.objects.get(portal=portal).role == Membership.Role.OWNER
    assert set(Lane.objects.filter(portal=portal).values_list("kind", flat=True)) == {"events", "backfill", "reconcile"}
    assert client.get(answer["Location"]).status_code == 200


def test_an_account_is_connected_whatever_its_name_holds(client: Client, hubspot: HubSpot) -> None:
    """PostgreSQL refuses NUL in text."""
    trust_limiter()
    account = hubspot.add_account(name="Caf\u00e9\0")
    answer = client.get(way_back(client, "/install", account))
    assert (answer.status_code, answer["Location"]) == (302, f"/portals/{account.hub_id}/")
    assert Portal.objects.get(hub_id=account.hub_id).name == "Caf\u00e9\ufffd"


def test_the_session_gets_a_new_id_at_sign_in(client: Client, account: Account) -> None:
    back = way_back(client, "/install", account)
    before = client.session.session_key
    client.get(back)
    assert client.session.session_key != before


def test_tokens_are_sealed(client: Client, account: Account) -> None:
    client.get(way_back(client, "/install", account))
    credential = Credential.objects.get()
    assert credential.access_token.startswith("v1.")
    assert "na1-" not in credential.refresh_token


def test_cancelling_is_explained_and_installs_nothing(client: Client, account: Account) -> None:
    answer = client.get(way_back(client, "/install", account, decision="cancel"))
    assert answer.status_code == 200
    assert "nothing was installed" in answer.content.decode()
    assert not Portal.objects.exists()


def test_a_state_works_once(client: Client, account: Account) -> None:
    back = way_back(client, "/install", account)
    client.get(back)
    answer = client.get(back)
    assert answer.status_code == 400
    assert "finished before" in answer.content.decode()
    assert Portal.objects.count() == 1


def test_a_state_from_another_browser_is_refused_and_leaves_no_session(
    client: Client, other_browser: Client, account: Account
) -> None:
    answer = other_browser.get(way_back(client, "/install", account))
    assert answer.status_code == 400
    assert "another browser" in answer.content.decode()
    assert settings.SESSION_COOKIE_NAME not in answer.cookies
    assert not Portal.objects.exists()


def test_a_state_that_is_ten_minutes_old_is_refused(client: Client, account: Account) -> None:
    back = way_back(client, "/install", account)
    OAuthFlow.objects.update(started_at=timezone.now() - timedelta(minutes=11))
    assert "took too long" in client.get(back).content.decode()


@pytest.mark.parametrize("state", ["", "made-up", "\ud800", "x" * 10_000])
@pytest.mark.parametrize("signed_in", [True, False])
def test_a_foreign_code_changes_no_session(client: Client, account: Account, state: str, signed_in: bool) -> None:
    """The attacker's code in the victim's browser: with a state of their own making, or none."""
    if signed_in:
        client.get(way_back(client, "/install", account))
    before, portals = visitor_of(client), Portal.objects.count()
    query: dict[str, str | bytes] = {"code": a_code(account), "state": state.encode("utf-8", "replace")}
    answer = client.get("/oauth/callback", query)
    assert answer.status_code == 400
    assert (visitor_of(client), Portal.objects.count()) == (before, portals)
    assert settings.SESSION_COOKIE_NAME not in answer.cookies


def test_a_code_that_was_used_is_explained(client: Client, account: Account) -> None:
    back = way_back(client, "/install", account)
    (code,) = parse_qs(urlsplit(back).query)["code"]
    oauth().exchange(Secret(code), install.redirect_uri())
    answer = client.get(back)
    assert answer.status_code == 400
    assert "used" in answer.content.decode()
    assert visitor_of(client) is None


def test_a_code_that_expired_is_explained(client: Client, account: Account, hubspot: HubSpot) -> None:
    back = way_back(client, "/install", account)
    hubspot.advance(3600)
    assert "expired" in client.get(back).content.decode()


def test_an_account_that_refuses_is_explained(client: Client, account: Account, hubspot: HubSpot) -> None:
    client.get("/install")
    state = client.session  # a flow is under way in this browser
    assert state
    answer = client.get("/oauth/callback", {"error": "server_error", "error_description": "<script>"})
    page = answer.content.decode()
    assert "did not allow" in page
    assert "<script>" not in page


def test_hubspot_out_of_reach_is_explained(client: Client, account: Account, hubspot: HubSpot) -> None:
    back = way_back(client, "/install", account)
    hubspot.fault("status", {"path": "/oauth/2026-03/token"}, params={"status": 503})
    answer = client.get(back)
    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()
    assert not Portal.objects.exists()


def test_an_account_in_the_eu_is_connected_there(client: Client, hubspot: HubSpot) -> None:
    trust_limiter()
    account = hubspot.add_account(hublet="eu1")
    client.get(way_back(client, "/install", account))
    assert Portal.objects.get().hublet == "eu1"


def test_signing_out_ends_the_session(client: Client, account: Account) -> None:
    client.get(way_back(client, "/install", account))
    assert client.get("/signout").status_code == 405
    client.post("/signout")
    assert client.get(f"/portals/{account.hub_id}/").status_code == 404
