"""A private app's token that is replaced by another, and by an installation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from crm.models import Record, Sync
from hubspot_api.account import account_details
from hubspot_api.secret import Secret
from installations.clients import client_for, client_with
from installations.credentials import private_apps, tokens
from installations.credentials.lasting_tokens import confirmed
from installations.credentials.private_apps import TokenNotTaken
from installations.errors import ReconnectRequired, TokenBusy
from installations.leaving import disconnecting
from installations.models import AuditEntry, Credential, Membership, Portal
from installations.ratelimit import WorkClass
from lanes.models import Lane
from tests.consent import way_back
from tests.crm.mirrored import work_until_idle
from tests.hubspot import Account, HubSpot
from tests.installations.private_apps.connected import STAFF, a_minute_passes, add, call, state_of, store

pytestmark = pytest.mark.django_db(transaction=True)


class TestReplacing:
    def test_a_parked_portal_goes_on_and_its_data_is_kept(
        self, hubspot: HubSpot, portal: Portal, account: Account, made: dict[str, Any]
    ) -> None:
        work_until_idle("backfill")
        assert Record.objects.filter(portal=portal).count() == 3
        token = hubspot.rotate_private_token(account, made["app_id"])
        for _ in range(2):
            with pytest.raises((TokenBusy, ReconnectRequired)):
                call(portal)
            a_minute_passes()
        assert state_of(portal) == Portal.State.NEEDS_RECONNECT
        private_apps.replace(portal, private_apps.check(Secret(token), portal), STAFF)
        assert call(portal) == account.hub_id
        portal.refresh_from_db()
        assert (portal.state, portal.erase_at) == (Portal.State.ACTIVE, None)
        assert not Lane.objects.filter(portal=portal, parked=True).exists()
        assert Record.objects.filter(portal=portal).count() == 3
        assert AuditEntry.objects.filter(action="replaced the private app's token", actor=STAFF).exists()

    def test_a_caller_with_the_old_token_takes_the_new_one(
        self, hubspot: HubSpot, portal: Portal, account: Account, made: dict[str, Any]
    ) -> None:
        client = client_for(portal, WorkClass.URGENT)
        account_details(client)
        token = hubspot.rotate_private_token(account, made["app_id"])
        private_apps.replace(portal, private_apps.check(Secret(token), portal), STAFF)
        assert account_details(client).hub_id == account.hub_id
        assert Credential.objects.get().refused_at is None

    def test_who_was_refused_late_does_not_park_a_portal_with_a_new_token(
        self, hubspot: HubSpot, portal: Portal, account: Account, made: dict[str, Any]
    ) -> None:
        """The losing side: the second refusal of the old token is confirmed just after staff have replaced it."""
        Credential.objects.update(refused_at=timezone.now() - timedelta(minutes=2))
        token = hubspot.rotate_private_token(account, made["app_id"])
        rejected = tokens.live(tokens.credential_of(portal.pk)).token

        def refuse_late(_: Secret) -> None:
            private_apps.replace(portal, private_apps.check(Secret(token), portal), STAFF)
            account_details(client_with(Secret(made["access_token"]), portal.hub_id))

        with pytest.raises(TokenBusy, match="another token"):
            confirmed(portal.pk, rejected, refuse_late)
        assert state_of(portal) == Portal.State.ACTIVE
        assert call(portal) == account.hub_id

    def test_another_accounts_token_is_refused(self, hubspot: HubSpot, portal: Portal) -> None:
        other = hubspot.private_token(hubspot.add_account())["access_token"]
        with pytest.raises(TokenNotTaken, match="belongs to account"):
            private_apps.replace(portal, private_apps.check(Secret(other), portal), STAFF)
        call(portal)

    def test_a_portal_that_has_left_gets_none(self, portal: Portal, made: dict[str, Any]) -> None:
        disconnecting.begin(portal, STAFF)
        with pytest.raises(TokenNotTaken, match="no longer connected"):
            private_apps.replace(portal, private_apps.check(Secret(made["access_token"])), STAFF)

    def test_checking_again_opens_what_a_new_scope_allows(self, hubspot: HubSpot, account: Account) -> None:
        made = hubspot.private_token(account, ["crm.objects.contacts.read"])
        portal = add(made["access_token"])
        tickets = Sync.objects.get(portal=portal, object_type="0-5")
        assert tickets.state == Sync.State.UNAVAILABLE
        # As if a super admin had added the scope since: that the credential does not know of it is the difference.
        wider = hubspot.private_token(account)
        store(portal, wider["access_token"], "crm.objects.contacts.read")
        private_apps.check_again(portal, STAFF)
        tickets.refresh_from_db()
        assert tickets.state == Sync.State.FIRST_SYNC
        assert "tickets" in Credential.objects.get().scopes


class TestInstallingOverIt:
    def test_oauth_replaces_the_token_and_keeps_data_and_roles(
        self, client: Client, portal: Portal, account: Account
    ) -> None:
        work_until_idle("backfill")
        client.get(way_back(client, "/install", account))
        assert Portal.objects.count() == 1
        portal.refresh_from_db()
        assert portal.connection == Portal.Connection.OAUTH
        credential = Credential.objects.get()
        assert not credential.lasts
        assert credential.refresh_token
        assert Record.objects.filter(portal=portal).count() == 3
        assert Membership.objects.get(user_id=account.admin_id).role == "owner"
        assert AuditEntry.objects.filter(action="connected again", detail__contains="private app").exists()
        assert call(portal) == account.hub_id

    def test_scopes_that_we_never_ask_for_do_not_keep_the_token(
        self, client: Client, hubspot: HubSpot, account: Account
    ) -> None:
        made = hubspot.private_token(account, [*settings.HUBSPOT_SCOPES[1:], "files", "crm.objects.contacts.write"])
        portal = add(made["access_token"])
        client.get(way_back(client, "/install", account))
        portal.refresh_from_db()
        assert portal.connection == Portal.Connection.OAUTH

    def test_a_refused_token_is_replaced_too(self, client: Client, portal: Portal, account: Account) -> None:
        portal.move_to(Portal.State.NEEDS_RECONNECT, "rotated")
        client.get(way_back(client, "/install", account))
        portal.refresh_from_db()
        assert (portal.state, portal.connection) == (Portal.State.ACTIVE, Portal.Connection.OAUTH)

    def test_tokens_that_may_read_less_replace_nothing(
        self, client: Client, portal: Portal, account: Account, settings: Settings
    ) -> None:
        asked, settings.HUBSPOT_SCOPES = settings.HUBSPOT_SCOPES, ["oauth", "crm.objects.contacts.read"]
        back = way_back(client, "/install", account)
        settings.HUBSPOT_SCOPES = asked
        client.get(back)
        portal.refresh_from_db()
        assert portal.connection == Portal.Connection.PRIVATE_APP
        assert Credential.objects.get().lasts
        assert call(portal) == account.hub_id

    def test_a_weaker_user_who_installs_waits(self, client: Client, account: Account, made: dict[str, Any]) -> None:
        portal = add(made["access_token"], owner_id=account.user_id)
        client.get(way_back(client, "/install", account))
        roles = dict(Membership.objects.filter(portal=portal).values_list("user_id", "role"))
        assert roles == {account.user_id: "owner", account.admin_id: "waiting"}
