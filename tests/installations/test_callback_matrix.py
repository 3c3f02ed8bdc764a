"""Every way in which a callback may reach a browser that did not ask for it. Generated: nothing is left to memory.

Two browsers: the victim's, to which the address is delivered, and the attacker's. Two portals: the victim's own, in
which they are signed in or not, and the attacker's, for which the code is good.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, models, transaction
from django.test import Client
from django.utils import timezone

from installations.models import AuditEntry, Credential, Membership, OAuthFlow, Portal, UnclaimedGrant, Visit
from installations.people import visitors
from tests.consent import decide, way_back
from tests.hubspot import Account, HubSpot, trust_limiter

pytestmark = pytest.mark.django_db

RETURN_URL = "https://app.hubspot.com/back"
STATES = ("none", "garbled", "foreign", "used", "expired", "another purpose's")
SHAPES = ("state", "returnUrl", "authorize", "finalize")
SIGNED_IN = ("anonymous", "signed in")
CODES = ("with a code", "without one")
TABLES: tuple[type[models.Model], ...] = (Portal, Membership, Credential, UnclaimedGrant, AuditEntry, Visit, Session)


@pytest.fixture
def mine(hubspot: HubSpot) -> Account:
    trust_limiter()
    return hubspot.add_account()


@pytest.fixture
def theirs(hubspot: HubSpot) -> Account:
    return hubspot.add_account()


@pytest.fixture
def other_browser() -> Client:
    return Client()


def state_from(browser: Client, start: str = "/install") -> str:
    """Begin a flow in a browser and return its state."""
    (state,) = parse_qs(urlsplit(browser.get(start)["Location"]).query)["state"]
    return state


def finalize_state(browser: Client) -> str:
    onward = browser.post("/oauth/marketplace", {"return_url": RETURN_URL})
    (state,) = parse_qs(urlsplit(onward["Location"]).query)["state"]
    return state


def code_of(account: Account, *, user_id: int | None = None) -> str:
    """Return a code for an account, as its user gets one by granting."""
    back = decide(Client().get("/install")["Location"], account, user_id=user_id)
    (code,) = parse_qs(urlsplit(back).query)["code"]
    return code


def delivered_state(kind: str, browser: Client, other: Client) -> str:
    """Return the state that the callback carries; empty: none."""
    match kind:
        case "none":
            return ""
        case "garbled":
            return state_from(browser)[:-1] + "\ud800\0'".encode("utf-8", "replace").decode()
        case "foreign":
            return state_from(other)
        case "used":
            state = state_from(browser)
            browser.get("/oauth/callback", {"error": "access_denied", "state": state})
            return state
        case "expired":
            state = state_from(browser)
            OAuthFlow.objects.update(started_at=timezone.now() - timedelta(minutes=10, seconds=1))
            return state
        case _:
            return finalize_state(other)


def query_of(shape: str, state: str, code: str) -> dict[str, str]:
    given = {"code": code, "state": state}
    if shape != "state":
        given["returnUrl"] = RETURN_URL
    if shape in {"authorize", "finalize"}:
        given["step"] = shape
    return {name: value for name, value in given.items() if value}


def world() -> dict[str, list[Any]]:
    """Return all that a callback might change, but for the flows and codes that it uses up."""
    return {table.__name__: sorted(map(str, table._default_manager.values())) for table in TABLES}


def is_marketplace_install(query: dict[str, str]) -> bool:
    return set(query) == {"code", "returnUrl"}


def test_the_matrix_is_complete() -> None:
    assert len(SHAPES) * len(SIGNED_IN) * len(list(product(STATES, CODES))) == 96


@pytest.mark.parametrize("signed_in", SIGNED_IN)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_callback_that_this_browser_did_not_ask_for(
    shape: str, signed_in: str, client: Client, other_browser: Client, mine: Account, theirs: Account
) -> None:
    home = mine if signed_in == "signed in" else None
    if home:
        client.get(client.get(way_back(client, "/install", home))["Location"])  # and what it has to say is said
    for state, code in product(STATES, CODES):
        given = delivered_state(state, client, other_browser)
        query = query_of(shape, given, code_of(theirs) if code == "with a code" else "")
        with transaction.atomic():
            deliver(client, query, f"{shape}, {state} state, {signed_in}, {code}", theirs)
            assert_still_at_home(client, home)
            transaction.set_rollback(True)


def deliver(client: Client, query: dict[str, str], case: str, theirs: Account) -> None:
    """Send the victim's browser there. Only what any browser may bring about happens, and nothing to the session."""
    before, cookies, flows = world(), str(client.cookies), OAuthFlow.objects.count()
    answer = client.get("/oauth/callback", query)
    after = world()
    assert OAuthFlow.objects.count() == flows, f"{case}: a GET mints no state"
    assert (after["Session"], after["Visit"]) == (before["Session"], before["Visit"]), case
    if query.get("step") == "authorize":  # it asks a question, whatever else the address carries
        assert (answer.status_code, after) == (200, before), case
        return
    assert not answer.cookies, f"{case}: Set-Cookie"
    assert str(client.cookies) == cookies, case
    if is_marketplace_install(query):
        assert (answer.status_code, answer["Location"]) == (302, RETURN_URL), case
        members = Membership.objects.filter(portal__hub_id=theirs.hub_id)
        assert list(members.values_list("user_id", flat=True)) == [theirs.admin_id], case
    else:
        assert after == before, f"{case}: rows were changed"
        assert answer.status_code == 400, case


def assert_still_at_home(client: Client, account: Account | None) -> None:
    """The victim is who they were, and works in the portal they worked in."""
    visitor = visitors.read(client.session)
    assert (visitor and visitor.user_id) == (account and account.admin_id)
    hub_ids = [one.portal.hub_id for one in visitors.memberships_of(visitor)] if visitor else []
    assert hub_ids == ([account.hub_id] if account else [])
    if account is not None:
        page = client.get(f"/portals/{account.hub_id}/")
        assert f"Hub ID {account.hub_id}" in page.content.decode(), "every page says which portal it is about"


@pytest.mark.parametrize("signed_in", SIGNED_IN)
@pytest.mark.parametrize("shape", ["state", "finalize"])
def test_the_same_callback_asked_for_is_taken(shape: str, signed_in: str, client: Client, mine: Account) -> None:
    """Else the matrix would say nothing."""
    if signed_in == "signed in":
        client.get(way_back(client, "/install", mine))
    state = state_from(client) if shape == "state" else finalize_state(client)
    answer = client.get("/oauth/callback", query_of(shape, state, code_of(mine)))
    assert answer["Location"] == (f"/portals/{mine.hub_id}/" if shape == "state" else RETURN_URL)
    assert_still_at_home(client, mine)


OTHERS = ("another browser", "another user of the account", "a user of another account", "signed out meanwhile")


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("connected", [True, False])
def test_only_who_began_a_partner_sign_in_finishes_it(
    other: str, connected: bool, client: Client, other_browser: Client, mine: Account, theirs: Account
) -> None:
    """Session fixation across users: begun as A, finished as B is always refused, and written down in B's portal."""
    client.get(client.get(way_back(client, "/install", mine))["Location"])
    if connected:
        elsewhere = Client()
        elsewhere.get(way_back(elsewhere, "/install", theirs))
    state = finalize_state(client)
    account, user_id = {
        "another user of the account": (mine, mine.user_id),
        "a user of another account": (theirs, theirs.admin_id),
    }.get(other, (mine, mine.admin_id))
    finishing = other_browser if other == "another browser" else client
    if other == "signed out meanwhile":
        client.post("/signout")
        client.cookies.clear()
    code = code_of(account, user_id=user_id)
    before = world()
    answer = finishing.get("/oauth/callback", query_of("finalize", state, code))
    after = world()
    assert answer.status_code == 400
    assert not answer.cookies
    for table in ("Portal", "Membership", "Credential", "Visit", "Session"):
        assert after[table] == before[table]
    refused = AuditEntry.objects.filter(action="was refused").values_list("portal__hub_id", flat=True)
    expected = [account.hub_id] if user_id != mine.admin_id and (connected or account is mine) else []
    assert list(refused) == expected
    again = finishing.get("/oauth/callback", query_of("finalize", state, code_of(mine)))
    assert again.status_code == 400, "the state is used up"


def test_the_session_of_before_is_dead_after_signing_in(client: Client, mine: Account) -> None:
    """An attacker who planted its id has nothing."""
    back = way_back(client, "/install", mine)
    planted = client.session.session_key
    client.get(back)
    assert planted is not None
    assert not Session.objects.filter(session_key=planted).exists()
    attacker = Client()
    attacker.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert attacker.get(f"/portals/{mine.hub_id}/").status_code == 404


@pytest.mark.parametrize("role", [role.value for role in Membership.Role] + ["stranger"])
@pytest.mark.parametrize("state", [Portal.State.ACTIVE, Portal.State.NEEDS_RECONNECT])
def test_a_sign_in_leaves_the_installations_tokens_alone(
    role: str, state: Portal.State, client: Client, other_browser: Client, mine: Account, hubspot: HubSpot
) -> None:
    """Byte for byte, whoever signs in; and their own tokens are stored nowhere."""
    client.get(way_back(client, "/install", mine))
    portal = Portal.objects.get()
    portal.move_to(state)
    if role not in {"stranger", "owner"}:
        Membership.objects.create(portal=portal, user_id=mine.user_id, role=role)
    before = Credential.objects.values().get()
    user_id = mine.admin_id if role == "owner" else mine.user_id
    other_browser.get(way_back(other_browser, "/signin", mine, user_id=user_id))
    assert Credential.objects.values().get() == before
    assert not UnclaimedGrant.objects.exists()
    roles = dict(Membership.objects.values_list("user_id", "role"))
    assert roles[user_id] == ("waiting" if role == "stranger" else role)
    revoked = [call for call in hubspot.requests() if call["path"].endswith("/revoke")]
    assert revoked == [], "revoking may end the shared grant"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("shape", ["state", "returnUrl"])
def test_a_callback_that_comes_fifty_times_at_once(shape: str, client: Client, mine: Account, hubspot: HubSpot) -> None:
    """From one browser that reloads, or delivered fifty times: HubSpot sees the code once, and one portal is there."""
    state = state_from(client) if shape == "state" else ""
    query, cookies = query_of(shape, state, code_of(mine)), client.cookies
    before, barrier = token_calls(hubspot), threading.Barrier(50)

    def come_back() -> int:
        try:
            browser = Client()
            browser.cookies.update(cookies)
            barrier.wait(timeout=60)
            return browser.get("/oauth/callback", query).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as threads:
        statuses = [future.result(timeout=120) for future in [threads.submit(come_back) for _ in range(50)]]
    assert token_calls(hubspot) == before + 1
    assert sorted(set(statuses)) in ([302, 400], [302, 400, 429])
    assert statuses.count(302) == 1
    assert (Portal.objects.count(), Credential.objects.count(), Membership.objects.count()) == (1, 1, 1)


def token_calls(hubspot: HubSpot) -> int:
    return sum(call["path"].endswith("/token") for call in hubspot.requests())


WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "another app's id": ("introspect", {"app_id": 1}),
    "another client": ("introspect", {"client_id": "somebody-else"}),
    "another account": ("introspect", {"hub_id": 1}),
    "a token that is not live": ("introspect", {"active": False}),
    "no app": ("introspect", {"app_id": None, "client_id": None}),
    "no user": ("introspect", {"user_id": None}),
    "tokens of another account": ("token", {"hub_id": 1}),
    "another account's details": ("details", {"portalId": 1}),
}


def good_answers(account: Account) -> dict[str, dict[str, Any]]:
    """What HubSpot would say, of every address that an install asks."""
    token = {"access_token": "C" + "x" * 80, "refresh_token": "na1-refresh", "expires_in": 1800, "token_type": "bearer"}
    whose = {"hub_id": account.hub_id, "scopes": settings.HUBSPOT_SCOPES}
    app = {"app_id": settings.HUBSPOT_APP_ID, "client_id": settings.HUBSPOT_CLIENT_ID}
    who = {"user_id": account.admin_id, "user": "a@example.com", "active": True, "token_use": "access_token"}
    details = {"accountType": "STANDARD", "timeZone": "UTC", "companyCurrency": "EUR", "uiDomain": "app.hubspot.com"}
    return {
        "token": token | whose,
        "introspect": whose | app | who | {"expires_in": 1800, "token": "C", "token_type": "Bearer"},
        "details": details | {"portalId": account.hub_id, "dataHostingLocation": "na1", "additionalCurrencies": []},
    }


ADDRESSES = {
    "token": ("POST", "/oauth/2026-03/token"),
    "introspect": ("POST", "/oauth/2026-03/token/introspect"),
    "details": ("GET", "/account-info/2026-03/details"),
}


def lie(hubspot: HubSpot, answers: dict[str, dict[str, Any]]) -> None:
    """Have HubSpot answer this, at the transport, whatever it is asked."""
    hubspot.call("DELETE", "/_emulator/faults")
    for name in ("introspect", "details", "token"):  # the first that matches counts, and a path is a prefix
        method, path = ADDRESSES[name]
        body = {key: value for key, value in answers[name].items() if value is not None}
        hubspot.fault("status", {"method": method, "path": path}, params={"status": 200, "body": body})


@pytest.mark.parametrize("shape", ["state", "returnUrl", "finalize", "sign in"])
def test_answers_that_do_not_fit_together_store_nothing(
    shape: str, client: Client, mine: Account, hubspot: HubSpot
) -> None:
    """Tokens of another app or account, whatever HubSpot or whoever answers in its place says."""
    for about, changes in WRONG.values():
        if about == "details" and shape == "sign in":
            continue  # it asks for none
        query = asked_for(shape, client, mine)
        answers = good_answers(mine)
        answers[about] |= changes
        lie(hubspot, answers)
        before, cookies = world(), str(client.cookies)
        answer = client.get("/oauth/callback", query)
        assert answer.status_code in {400, 502}, (about, changes)
        assert world() == before, f"{about} {changes}: rows were stored"
        assert str(client.cookies) == cookies
        hubspot.call("DELETE", "/_emulator/faults")


@pytest.mark.parametrize("shape", ["state", "returnUrl", "finalize"])
def test_answers_that_fit_together_are_taken(shape: str, client: Client, mine: Account, hubspot: HubSpot) -> None:
    """Else the lies above would prove nothing."""
    query = asked_for(shape, client, mine)
    lie(hubspot, good_answers(mine))
    assert client.get("/oauth/callback", query).status_code == 302
    assert Portal.objects.get().hub_id == mine.hub_id


def asked_for(shape: str, client: Client, account: Account) -> dict[str, str]:
    """Return the query of a callback that this browser has asked for."""
    states: dict[str, Callable[[], str]] = {
        "state": lambda: state_from(client),
        "sign in": lambda: state_from(client, "/signin"),
        "finalize": lambda: finalize_state(client),
        "returnUrl": str,
    }
    return query_of("state" if shape == "sign in" else shape, states[shape](), code_of(account))
