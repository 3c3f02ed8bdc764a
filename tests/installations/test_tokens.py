"""Renewal of one portal's token. HubSpot's endpoint is a function here; tests/journeys has it over the wire."""

from __future__ import annotations

import base64
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from hubspot_api.client import DEADLINE
from hubspot_api.errors import ClientInvalid, HubGone, HubSpotError, OAuthRefused, Overloaded, RefreshTokenInvalid
from hubspot_api.oauth import TokenGrant
from hubspot_api.ports import AccessToken
from hubspot_api.retrying import NO_RETRIES
from hubspot_api.secret import Secret
from installations.clients import REFRESH_PATIENCE_S, refresher
from installations.credentials import endpoint, tokens
from installations.credentials.vault import Vault
from installations.errors import PortalNotConnected, ReconnectRequired, TokenBusy, TryLater
from installations.models import Credential, Portal, TokenEndpoint
from tests.portals import grant, make_portal


class Endpoint:
    """HubSpot's token endpoint: numbers its tokens, refuses on demand, remembers what it was asked."""

    def __init__(self, hub_id: int, *, rotate: bool = False) -> None:
        self.hub_id = hub_id
        self.rotate = rotate
        self.refusals: list[HubSpotError] = []
        self.asked: list[str] = []
        self.before_answer: Callable[[], None] = lambda: None
        self._numbers = itertools.count(2)

    def __call__(self, refresh_token: Secret) -> TokenGrant:
        self.asked.append(refresh_token.reveal())
        self.before_answer()
        if self.refusals:
            raise self.refusals.pop(0)
        number = next(self._numbers)
        refresh = f"na1-refresh-{number}" if self.rotate else refresh_token.reveal()
        return grant(self.hub_id, access=f"access-{number}", refresh=refresh)


@pytest.fixture
def portal(db: None) -> Portal:
    return make_portal(connected=False)


@pytest.fixture
def hubspot(portal: Portal) -> Endpoint:
    return Endpoint(portal.hub_id)


def expire(portal: Portal, *, seconds_left: float = -1) -> None:
    """Let the token's half hour be over, or nearly."""
    now = timezone.now()
    expires_at = now + timedelta(seconds=seconds_left)
    Credential.objects.filter(portal=portal).update(
        obtained_at=expires_at - timedelta(minutes=30), expires_at=expires_at
    )


def a_minute_passes(portal: Portal) -> None:
    Credential.objects.filter(portal=portal).update(
        refused_at=F("refused_at") - timedelta(seconds=61), retry_at=F("retry_at") - timedelta(seconds=61)
    )


def stored_refresh_token(portal: Portal) -> str:
    credential = Credential.objects.get(portal=portal)
    return Vault(portal).open("refresh_token", credential.refresh_token).reveal()


def test_a_young_token_is_used_as_it_is(portal: Portal, hubspot: Endpoint) -> None:
    assert tokens.fresh(portal.pk, hubspot).token.value.reveal() == "access-1"
    assert hubspot.asked == []


def test_an_expired_token_is_renewed_and_stored(portal: Portal, hubspot: Endpoint) -> None:
    expire(portal)
    assert tokens.fresh(portal.pk, hubspot).token.value.reveal() == "access-2"
    assert tokens.fresh(portal.pk, hubspot).token.value.reveal() == "access-2"
    assert len(hubspot.asked) == 1


def test_a_token_is_renewed_ahead_of_its_end(portal: Portal, hubspot: Endpoint) -> None:
    expire(portal, seconds_left=60)
    assert tokens.fresh(portal.pk, hubspot).token.value.reveal() == "access-2"


def test_a_short_lived_token_is_renewed_in_the_last_fifth_of_its_life(db: None) -> None:
    portal = make_portal(expires_in=100, connected=False)
    hubspot = Endpoint(portal.hub_id)
    tokens.fresh(portal.pk, hubspot)
    assert hubspot.asked == []
    Credential.objects.update(
        obtained_at=F("obtained_at") - timedelta(seconds=85), expires_at=F("expires_at") - timedelta(seconds=85)
    )
    tokens.fresh(portal.pk, hubspot)
    assert len(hubspot.asked) == 1


def test_the_refresh_token_that_comes_back_is_stored_and_the_one_before_kept(portal: Portal) -> None:
    hubspot = Endpoint(portal.hub_id, rotate=True)
    expire(portal)
    tokens.fresh(portal.pk, hubspot)
    assert stored_refresh_token(portal) == "na1-refresh-2"
    credential = Credential.objects.get(portal=portal)
    assert Vault(portal).open("refresh_token", credential.previous_refresh_token).reveal() == "na1-refresh-1"


def test_when_the_new_refresh_token_is_refused_the_one_before_is_tried(portal: Portal) -> None:
    """HubSpot rotated, and then forgot that it did; or our save of a later one was lost."""
    hubspot = Endpoint(portal.hub_id, rotate=True)
    expire(portal)
    tokens.fresh(portal.pk, hubspot)
    expire(portal)
    hubspot.refusals = [RefreshTokenInvalid()]
    assert tokens.fresh(portal.pk, hubspot).token.value.reveal() == "access-3"
    assert hubspot.asked[1:] == ["na1-refresh-2", "na1-refresh-1"]


def test_a_failure_costs_nothing_while_the_token_is_valid(portal: Portal, hubspot: Endpoint) -> None:
    expire(portal, seconds_left=60)
    hubspot.refusals = [Overloaded()]
    assert tokens.fresh(portal.pk, hubspot).token.value.reveal() == "access-1"
    assert tokens.fresh(portal.pk, hubspot).token.value.reveal() == "access-1"
    assert len(hubspot.asked) == 1, "after a failure the endpoint is left alone for a while"


def test_with_an_expired_token_a_failure_says_when_to_come_back(portal: Portal, hubspot: Endpoint) -> None:
    expire(portal)
    hubspot.refusals = [Overloaded()]
    with pytest.raises(TokenBusy) as busy:
        tokens.fresh(portal.pk, hubspot)
    assert busy.value.retry_at > timezone.now()
    with pytest.raises(TokenBusy):
        tokens.fresh(portal.pk, hubspot)
    assert len(hubspot.asked) == 1


@pytest.mark.parametrize("refusal", [RefreshTokenInvalid, HubGone])
def test_one_refusal_disconnects_nobody(portal: Portal, hubspot: Endpoint, refusal: type[HubSpotError]) -> None:
    expire(portal)
    hubspot.refusals = [refusal()]
    with pytest.raises(TokenBusy):
        tokens.fresh(portal.pk, hubspot)
    a_minute_passes(portal)
    assert tokens.fresh(portal.pk, hubspot).token.value.reveal() == "access-2"
    portal.refresh_from_db()
    assert portal.state == Portal.State.ACTIVE
    assert Credential.objects.get(portal=portal).refused_at is None


@pytest.mark.parametrize("refusal", [RefreshTokenInvalid, HubGone])
def test_two_refusals_a_minute_apart_mean_reconnect(
    portal: Portal, hubspot: Endpoint, refusal: type[HubSpotError]
) -> None:
    expire(portal)
    hubspot.refusals = [refusal(), refusal()]
    with pytest.raises(TokenBusy):
        tokens.fresh(portal.pk, hubspot)
    a_minute_passes(portal)
    with pytest.raises(ReconnectRequired):
        tokens.fresh(portal.pk, hubspot)
    portal.refresh_from_db()
    assert portal.state == Portal.State.NEEDS_RECONNECT
    assert portal.erase_at is not None
    with pytest.raises(ReconnectRequired):
        tokens.fresh(portal.pk, hubspot)
    assert len(hubspot.asked) == 2


def test_two_refusals_in_quick_succession_are_one(portal: Portal, hubspot: Endpoint) -> None:
    expire(portal)
    hubspot.refusals = [RefreshTokenInvalid(), RefreshTokenInvalid()]
    for _ in range(2):
        with pytest.raises(TokenBusy):
            tokens.fresh(portal.pk, hubspot)
        Credential.objects.update(retry_at=None)
    portal.refresh_from_db()
    assert portal.state == Portal.State.ACTIVE


def test_a_wrong_client_secret_stops_all_and_touches_nobody(db: None) -> None:
    portals = [make_portal(connected=False) for _ in range(3)]
    for portal in portals:
        expire(portal)
    first = Endpoint(portals[0].hub_id)
    first.refusals = [ClientInvalid()]
    with pytest.raises(TokenBusy):
        tokens.fresh(portals[0].pk, first)
    others = Endpoint(portals[1].hub_id)
    with pytest.raises(TokenBusy):
        tokens.fresh(portals[1].pk, others)
    assert others.asked == []
    assert set(Portal.objects.values_list("state", flat=True)) == {Portal.State.ACTIVE}
    TokenEndpoint.objects.update(halted_until=timezone.now() - timedelta(seconds=1))
    assert tokens.fresh(portals[2].pk, Endpoint(portals[2].hub_id)).token.value.reveal() == "access-2"
    assert endpoint.halted_until() is None


def test_many_portals_refused_at_once_are_our_fault(db: None) -> None:
    portals = [make_portal(connected=False) for _ in range(endpoint.ALIKE)]
    Credential.objects.update(obtained_at=timezone.now() - timedelta(hours=1))
    for portal in portals:
        expire(portal)
        hubspot = Endpoint(portal.hub_id)
        hubspot.refusals = [RefreshTokenInvalid()]
        with pytest.raises(TokenBusy):
            tokens.fresh(portal.pk, hubspot)
    a_minute_passes(portals[0])
    hubspot = Endpoint(portals[0].hub_id)
    hubspot.refusals = [RefreshTokenInvalid()]
    with pytest.raises(TokenBusy):
        tokens.fresh(portals[0].pk, hubspot)
    assert set(Portal.objects.values_list("state", flat=True)) == {Portal.State.ACTIVE}
    assert endpoint.halted_until() is not None


def test_an_unknown_refusal_backs_one_portal_off(portal: Portal, hubspot: Endpoint) -> None:
    expire(portal)
    hubspot.refusals = [OAuthRefused()]
    with pytest.raises(TokenBusy):
        tokens.fresh(portal.pk, hubspot)
    assert endpoint.halted_until() is None
    other = make_portal(connected=False)
    expire(other)
    assert tokens.fresh(other.pk, Endpoint(other.hub_id)).token.value.reveal() == "access-2"


def test_a_rejected_token_is_renewed_once_and_others_take_the_result(portal: Portal, hubspot: Endpoint) -> None:
    rejected = tokens.fresh(portal.pk, hubspot).token
    assert tokens.replaced(portal.pk, rejected, hubspot).token.value.reveal() == "access-2"
    assert tokens.replaced(portal.pk, rejected, hubspot).token.value.reveal() == "access-2"
    assert len(hubspot.asked) == 1


def test_a_portal_without_tokens_says_so(db: None) -> None:
    portal = Portal.objects.create(hub_id=1)
    with pytest.raises(PortalNotConnected):
        tokens.fresh(portal.pk, Endpoint(1))


def test_tokens_that_do_not_open_wait_until_the_key_is_back(
    portal: Portal, hubspot: Endpoint, settings: Settings
) -> None:
    """A key left out by mistake must not disconnect anybody, nor let work sleep for ever."""
    keys = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = f"other:{base64.b64encode(bytes(32)).decode()}"
    with pytest.raises(TokenBusy) as busy:
        tokens.fresh(portal.pk, hubspot)
    assert busy.value.retry_at > timezone.now()
    settings.ENCRYPTION_KEYS = keys
    assert tokens.fresh(portal.pk, hubspot).token.value.reveal() == "access-1"
    portal.refresh_from_db()
    assert portal.state == Portal.State.ACTIVE


def test_one_broken_refresh_token_stops_one_portal(portal: Portal, hubspot: Endpoint) -> None:
    expire(portal)
    Credential.objects.update(refresh_token="v1.AAAA")
    with pytest.raises(TokenBusy):
        tokens.fresh(portal.pk, hubspot)
    assert Credential.objects.get().lease_until is None
    other = make_portal(connected=False)
    expire(other)
    assert tokens.fresh(other.pk, Endpoint(other.hub_id)).token.value.reveal() == "access-2"


def test_a_portal_whose_key_is_lost_can_be_connected_again(
    portal: Portal, hubspot: Endpoint, settings: Settings
) -> None:
    settings.ENCRYPTION_KEYS = f"other:{base64.b64encode(bytes(32)).decode()}"
    with transaction.atomic():
        tokens.store(portal, grant(portal.hub_id, access="access-9"), user_id=7)
    assert tokens.fresh(portal.pk, hubspot).token.value.reveal() == "access-9"


def test_a_full_limiter_ends_the_lease(portal: Portal) -> None:
    expire(portal)
    later = timezone.now() + timedelta(seconds=3)

    def full(_: Secret) -> TokenGrant:
        raise TryLater("full", later)

    with pytest.raises(TryLater):
        tokens.fresh(portal.pk, full)
    credential = Credential.objects.get()
    assert (credential.lease_until, credential.retry_at, credential.failures) == (None, later, 0)


def test_a_full_limiter_costs_nothing_while_the_token_is_valid(portal: Portal) -> None:
    expire(portal, seconds_left=60)

    def full(_: Secret) -> TokenGrant:
        raise TryLater("full", timezone.now() + timedelta(seconds=3))

    before = Credential.objects.get().token_number
    assert tokens.fresh(portal.pk, full).token.generation == before


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
