"""The four ways of coming back from HubSpot, with two browsers: whose session may change, and when."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone

from hubspot_api.errors import NotSent
from hubspot_api.ports import Bucket
from hubspot_api.secret import Secret
from installations import tasks
from installations.clients import EXCHANGE_PATIENCE_S, oauth, refresher
from installations.connecting import exchanges, install
from installations.credentials.vault import Vault
from installations.models import Credential, Exchange, Membership, OAuthFlow, Portal, UnclaimedGrant, Uninstall
from installations.people import visitors
from installations.ratelimit import Limits, WorkClass, limiter
from installations.ratelimit.local import UNDER_WAY_S
from lanes.models import Lane
from tests.consent import decide, way_back
from tests.hubspot import Account, HubSpot, trust_limiter, wait_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    trust_limiter()
    return hubspot.add_account()


@pytest.fixture
def other_browser() -> Client:
    return Client()


def visitor_of(client: Client) -> int | None:
    visitor = visitors.read(client.session)
    return None if visitor is None else visitor.user_id


def a_code(account: Account, *, scopes: list[str] | None = None, user_id: int | None = None) -> str:
    """Return a code as a flow that we did not start would bring it."""
    url = oauth().authorize_url(redirect_uri=install.redirect_uri(), scopes=scopes or ["oauth"], state="")
    (code,) = parse_qs(urlsplit(decide(url, account, user_id=user_id)).query)["code"]
    return code


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


def installs_of(account: Account, hubspot: HubSpot) -> list[object]:
    portals = hubspot.call("GET", "/_emulator/state")["portals"]
    (found,) = [portal["installs"] for portal in portals if portal["hub_id"] == account.hub_id]
    return list(found)


def token_calls(hubspot: HubSpot) -> int:
    calls = hubspot.call("GET", "/_emulator/requests")["items"]
    return sum(call["path"].endswith("/token") for call in calls)


def test_a_code_is_taken_to_hubspot_once(client: Client, account: Account, hubspot: HubSpot) -> None:
    query = {"code": "junk", "returnUrl": "https://app.hubspot.com/"}
    before = token_calls(hubspot)
    answers = [client.get("/oauth/callback", query) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400] * 3
    assert all("used before" in answer.content.decode() for answer in answers)
    assert token_calls(hubspot) == before + 1


def test_one_address_cannot_have_us_ask_hubspot_without_end(client: Client, account: Account, hubspot: HubSpot) -> None:
    before = token_calls(hubspot)
    for number in range(2 * exchanges.PER_MINUTE + 1):  # more than one minute's, should one end meanwhile
        query = {"code": f"junk-{number}", "returnUrl": "https://app.hubspot.com/"}
        answer = client.get("/oauth/callback", query)
    assert answer.status_code == 429
    assert "Wait a minute" in answer.content.decode()
    assert token_calls(hubspot) <= before + 2 * exchanges.PER_MINUTE
    elsewhere = client.get(
        "/oauth/callback", {"code": "x", "returnUrl": "https://app.hubspot.com/"}, REMOTE_ADDR="192.0.2.7"
    )
    assert elsewhere.status_code == 400


def test_a_flood_from_one_address_leaves_no_rows(client: Client, account: Account) -> None:
    for number in range(exchanges.PER_MINUTE + 5):
        client.get("/oauth/callback", {"code": f"junk-{number}", "returnUrl": "https://app.hubspot.com/"})
    assert Exchange.objects.count() == exchanges.PER_MINUTE


def test_addresses_of_one_network_count_together(client: Client, account: Account) -> None:
    """Whoever has an IPv6 address has 2^64 of them."""
    for number in range(exchanges.PER_MINUTE):
        exchanges.admit(f"junk-{number}", f"2001:db8::{number + 1:x}")
    query = {"code": "junk", "returnUrl": "https://app.hubspot.com/"}
    assert client.get("/oauth/callback", query, REMOTE_ADDR="2001:db8::ffff").status_code == 429
    assert client.get("/oauth/callback", query, REMOTE_ADDR="2001:db8:0:1::1").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_code_that_comes_many_times_at_once_is_taken_to_hubspot_once(account: Account, hubspot: HubSpot) -> None:
    before, barrier = token_calls(hubspot), threading.Barrier(8)

    def come_back() -> str:
        try:
            barrier.wait(timeout=30)
            query = {"code": "junk", "returnUrl": "https://app.hubspot.com/"}
            return Client().get("/oauth/callback", query).content.decode()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        pages = [future.result(timeout=60) for future in [threads.submit(come_back) for _ in range(8)]]
    assert all("used before" in page for page in pages)
    assert token_calls(hubspot) == before + 1


def test_codes_wait_shortly_and_leave_room_for_renewals(client: Client, account: Account, hubspot: HubSpot) -> None:
    """Two places of twenty are free; the others come back within what a person would wait."""
    before = token_calls(hubspot)
    with limiter().reserve(0, Bucket.OAUTH, WorkClass.URGENT, calls=18, wait_s=5, deadline_s=4):
        began = time.monotonic()
        answer = client.get("/oauth/callback", {"code": "junk", "returnUrl": "https://app.hubspot.com/"})
        waited_s = time.monotonic() - began
        for _ in range(2):
            with contextlib.suppress(NotSent), refresher().surroundings.gate.admit(Bucket.OAUTH, 1):
                raise NotSent
    assert answer.status_code == 503
    assert "HubSpot is busy" in answer.content.decode()
    assert token_calls(hubspot) == before
    assert waited_s < 2 * EXCHANGE_PATIENCE_S


def test_codes_outlast_what_a_limiter_with_a_new_memory_waits() -> None:
    assert Limits().window_ms(Bucket.OAUTH) / 1000 + UNDER_WAY_S < EXCHANGE_PATIENCE_S


def test_finalize_without_a_state_ends_on_a_page(client: Client, account: Account) -> None:
    query = {"step": "finalize", "code": a_code(account), "returnUrl": "https://app.hubspot.com/"}
    answer = client.get("/oauth/callback", query)
    assert answer.status_code == 400
    assert not Portal.objects.exists()


def test_a_second_user_signs_in_and_waits(client: Client, other_browser: Client, account: Account) -> None:
    client.get(way_back(client, "/install", account))
    before = Credential.objects.values().get()
    answer = other_browser.get(way_back(other_browser, "/signin", account, user_id=account.user_id))
    assert answer["Location"] == f"/portals/{account.hub_id}/"
    assert Membership.objects.get(user_id=account.user_id).role == Membership.Role.WAITING
    assert Credential.objects.values().get() == before, "a sign-in must not touch the installation's tokens"
    assert other_browser.get(f"/portals/{account.hub_id}/records/contacts/").status_code == 404


def test_signing_in_to_an_account_that_is_not_connected_asks_first(
    client: Client, account: Account, hubspot: HubSpot
) -> None:
    answer = client.get(way_back(client, "/signin", account))
    assert answer["Location"] == "/oauth/unclaimed"
    assert not Portal.objects.exists()
    assert client.get("/oauth/unclaimed").status_code == 200
    answer = client.post("/oauth/unclaimed/decide", {"decision": "no"})
    assert answer["Location"] == "/"
    assert not UnclaimedGrant.objects.exists()
    state = hubspot.call("GET", "/_emulator/state")
    (found,) = [portal for portal in state["portals"] if portal["hub_id"] == account.hub_id]
    assert found["installs"] == [], "the app must be gone from the account again"


def test_and_on_yes_goes_on_to_the_install(client: Client, account: Account) -> None:
    client.get(way_back(client, "/signin", account))
    answer = client.post("/oauth/unclaimed/decide", {"decision": "connect"})
    assert answer["Location"] == f"/install?hub_id={account.hub_id}"
    client.get(way_back(client, answer["Location"], account))
    assert Portal.objects.get().state == Portal.State.ACTIVE


def test_after_a_yes_that_came_to_nothing_the_app_is_taken_out_again(
    client: Client, account: Account, hubspot: HubSpot
) -> None:
    client.get(way_back(client, "/signin", account))
    answer = client.post("/oauth/unclaimed/decide", {"decision": "connect"})
    client.get(way_back(client, answer["Location"], account, decision="cancel"))
    UnclaimedGrant.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert install.give_up_unclaimed() == 1
    state = hubspot.call("GET", "/_emulator/state")
    assert [portal["installs"] for portal in state["portals"] if portal["hub_id"] == account.hub_id] == [[]]


def test_a_late_yes_has_the_time_of_a_round_trip(client: Client, account: Account, hubspot: HubSpot) -> None:
    """Or the app would be taken out of the account while its person reads the consent page."""
    client.get(way_back(client, "/signin", account))
    UnclaimedGrant.objects.update(created_at=timezone.now() - timedelta(minutes=9))
    answer = client.post("/oauth/unclaimed/decide", {"decision": "connect"})
    back = way_back(client, answer["Location"], account)
    UnclaimedGrant.objects.update(created_at=F("created_at") - timedelta(minutes=2))
    assert install.give_up_unclaimed() == 0
    client.get(back)
    assert not UnclaimedGrant.objects.exists()
    assert installs_of(account, hubspot) != []


def test_what_is_connected_is_not_given_up(client: Client, account: Account, hubspot: HubSpot) -> None:
    client.get(way_back(client, "/signin", account))
    answer = client.post("/oauth/unclaimed/decide", {"decision": "connect"})
    client.get(way_back(client, answer["Location"], account))
    UnclaimedGrant.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert install.give_up_unclaimed() == 0
    state = hubspot.call("GET", "/_emulator/state")
    assert [portal["installs"] for portal in state["portals"] if portal["hub_id"] == account.hub_id] != [[]]


def test_fewer_scopes_replace_a_credential_that_is_dead_at_hubspot(
    client: Client, account: Account, hubspot: HubSpot
) -> None:
    """Taken out in HubSpot and installed again from its marketplace, before we noticed the first."""
    client.get(way_back(client, "/install", account))
    hubspot.uninstall(account)
    scopes = ["oauth", "crm.objects.contacts.read"]
    client.get("/oauth/callback", {"code": a_code(account, scopes=scopes), "returnUrl": "https://app.hubspot.com/"})
    assert Credential.objects.get().scopes == sorted(scopes)


def test_fewer_scopes_do_not_replace_a_credential_that_works(client: Client, account: Account) -> None:
    client.get(way_back(client, "/install", account))
    before = Credential.objects.values().get()
    code = a_code(account, scopes=["oauth", "crm.objects.contacts.read"], user_id=account.user_id)
    assert client.get("/oauth/callback", {"code": code, "returnUrl": "https://app.hubspot.com/"}).status_code == 302
    assert Credential.objects.values().get() == before


def test_fewer_scopes_do_not_replace_a_credential_whose_token_before_works(client: Client, account: Account) -> None:
    """A renewal would fall back on it."""
    client.get(way_back(client, "/install", account))
    credential = Credential.objects.get()
    sealed = Vault(credential.portal).seal("refresh_token", Secret("revoked"))
    Credential.objects.update(previous_refresh_token=credential.refresh_token, refresh_token=sealed)
    before = Credential.objects.values().get()
    code = a_code(account, scopes=["oauth", "crm.objects.contacts.read"], user_id=account.user_id)
    assert client.get("/oauth/callback", {"code": code, "returnUrl": "https://app.hubspot.com/"}).status_code == 302
    assert Credential.objects.values().get() == before


def test_nobody_asks_after_a_credential_that_is_replaced_anyway(
    client: Client, account: Account, hubspot: HubSpot
) -> None:
    client.get(way_back(client, "/install", account))
    once = introspections(hubspot)
    client.get(way_back(client, "/install", account))
    assert introspections(hubspot) == 2 * once


def introspections(hubspot: HubSpot) -> int:
    return sum(call["path"].endswith("/introspect") for call in hubspot.requests())


@pytest.mark.django_db(transaction=True)
def test_fewer_scopes_do_not_replace_what_came_in_while_we_looked(
    client: Client, other_browser: Client, account: Account, hubspot: HubSpot
) -> None:
    """The one with fewer saw a dead credential; before it stores its own, the account is connected with all."""
    client.get(way_back(client, "/install", account))
    hubspot.uninstall(account)
    query = {"code": a_code(account, scopes=["oauth"]), "returnUrl": "https://app.hubspot.com/"}
    hubspot.fault("latency", {"path": "/account-info/2026-03/details"}, params={"ms": 3000}, count=1)
    asked = introspections(hubspot)

    def connect_with_fewer() -> int:
        try:
            return Client().get("/oauth/callback", query).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        fewer = thread.submit(connect_with_fewer)
        wait_for(lambda: introspections(hubspot) == asked + 2, what="its own token and the dead one to be asked after")
        other_browser.get(way_back(other_browser, "/install", account))
        assert fewer.result(timeout=30) == 302
    assert Credential.objects.get().scopes == sorted(settings.HUBSPOT_SCOPES)


def test_nobody_decides_about_a_grant_of_another_browser(
    client: Client, other_browser: Client, account: Account
) -> None:
    client.get(way_back(client, "/signin", account))
    assert other_browser.post("/oauth/unclaimed/decide", {"decision": "no"}).status_code == 404
    assert UnclaimedGrant.objects.exists()


def test_what_nobody_decides_about_is_given_up(client: Client, account: Account, hubspot: HubSpot) -> None:
    client.get(way_back(client, "/signin", account))
    UnclaimedGrant.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert install.give_up_unclaimed() == 1
    assert not UnclaimedGrant.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nobody_connects_an_account_while_the_app_is_taken_out_of_it(
    client: Client, other_browser: Client, account: Account, hubspot: HubSpot
) -> None:
    """HubSpot would end the new connection with the old one."""
    client.get(way_back(client, "/signin", account))
    UnclaimedGrant.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    back = way_back(other_browser, "/install", account)
    hubspot.fault("latency", {"path": "/appinstalls/2026-03/external-install"}, params={"ms": 3000}, count=1)

    def give_up() -> int:
        try:
            return install.give_up_unclaimed()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        given_up = thread.submit(give_up)
        wait_for(Uninstall.objects.exists, what="the uninstall to begin")
        answer = other_browser.get(back)
        assert given_up.result(timeout=30) == 1
    assert answer.status_code == 503
    assert "just leaving this account" in answer.content.decode()
    assert not Portal.objects.exists()
    assert not Uninstall.objects.exists()
    other_browser.get(way_back(other_browser, "/install", account))
    assert installs_of(account, hubspot) != []
    assert Portal.objects.get().state == Portal.State.ACTIVE


def test_an_uninstall_cut_short_keeps_nobody_out_for_long(client: Client, account: Account) -> None:
    Uninstall.objects.create(hub_id=account.hub_id, until=timezone.now() + timedelta(minutes=1))
    assert client.get(way_back(client, "/install", account)).status_code == 503
    Uninstall.objects.update(until=timezone.now())
    assert client.get(way_back(client, "/install", account)).status_code == 302
    tasks.purge_flows()
    assert not Uninstall.objects.exists()


def test_connecting_again_changes_no_role(client: Client, other_browser: Client, account: Account) -> None:
    client.get(way_back(client, "/install", account))
    other_browser.get(way_back(other_browser, "/install", account, user_id=account.user_id))
    roles = dict(Membership.objects.values_list("user_id", "role"))
    assert roles == {account.admin_id: "owner", account.user_id: "waiting"}
    assert Portal.objects.count() == 1


def test_connecting_again_wakes_a_portal_that_needed_it(client: Client, account: Account) -> None:
    client.get(way_back(client, "/install", account))
    portal = Portal.objects.get()
    portal.move_to(Portal.State.NEEDS_RECONNECT, "gone")
    Lane.objects.update(parked=True)
    client.get(way_back(client, f"/install?hub_id={account.hub_id}", account))
    portal.refresh_from_db()
    assert (portal.state, portal.erase_at, portal.state_reason) == (Portal.State.ACTIVE, None, "")
    assert not Lane.objects.filter(parked=True).exists()


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
