"""The life of one portal's tokens against the emulator, step by step in any order, with crashes and a bad endpoint.

What must hold whatever happens: a portal whose grant HubSpot would still honour is never said to need reconnecting;
no expiry is renewed twice; a token that was stored later is never replaced by one from before.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from emulator import Emulator
from emulator.testing import EmulatorTransport
from hubspot_api.errors import GrantInvalid
from hubspot_api.oauth import OAuth, TokenGrant
from hubspot_api.secret import Secret
from installations.credentials import tokens
from installations.errors import InstallationError, TryLater
from installations.models import Credential, Portal, TokenEndpoint
from tests.portals import make_portal

pytestmark = pytest.mark.chaos

CLIENT_ID, CLIENT_SECRET = "11111111-2222-3333-4444-555555555555", "secret"
IS_LONG = os.environ.get("CHAOS") == "long"
FAULTS = [429, 500, 502, 503]


class Crash(BaseException):
    """The process ends here: nothing of ours catches it."""


class TokenLife(RuleBasedStateMachine):
    """Our tokens on one side, HubSpot's on the other."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.emulator = Emulator()
        transport = EmulatorTransport(self.emulator)
        self.http = httpx2.Client(transport=transport, base_url="http://localhost:8765")
        self.oauth = OAuth(
            client_id=CLIENT_ID,
            client_secret=Secret(CLIENT_SECRET),
            api_url="http://localhost:8765",
            transport=transport,
        )
        self.crash: str = ""
        self.renewals = 0  # that HubSpot granted since the token last expired
        self.newest = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
        self.http.close()

    def control(self, method: str, path: str, json: object = None) -> Any:
        answer = self.http.request(method, f"/_emulator/{path}", json=json).raise_for_status()
        return answer.json() if answer.content else None

    @initialize(rotates=st.booleans(), grace_s=st.sampled_from([0, 30, 10**6]))
    def install(self, rotates: bool, grace_s: int) -> None:
        app = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "app_id": 1,
            "redirect_uris": ["http://localhost/"],
        }
        self.control("POST", "apps", app | {"rotate_refresh_tokens": rotates, "refresh_grace_s": grace_s})
        self.control("POST", "portals", {"hub_id": 4242})
        self.portal = make_portal(4242, connected=False)
        self.store(self.granted())

    def granted(self) -> TokenGrant:
        answer = self.control("POST", "portals/4242/tokens", {"client_id": CLIENT_ID, "scopes": ["oauth"]})
        access, refresh = Secret(answer["access_token"]), Secret(answer["refresh_token"])
        return TokenGrant(access, refresh, 1800, 4242, None, ("oauth",), "bearer")

    def store(self, grant: TokenGrant) -> None:
        with transaction.atomic():
            tokens.store(self.portal, grant, user_id=7)
            self.portal.move_to(Portal.State.ACTIVE)
        self.lost_by_crash = False
        self.renewals = 0

    def credential(self) -> Credential:
        return Credential.objects.get(portal=self.portal)

    def renew(self, refresh_token: Secret) -> TokenGrant:
        """HubSpot's endpoint as the app asks it; dies where it was told to."""
        if self.crash == "before":
            raise Crash
        grant = self.oauth.refresh(refresh_token)
        self.renewals += 1
        if self.crash == "answered":
            raise Crash
        return grant

    def call(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Crash:
            self.crash = ""
            self.lost_by_crash = True
        except (InstallationError, TryLater):
            pass

    @rule()
    def use(self) -> None:
        """Somebody needs a token."""
        if not self.waits():
            self.call(lambda: tokens.fresh(self.portal.pk, self.renew))

    @rule(where=st.sampled_from(["before", "answered"]))
    def use_and_crash(self, where: str) -> None:
        self.crash = where
        self.use()
        self.crash = ""

    def waits(self) -> bool:
        """Whether a caller would sit out another's lease: here nobody else runs, so that would be 20 s for nothing."""
        credential = self.credential()
        is_leased = credential.lease_until is not None and credential.lease_until > timezone.now()
        return is_leased and credential.ends_at <= timezone.now()

    @rule(minutes=st.sampled_from([1, 2, 31]))
    def time_passes(self, minutes: int) -> None:
        """For us and for HubSpot."""
        by = timedelta(minutes=minutes)
        was_live = self.credential().ends_at > timezone.now()
        Credential.objects.update(
            obtained_at=F("obtained_at") - by,
            expires_at=F("expires_at") - by,
            lease_until=F("lease_until") - by,
            retry_at=F("retry_at") - by,
            refused_at=F("refused_at") - by,
        )
        TokenEndpoint.objects.update(halted_until=F("halted_until") - by)
        self.control("POST", "clock", {"advance_s": minutes * 60})
        if was_live and self.credential().ends_at <= timezone.now() + timedelta(minutes=6):
            self.renewals = 0  # a new expiry

    @rule(status=st.sampled_from(FAULTS))
    def the_endpoint_fails_once(self, status: int) -> None:
        match = {"path": "/oauth/2026-03/token"}
        self.control("POST", "faults", {"match": match, "action": "status", "params": {"status": status}, "count": 1})

    @rule()
    def our_secret_is_wrong_once(self) -> None:
        right, self.oauth._client_secret = self.oauth._client_secret, Secret("wrong")
        self.use()
        self.oauth._client_secret = right

    @rule()
    def a_late_writer_comes(self) -> None:
        """A holder that slept past its lease saves what it got at a generation that is over."""
        credential = self.credential()
        if credential.lease_until is not None or self.state() != Portal.State.ACTIVE:
            return
        vault, current, before = tokens._refresh_tokens(credential)
        held = tokens.Held(credential, credential.generation - 1, vault, current, before)
        number, sealed = credential.token_number, credential.access_token
        stale = TokenGrant(Secret("stale"), current, 1800, 4242, None, ("oauth",), "bearer")
        assert not tokens._save(held, current, stale)
        assert (self.credential().token_number, self.credential().access_token) == (number, sealed)

    @rule()
    @precondition(lambda self: self.state() == Portal.State.NEEDS_RECONNECT)
    def reconnect(self) -> None:
        self.store(self.granted())

    @rule()
    def uninstall_and_install_again(self) -> None:
        self.control("POST", "portals/4242/uninstall", {})
        self.call(lambda: tokens.fresh(self.portal.pk, self.renew) if not self.waits() else None)
        self.store(self.granted())

    def state(self) -> str:
        return Portal.objects.values_list("state", flat=True).get(pk=self.portal.pk)

    @invariant()
    def a_token_number_never_falls(self) -> None:
        if hasattr(self, "portal"):
            number = self.credential().token_number
            assert number >= self.newest
            self.newest = number

    @invariant()
    def only_a_grant_that_hubspot_dropped_needs_reconnecting(self) -> None:
        """What a crash lost, HubSpot rotated without grace: that is the one honest reconnect."""
        if not hasattr(self, "portal") or self.state() != Portal.State.NEEDS_RECONNECT:
            return
        for refresh_token in tokens.stored_refresh_tokens(self.portal):
            with pytest.raises(GrantInvalid):
                self.oauth.refresh(refresh_token)
        assert self.lost_by_crash

    @invariant()
    def an_expiry_is_renewed_once(self) -> None:
        """Only a crash between HubSpot's answer and the save makes it ask again."""
        if hasattr(self, "portal") and not self.lost_by_crash:
            assert self.renewals <= 1


@pytest.mark.django_db(transaction=True)
def test_the_life_of_a_token() -> None:
    """Rules in any order; a halted endpoint and its pauses are on our clock too."""
    run_state_machine_as_test(
        TokenLife,
        settings=settings(
            max_examples=150 if IS_LONG else 8,
            stateful_step_count=40 if IS_LONG else 20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
