"""Renewal of one portal's token. HubSpot's endpoint is a function here; tests/journeys has it over the wire."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from hubspot_api.errors import RefreshTokenInvalid
from installations.credentials import tokens
from installations.credentials.vault import Vault
from installations.errors import PortalNotConnected, TokenBusy
from installations.models import Credential, Portal
from tests.installations.renewal.token_endpoint import Endpoint, expire, stored_refresh_token
from tests.portals import grant, make_portal


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
