"""An account connected by a private app's token: checked before it is kept, served, refused, replaced, taken over."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from crm.models import Record, Sync
from hubspot_api.account import account_details
from hubspot_api.errors import Unauthorized
from hubspot_api.secret import Secret
from installations.clients import client_for, client_with
from installations.credentials import endpoint, private_apps, tokens
from installations.credentials.lasting_tokens import BELIEVED_WITHIN, confirmed
from installations.credentials.private_apps import TokenNotTaken
from installations.errors import PortalNotConnected, ReconnectRequired, TokenBusy
from installations.leaving import disconnecting
from installations.models import AuditEntry, Credential, DataKey, Membership, Portal
from installations.ratelimit import WorkClass
from lanes.models import Lane
from tests.consent import way_back
from tests.crm.mirrored import install, work_until_idle
from tests.hubspot import Account, HubSpot, trust_limiter
from tests.pages.furniture import browser_of
from tests.portals import make_portal

pytestmark = pytest.mark.django_db(transaction=True)
STAFF = "staff alice"


@pytest.fixture(autouse=True)
def _switched_on(settings: Settings) -> None:
    settings.PRIVATE_APP_TOKENS = True


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    trust_limiter()
    return hubspot.add_account(contacts=3)


@pytest.fixture
def made(hubspot: HubSpot, account: Account) -> dict[str, Any]:
    return hubspot.private_token(account)


def add(token: str, owner_id: int | None = None) -> Portal:
    return private_apps.connect(private_apps.check(Secret(token)), STAFF, owner_id=owner_id)


@pytest.fixture
def portal(made: dict[str, Any]) -> Portal:
    return add(made["access_token"])


@transaction.atomic
def store(portal: Portal, token: str, *scopes: str) -> None:
    tokens.store_lasting(portal, Secret(token), scopes, user_id=None)


def call(portal: Portal) -> int:
    return account_details(client_for(portal, WorkClass.URGENT)).hub_id


def a_minute_passes() -> None:
    minute = timedelta(seconds=61)
    Credential.objects.update(refused_at=F("refused_at") - minute, retry_at=F("retry_at") - minute)


def state_of(portal: Portal) -> str:
    return str(Portal.objects.get(pk=portal.pk).state)


class TestAdding:
    def test_what_hubspot_says_is_kept_and_the_token_sealed(
        self, portal: Portal, account: Account, made: dict[str, Any]
    ) -> None:
        assert (portal.hub_id, portal.connection) == (account.hub_id, Portal.Connection.PRIVATE_APP)
        portal.refresh_from_db()
        assert portal.name == f"Account {account.hub_id}"
        assert portal.time_zone == "US/Eastern"
        credential = portal.credential
        assert credential.lasts
        assert credential.refresh_token == ""
        assert made["access_token"] not in credential.access_token
        assert set(credential.scopes) == {
            *("crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.deals.read"),
            *("tickets", "crm.objects.owners.read"),
        }
        entry = AuditEntry.objects.get(portal=portal)
        assert (entry.actor, entry.action) == (STAFF, "connected by a private app's token")
        assert "pat-" not in entry.detail
        assert call(portal) == account.hub_id

    def test_who_made_the_token_owns_the_portal_but_has_to_sign_in_first(
        self, client: Client, portal: Portal, account: Account
    ) -> None:
        owner = Membership.objects.get(portal=portal)
        assert (owner.user_id, owner.role) == (account.admin_id, "owner")
        answer = client.get(way_back(client, "/signin", account))
        assert answer["Location"] == f"/portals/{portal.hub_id}/"
        assert client.get(answer["Location"]).status_code == 200
        assert Membership.objects.get(portal=portal).email == f"admin@{account.hub_id}.example"

    def test_signed_in_elsewhere_is_not_signed_in_here(self, portal: Portal, account: Account) -> None:
        """The owner's browser proves who they are, but HubSpot never said that they are in this account still."""
        answer = browser_of(account.admin_id).get(f"/portals/{portal.hub_id}/")
        assert answer["Location"] == f"/signin?hub_id={portal.hub_id}"

    def test_staff_may_name_another_owner_and_others_wait(
        self, client: Client, account: Account, made: dict[str, Any]
    ) -> None:
        portal = add(made["access_token"], owner_id=account.user_id)
        client.get(way_back(client, "/signin", account))
        roles = dict(Membership.objects.filter(portal=portal).values_list("user_id", "role"))
        assert roles == {account.user_id: "owner", account.admin_id: "waiting"}

    def test_where_hubspot_says_nothing_about_the_token_staff_name_the_owner(
        self, hubspot: HubSpot, account: Account, made: dict[str, Any]
    ) -> None:
        hubspot.fault("status", {"path": "/oauth/v2/private-apps"}, params={"status": 404})
        with pytest.raises(TokenNotTaken, match="does not say who made this token"):
            add(made["access_token"])
        assert not Portal.objects.exists()
        portal = add(made["access_token"], owner_id=account.user_id)
        assert "tickets" in portal.credential.scopes, "assumed: what is refused will show"

    @pytest.mark.parametrize("busy", ["/account-info", "/oauth/v2/private-apps"])
    def test_hubspot_out_of_reach_keeps_nothing(self, hubspot: HubSpot, made: dict[str, Any], busy: str) -> None:
        hubspot.fault("status", {"path": busy}, params={"status": 503})
        with pytest.raises(TokenNotTaken, match="could not be asked"):
            add(made["access_token"])
        assert not Portal.objects.exists()

    @pytest.mark.usefixtures("account")
    @pytest.mark.parametrize("token", ["", "na1-1234567890", "pat-na1-00000000-0000-4000-8000-000000000000"])
    def test_what_is_no_token_is_refused(self, token: str) -> None:
        with pytest.raises(TokenNotTaken) as refused:
            add(token)
        assert "0000-4000" not in str(refused.value)
        assert not Portal.objects.exists()

    def test_switched_off_hubspot_is_not_even_asked(
        self, hubspot: HubSpot, settings: Settings, account: Account, made: dict[str, Any]
    ) -> None:
        settings.PRIVATE_APP_TOKENS = False
        with pytest.raises(TokenNotTaken, match="switched off"):
            add(made["access_token"])
        assert hubspot.requests(account.hub_id) == []

    def test_an_account_that_installed_the_app_is_not_taken_over(
        self, hubspot: HubSpot, account: Account, made: dict[str, Any]
    ) -> None:
        installed = install(hubspot, account)
        with pytest.raises(TokenNotTaken, match="has installed the app"):
            add(made["access_token"])
        disconnecting.begin(installed, STAFF)
        with pytest.raises(TokenNotTaken, match="being disconnected"):
            add(made["access_token"])
        assert not Credential.objects.get(portal=installed).lasts

    def test_of_two_who_add_it_at_once_one_is_refused(self, made: dict[str, Any]) -> None:
        def attempt(_: int) -> str:
            try:
                add(made["access_token"])
            except TokenNotTaken as refused:
                return str(refused)
            finally:
                connection.close()
            return "added"

        with ThreadPoolExecutor(4) as pool:
            said = list(pool.map(attempt, range(4)))
        assert said.count("added") == 1
        assert all("Replace its token instead" in one for one in said if one != "added")
        assert Portal.objects.count() == Membership.objects.count() == 1


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


class TestLeaving:
    def test_our_copy_of_the_token_goes_at_once_and_hubspot_is_not_told(
        self, client: Client, hubspot: HubSpot, portal: Portal, account: Account
    ) -> None:
        client.get(way_back(client, "/signin", account))
        page = client.post(f"/portals/{portal.hub_id}/disconnect/").content.decode()
        assert "delete the private app there" in page
        assert "destroy_now" not in page
        answer = client.post(f"/portals/{portal.hub_id}/disconnect/", {"confirm": str(portal.hub_id)}, follow=True)
        assert "the token works on" in answer.content.decode()
        portal.refresh_from_db()
        assert portal.state == Portal.State.DISCONNECTED
        assert "delete the private app" in portal.state_reason
        assert not Credential.objects.exists()
        assert DataKey.objects.get().wrapped is None
        work_until_idle()
        assert hubspot.requests(path="/appinstalls") == []
        with pytest.raises(PortalNotConnected):
            call(portal)


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


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    yield
    close_old_connections()
