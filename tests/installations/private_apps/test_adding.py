"""An account connected by a private app's token: checked before it is kept, and gone when the portal leaves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from installations.credentials.private_apps import TokenNotTaken
from installations.errors import PortalNotConnected
from installations.leaving import disconnecting
from installations.models import AuditEntry, Credential, DataKey, Membership, Portal
from tests.consent import way_back
from tests.crm.mirrored import install, work_until_idle
from tests.hubspot import Account, HubSpot
from tests.installations.private_apps.connected import STAFF, add, call
from tests.pages.furniture import browser_of

pytestmark = pytest.mark.django_db(transaction=True)


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
