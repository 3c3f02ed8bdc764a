"""Renewals that are refused: whose fault it is, what waits, and who has to connect again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from hubspot_api.errors import ClientInvalid, HubGone, HubSpotError, OAuthRefused, Overloaded, RefreshTokenInvalid
from hubspot_api.oauth import TokenGrant
from hubspot_api.secret import Secret
from installations.credentials import endpoint, tokens
from installations.errors import ReconnectRequired, TokenBusy, TryLater
from installations.models import Credential, Portal, TokenEndpoint
from tests.installations.renewal.token_endpoint import Endpoint, a_minute_passes, expire
from tests.portals import make_portal


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


def test_a_full_limiter_costs_nothing_while_the_token_is_valid(portal: Portal) -> None:
    expire(portal, seconds_left=60)

    def full(_: Secret) -> TokenGrant:
        raise TryLater("full", timezone.now() + timedelta(seconds=3))

    before = Credential.objects.get().token_number
    assert tokens.fresh(portal.pk, full).token.generation == before
