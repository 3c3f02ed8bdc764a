"""Who may renew a token: one at a time, and nobody whose lease is over."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from hubspot_api.client import DEADLINE
from hubspot_api.errors import RefreshTokenInvalid
from hubspot_api.oauth import TokenGrant
from hubspot_api.ports import AccessToken
from hubspot_api.retrying import NO_RETRIES
from hubspot_api.secret import Secret
from installations.clients import REFRESH_PATIENCE_S, refresher
from installations.credentials import tokens
from installations.credentials.vault import Vault
from installations.errors import TokenBusy, TryLater
from installations.models import Credential, Portal
from tests.installations.renewal.token_endpoint import Endpoint, a_minute_passes, expire, stored_refresh_token
from tests.portals import make_portal


def test_a_full_limiter_ends_the_lease(portal: Portal) -> None:
    expire(portal)
    later = timezone.now() + timedelta(seconds=3)

    def full(_: Secret) -> TokenGrant:
        raise TryLater("full", later)

    with pytest.raises(TryLater):
        tokens.fresh(portal.pk, full)
    credential = Credential.objects.get()
    assert (credential.lease_until, credential.retry_at, credential.failures) == (None, later, 0)


def test_two_renewals_are_over_before_their_lease() -> None:
    """The second is with the refresh token before, when the first is refused."""
    assert tokens.LEASE.total_seconds() > 2 * (REFRESH_PATIENCE_S + DEADLINE)
    assert refresher().surroundings.retries == NO_RETRIES


@pytest.mark.django_db(transaction=True)
def test_sixteen_threads_on_an_expired_token_ask_once() -> None:
    portal = make_portal(connected=False)
    expire(portal)
    hubspot = Endpoint(portal.hub_id)
    barrier = threading.Barrier(16)

    def call() -> str:
        try:
            barrier.wait(timeout=30)
            return tokens.fresh(portal.pk, hubspot).token.value.reveal()
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as threads:
        got = [future.result(timeout=60) for future in [threads.submit(call) for _ in range(16)]]
    assert set(got) == {"access-2"}
    assert len(hubspot.asked) == 1


@pytest.mark.django_db(transaction=True)
def test_a_holder_whose_lease_ran_out_overwrites_nothing() -> None:
    """The first holder hangs at HubSpot past its lease; a second renews; then the first comes back with its answer."""
    portal = make_portal(connected=False)
    expire(portal)
    hubspot = Endpoint(portal.hub_id, rotate=True)
    second: list[AccessToken] = []

    def meanwhile() -> None:
        hubspot.before_answer = lambda: None
        Credential.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        second.append(tokens.fresh(portal.pk, hubspot).token)

    hubspot.before_answer = meanwhile
    first = tokens.fresh(portal.pk, hubspot).token
    assert first.value == second[0].value, "the late holder must use what is stored"
    credential = Credential.objects.get(portal=portal)
    assert Vault(portal).open("access_token", credential.access_token) == second[0].value
    assert stored_refresh_token(portal) == "na1-refresh-2"


@pytest.mark.django_db(transaction=True)
def test_a_late_holder_leaves_the_refresh_token_that_hubspot_gave_it() -> None:
    """HubSpot has replaced the one stored, and refuses it to whoever was given the lease meanwhile."""
    portal = make_portal(connected=False)
    expire(portal)
    hubspot = Endpoint(portal.hub_id, rotate=True)

    def meanwhile() -> None:
        hubspot.before_answer = lambda: None
        Credential.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        hubspot.refusals = [RefreshTokenInvalid()]
        with pytest.raises(TokenBusy):
            tokens.fresh(portal.pk, hubspot)

    hubspot.before_answer = meanwhile
    with pytest.raises(TokenBusy):
        tokens.replaced(portal.pk, tokens.live(Credential.objects.get()).token, hubspot)
    a_minute_passes(portal)
    hubspot.refusals = [RefreshTokenInvalid()]
    tokens.fresh(portal.pk, hubspot)
    assert hubspot.asked == ["na1-refresh-1", "na1-refresh-1", "na1-refresh-1", "na1-refresh-2"]
    assert stored_refresh_token(portal) == "na1-refresh-3"


@pytest.mark.django_db(transaction=True)
def test_a_caller_that_looked_while_another_held_the_lease_does_not_renew_again() -> None:
    """It saw the expired token and the lease; by the time it claims, the lease is free and the token new."""
    portal = make_portal(connected=False)
    expire(portal)
    hubspot = Endpoint(portal.hub_id)
    looked: list[Credential] = []
    hubspot.before_answer = lambda: looked.append(Credential.objects.select_related("portal").get(portal=portal))
    tokens.fresh(portal.pk, hubspot)
    assert tokens._claim(looked[0]) is None


def test_a_late_refusal_says_nothing(portal: Portal) -> None:
    expire(portal)
    hubspot = Endpoint(portal.hub_id)

    def meanwhile() -> None:
        hubspot.before_answer = lambda: None
        Credential.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        tokens.fresh(portal.pk, hubspot)
        hubspot.refusals = [RefreshTokenInvalid()]

    hubspot.before_answer = meanwhile
    with pytest.raises(TokenBusy):
        tokens.fresh(portal.pk, hubspot)
    credential = Credential.objects.get(portal=portal)
    assert (credential.refused_at, credential.failures) == (None, 0)
