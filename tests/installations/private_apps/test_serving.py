"""A private app's token is never renewed, and believed dead when refused twice a minute apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from hubspot_api.errors import Unauthorized
from installations.clients import client_for
from installations.credentials import endpoint
from installations.credentials.lasting_tokens import BELIEVED_WITHIN
from installations.errors import ReconnectRequired, TokenBusy
from installations.models import Credential, Portal
from installations.ratelimit import WorkClass
from lanes.models import Lane
from tests.hubspot import Account, HubSpot
from tests.installations.private_apps.connected import a_minute_passes, call, state_of, store
from tests.portals import make_portal

pytestmark = pytest.mark.django_db(transaction=True)


class TestServing:
    def test_nothing_is_ever_renewed(self, hubspot: HubSpot, portal: Portal, account: Account) -> None:
        Credential.objects.update(obtained_at=timezone.now() - timedelta(days=400))
        hubspot.advance(400 * 86_400)
        assert call(portal) == account.hub_id
        assert hubspot.requests(path="/oauth/2026-03") == []

    def test_one_refused_call_alone_says_nothing_about_the_token(self, hubspot: HubSpot, portal: Portal) -> None:
        refused = "/crm/owners"
        hubspot.fault("status", {"path": refused}, params={"status": 401})
        with pytest.raises(Unauthorized):
            client_for(portal, WorkClass.URGENT).request("GET", "/crm/owners/{version}")
        assert state_of(portal) == Portal.State.ACTIVE
        assert Credential.objects.get().refused_at is None
        call(portal)

    def test_it_is_believed_when_refused_twice_a_minute_apart(
        self, hubspot: HubSpot, portal: Portal, account: Account, made: dict[str, Any]
    ) -> None:
        hubspot.rotate_private_token(account, made["app_id"])
        with pytest.raises(TokenBusy):
            call(portal)
        asked = len(hubspot.requests(account.hub_id))
        with pytest.raises(TokenBusy):
            call(portal)
        assert len(hubspot.requests(account.hub_id)) == asked, "not asked again within the minute"
        assert state_of(portal) == Portal.State.ACTIVE
        a_minute_passes()
        with pytest.raises(ReconnectRequired):
            call(portal)
        portal.refresh_from_db()
        assert portal.state == Portal.State.NEEDS_RECONNECT
        assert "rotated or deleted" in portal.state_reason
        assert not Lane.objects.filter(portal=portal, parked=False).exists()
        with pytest.raises(ReconnectRequired):
            call(portal)

    def test_a_refusal_long_ago_does_not_count(
        self, hubspot: HubSpot, portal: Portal, account: Account, made: dict[str, Any]
    ) -> None:
        Credential.objects.update(refused_at=timezone.now() - BELIEVED_WITHIN - timedelta(seconds=1))
        hubspot.rotate_private_token(account, made["app_id"])
        with pytest.raises(TokenBusy):
            call(portal)
        assert state_of(portal) == Portal.State.ACTIVE

    def test_a_token_that_works_again_is_forgiven(self, hubspot: HubSpot, portal: Portal) -> None:
        hubspot.fault("status", {"path": "/"}, params={"status": 401}, count=2)
        with pytest.raises(TokenBusy):
            call(portal)
        a_minute_passes()
        hubspot.fault("status", {"path": "/crm"}, params={"status": 401}, count=2)
        with pytest.raises(Unauthorized):
            client_for(portal, WorkClass.URGENT).request("GET", "/crm/owners/{version}")
        credential = Credential.objects.get()
        assert (credential.refused_at, credential.failures, credential.latest_error) == (None, 0, "")

    def test_hubspot_that_cannot_be_asked_proves_nothing(self, hubspot: HubSpot, portal: Portal) -> None:
        hubspot.fault("status", {"path": "/crm"}, params={"status": 401})
        hubspot.fault("status", {"path": "/account-info"}, params={"status": 503})
        with pytest.raises(TokenBusy, match="cannot be asked"):
            client_for(portal, WorkClass.URGENT).request("GET", "/crm/owners/{version}")
        assert Credential.objects.get().refused_at is None

    def test_many_refused_tokens_stop_no_refreshing(self) -> None:
        """Each is its own account's affair; they say nothing about our client secret."""
        for _ in range(6):
            store(make_portal(), "pat-na1-12345678")
        Credential.objects.update(refused_at=timezone.now())
        assert not endpoint.many_are_refused()
