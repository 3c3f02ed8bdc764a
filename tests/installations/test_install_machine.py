"""Installs as they may happen: two browsers, two users, two portals, all four callback shapes, in any order.

A small model says who is signed in where, which portal is connected, and who has which role there. Hypothesis plays
HubSpot's pages through the emulator and ours through the real addresses, and compares after every step.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from installations.clients import client_for
from installations.connecting import flows
from installations.models import Membership, OAuthFlow, Portal
from installations.people import visitors
from installations.ratelimit import WorkClass
from installations.ratelimit.shared import RedisAway
from tests.consent import decide
from tests.hubspot import Account, HubSpot, trust_limiter, wait_for

pytestmark = pytest.mark.django_db

BROWSERS, USERS, PORTALS = (0, 1), (0, 1), (0, 1)
RETURN_URL = "https://app.hubspot.com/back"
FEWER = ["oauth", "crm.objects.contacts.read"]


@dataclass
class Flow:
    """A round trip that a browser began: what its state is good for."""

    state: str
    url: str
    purpose: str
    browser: int
    epoch: int  # of the browser's session, when it began
    user: int | None  # who was signed in; only a partner sign-in is bound to them
    expected: int | None  # the portal asked for
    is_used: bool = False
    is_expired: bool = False


@dataclass
class Ticket:
    """What HubSpot sent a browser back with."""

    code: str
    user: int
    portal: int
    flow: Flow | None
    is_spent: bool = False


@dataclass
class Room:
    """What the model knows of one portal here."""

    is_connected: bool = False
    roles: dict[int, str] = field(default_factory=dict)  # by user


class Installs(RuleBasedStateMachine):
    hubspot: HubSpot  # set by the test

    @initialize()
    def begin(self) -> None:
        self.hubspot.reset()
        wait_for(_limiter_is_idle, what="Redis")
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        base = 7_000_001
        self.user_ids = [base * 10 + user for user in USERS]
        self.accounts = [self._account(base + portal) for portal in PORTALS]
        self.clients = [Client() for _ in BROWSERS]
        self.signed_in: list[int | None] = [None for _ in BROWSERS]
        self.epochs = [0 for _ in BROWSERS]
        self.rooms = [Room() for _ in PORTALS]
        self.flows: list[Flow] = []
        self.tickets: list[Ticket] = []
        self._to_call: list[int] = []  # portals connected in the latest step

    def _account(self, hub_id: int) -> Account:
        users = [
            {"user_id": user_id, "email": f"user{user_id}@x.example", "super_admin": True} for user_id in self.user_ids
        ]
        self.hubspot.call("POST", "/_emulator/portals", {"hub_id": hub_id, "name": f"Account {hub_id}", "users": users})
        return Account(hub_id, self.user_ids[0], self.user_ids[1])

    def teardown(self) -> None:
        if hasattr(self, "_atomic"):
            transaction.set_rollback(True)
            self._atomic.__exit__(None, None, None)

    # What people do

    @rule(
        browser=st.sampled_from(BROWSERS),
        start=st.sampled_from(["install", "signin"]),
        hub=st.sampled_from([None, 0, 1]),
    )
    def start(self, browser: int, start: str, hub: int | None) -> None:
        query = "" if hub is None else f"?hub_id={self.accounts[hub].hub_id}"
        url = self.clients[browser].get(f"/{start}{query}")["Location"]
        self._remember(browser, start, url, parse_qs(urlsplit(url).query)["state"][0], expected=hub)

    @rule(browser=st.sampled_from(BROWSERS))
    def start_at_the_marketplace(self, browser: int) -> None:
        """The first leg of a partner sign-in: a question, then a confirmed form."""
        page = self.clients[browser].get("/oauth/callback", {"step": "authorize", "returnUrl": RETURN_URL})
        assert page.status_code == 200
        onward = self.clients[browser].post("/oauth/marketplace", {"return_url": RETURN_URL})["Location"]
        self._remember(browser, "finalize", "", parse_qs(urlsplit(onward).query)["state"][0], expected=None)

    def _remember(self, browser: int, purpose: str, url: str, state: str, *, expected: int | None) -> None:
        user = self.signed_in[browser] if purpose == "finalize" else None
        self.flows.append(Flow(state, url, purpose, browser, self.epochs[browser], user, expected))
        waiting = [one for one in self.flows if self._is_of(one, browser) and not one.is_used]
        for dropped in waiting[: -flows.PENDING_AT_MOST]:
            self.flows.remove(dropped)

    def _is_of(self, flow: Flow, browser: int) -> bool:
        return (flow.browser, flow.epoch) == (browser, self.epochs[browser])

    @precondition(lambda self: self.flows)
    @rule(data=st.data(), user=st.sampled_from(USERS), portal=st.sampled_from(PORTALS))
    def grant(self, data: st.DataObject, user: int, portal: int) -> None:
        flow = data.draw(st.sampled_from(self.flows), label="flow")
        scopes = settings.HUBSPOT_SCOPES if flow.purpose != "signin" else ["oauth"]
        self.tickets.append(Ticket(self._code(user, portal, scopes), user, portal, flow))

    @rule(user=st.sampled_from(USERS), portal=st.sampled_from(PORTALS), few=st.booleans())
    def grant_at_the_marketplace(self, user: int, portal: int, few: bool) -> None:
        scopes = FEWER if few else settings.HUBSPOT_SCOPES
        self.tickets.append(Ticket(self._code(user, portal, scopes), user, portal, None))

    def _code(self, user: int, portal: int, scopes: list[str]) -> str:
        """Return a code as HubSpot's consent page makes it."""
        query = {
            "client_id": settings.HUBSPOT_CLIENT_ID,
            "redirect_uri": f"{settings.PUBLIC_URL}/oauth/callback",
            "scope": " ".join(scopes),
        }
        url = f"{settings.HUBSPOT_AUTHORIZE_URL}?{httpx2.QueryParams(query)}"
        back = decide(url, self.accounts[portal], user_id=self.user_ids[user])
        return parse_qs(urlsplit(back).query)["code"][0]

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), own=st.booleans(), shape=st.sampled_from(["as meant", "without state", "other state"]))
    def come_back(self, data: st.DataObject, own: bool, shape: str) -> None:
        """In the browser that began, or in the other; as HubSpot sends it, or tampered with; again and again."""
        ticket = data.draw(st.sampled_from(self.tickets), label="ticket")
        flow = ticket.flow
        if shape == "other state" and self.flows:
            flow = data.draw(st.sampled_from(self.flows), label="state of")
        elif shape == "without state":
            flow = None
        begun_in = ticket.flow.browser if ticket.flow else 0
        browser = begun_in if own else 1 - begun_in
        answer = self._deliver(browser, ticket, flow)
        expected = self._outcome(browser, ticket, flow)
        note(f"browser {browser}, {flow and flow.purpose}, user {ticket.user}, portal {ticket.portal}: {expected}")
        got = "refused" if answer.status_code == 400 else answer.headers["Location"]
        assert got == expected

    def _deliver(self, browser: int, ticket: Ticket, flow: Flow | None) -> HttpResponseBase:
        query = {"code": ticket.code}
        if flow is not None:
            query["state"] = flow.state
        if flow is None or flow.purpose == "finalize":
            query["returnUrl"] = RETURN_URL
        if flow is not None and flow.purpose == "finalize":
            query["step"] = "finalize"
        return self.clients[browser].get("/oauth/callback", query)

    # What the model says comes of it

    def _outcome(self, browser: int, ticket: Ticket, flow: Flow | None) -> str:
        if flow is None:
            return RETURN_URL if self._spend(ticket) and self._connect(ticket) else "refused"
        if not self._use_up(browser, flow) or not self._spend(ticket):
            return "refused"
        if flow.user is not None and flow.user != ticket.user:
            return "refused"
        if flow.purpose == "install" and flow.expected not in {None, ticket.portal}:
            return "/oauth/other-account"
        return self._finish(browser, ticket, flow)

    def _finish(self, browser: int, ticket: Ticket, flow: Flow) -> str:
        room, home = self.rooms[ticket.portal], f"/portals/{self.accounts[ticket.portal].hub_id}/"
        if flow.purpose == "signin":
            if room.is_connected:
                room.roles.setdefault(ticket.user, "waiting")
            self._sign_in(browser, ticket.user)
            return home if room.is_connected else "/oauth/unclaimed"
        self._connect(ticket)
        self._sign_in(browser, ticket.user)
        return RETURN_URL if flow.purpose == "finalize" else home

    def _use_up(self, browser: int, flow: Flow) -> bool:
        """A state is used up by whoever brings it, and good only in the session that began."""
        was_used, flow.is_used = flow.is_used, True
        is_own = self._is_of(flow, browser) and not was_used and not flow.is_expired
        return is_own and flow.user in {None, self.signed_in[browser]}

    def _spend(self, ticket: Ticket) -> bool:
        was_spent, ticket.is_spent = ticket.is_spent, True
        return not was_spent

    def _connect(self, ticket: Ticket) -> bool:
        room = self.rooms[ticket.portal]
        if not room.is_connected:
            room.is_connected, room.roles = True, {}
        room.roles.setdefault(ticket.user, "waiting" if "owner" in room.roles.values() else "owner")
        self._to_call.append(ticket.portal)
        return True

    def _sign_in(self, browser: int, user: int) -> None:
        before, self.signed_in[browser] = self.signed_in[browser], user
        if before not in {None, user}:
            self.epochs[browser] += 1  # another user's session is dropped with all that it had begun

    # What else happens

    @rule(browser=st.sampled_from(BROWSERS))
    def sign_out(self, browser: int) -> None:
        self.clients[browser].post("/signout")
        self.clients[browser].cookies.clear()
        self.signed_in[browser] = None
        self.epochs[browser] += 1

    @precondition(lambda self: self.flows)
    @rule(data=st.data())
    def ten_minutes_pass_for_one(self, data: st.DataObject) -> None:
        flow = data.draw(st.sampled_from(self.flows), label="flow")
        digest = flows._digest(flow.state)
        OAuthFlow.objects.filter(state_digest=digest).update(started_at=timezone.now() - timedelta(minutes=11))
        flow.is_expired = True

    @rule(portal=st.sampled_from(PORTALS))
    def uninstall_in_hubspot(self, portal: int) -> None:
        """Nothing tells us: the portal is thought connected until its tokens are refused."""
        if self._installs(portal):
            self.hubspot.uninstall(self.accounts[portal])
            for ticket in self.tickets:  # codes granted before die with the installation
                ticket.is_spent |= ticket.portal == portal

    def _installs(self, portal: int) -> list[Any]:
        portals = self.hubspot.call("GET", "/_emulator/state")["portals"]
        installs: list[Any] = next(one["installs"] for one in portals if one["hub_id"] == self.accounts[portal].hub_id)
        return installs

    @rule(browser=st.sampled_from(BROWSERS), portal=st.sampled_from(PORTALS))
    def disconnect(self, browser: int, portal: int) -> None:
        hub_id, user = self.accounts[portal].hub_id, self.signed_in[browser]
        form = {"confirm": str(hub_id), "destroy_now": "on"}
        answer = self.clients[browser].post(f"/portals/{hub_id}/disconnect/", form)
        may = user is not None and self.rooms[portal].roles.get(user) == "owner"
        assert answer.status_code == (302 if may else 404)
        if may:
            self.rooms[portal] = Room()

    # What is always true

    @invariant()
    def whoever_is_signed_in_is_who_the_model_says(self) -> None:
        for browser, client in enumerate(getattr(self, "clients", [])):
            visitor = visitors.read(client.session)
            expected = self.signed_in[browser]
            assert (visitor and visitor.user_id) == (None if expected is None else self.user_ids[expected])

    @invariant()
    def portals_and_roles_are_what_the_model_says(self) -> None:
        for portal, room in enumerate(getattr(self, "rooms", [])):
            hub_id = self.accounts[portal].hub_id
            assert Portal.objects.live().filter(hub_id=hub_id).count() == int(room.is_connected)
            members = Membership.objects.filter(portal__hub_id=hub_id, portal__state__in=Portal.LIVE)
            expected = {self.user_ids[user]: role for user, role in room.roles.items()}
            assert dict(members.values_list("user_id", "role")) == expected

    @invariant()
    def pages_open_to_members_alone(self) -> None:
        for browser, client in enumerate(getattr(self, "clients", [])):
            for portal, room in enumerate(self.rooms):
                hub_id, user = self.accounts[portal].hub_id, self.signed_in[browser]
                role = None if user is None else room.roles.get(user)
                status = client.get(f"/portals/{hub_id}/activity/").status_code
                assert status == (200 if role in {"owner", "admin", "viewer"} else 404)

    @invariant()
    def what_was_just_connected_can_be_called(self) -> None:
        """Whatever token was kept or replaced: it works at HubSpot."""
        while getattr(self, "_to_call", []):
            portal = self._to_call.pop()
            row = Portal.objects.live().get(hub_id=self.accounts[portal].hub_id)
            client_for(row, WorkClass.URGENT).request("GET", "/account-info/{version}/details")


def _limiter_is_idle() -> bool:
    """Whether it could be told so. On a busy machine Redis may be late, which is nothing that this is about."""
    try:
        trust_limiter()
    except RedisAway:
        return False
    return True


def play(hubspot: HubSpot, examples: int, steps: int) -> None:
    class Played(Installs):
        pass

    Played.hubspot = hubspot
    run_state_machine_as_test(
        Played,
        settings=hypothesis_settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_installs_in_any_order(hubspot: HubSpot) -> None:
    play(hubspot, examples=6, steps=20)


@pytest.mark.chaos
def test_installs_in_any_order_for_long(hubspot: HubSpot) -> None:
    play(hubspot, examples=300 if os.environ.get("CHAOS") == "long" else 30, steps=28)
