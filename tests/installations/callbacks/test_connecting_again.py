"""Connecting an account again: which credential is kept, and that no role changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from hubspot_api.secret import Secret
from installations.credentials.vault import Vault
from installations.models import Credential, Membership, Portal
from lanes.models import Lane
from tests.consent import way_back
from tests.hubspot import Account, HubSpot, wait_for
from tests.installations.callbacks.codes import a_code, introspections

pytestmark = pytest.mark.django_db


def test_fewer_scopes_replace_a_credential_that_is_dead_at_hubspot(
    client: Client, account: Account, hubspot: HubSpot
) -> None:
    """Taken out in HubSpot and installed again from its marketplace, before we noticed the first."""
    client.get(way_back(client, "/install", account))
    hubspot.uninstall(account)
    scopes = ["oauth", "crm.objects.contacts.read"]
    client.get("/oauth/callback", {"code": a_code(account, scopes=scopes), "returnUrl": "https://app.hubspot.com/"})
    assert Credential.objects.get().scopes == sorted(scopes)


def test_fewer_scopes_do_not_replace_a_credential_that_works(client: Client, account: Account) -> None:
    client.get(way_back(client, "/install", account))
    before = Credential.objects.values().get()
    code = a_code(account, scopes=["oauth", "crm.objects.contacts.read"], user_id=account.user_id)
    assert client.get("/oauth/callback", {"code": code, "returnUrl": "https://app.hubspot.com/"}).status_code == 302
    assert Credential.objects.values().get() == before


def test_fewer_scopes_do_not_replace_a_credential_whose_token_before_works(client: Client, account: Account) -> None:
    """A renewal would fall back on it."""
    client.get(way_back(client, "/install", account))
    credential = Credential.objects.get()
    sealed = Vault(credential.portal).seal("refresh_token", Secret("revoked"))
    Credential.objects.update(previous_refresh_token=credential.refresh_token, refresh_token=sealed)
    before = Credential.objects.values().get()
    code = a_code(account, scopes=["oauth", "crm.objects.contacts.read"], user_id=account.user_id)
    assert client.get("/oauth/callback", {"code": code, "returnUrl": "https://app.hubspot.com/"}).status_code == 302
    assert Credential.objects.values().get() == before


def test_nobody_asks_after_a_credential_that_is_replaced_anyway(
    client: Client, account: Account, hubspot: HubSpot
) -> None:
    client.get(way_back(client, "/install", account))
    once = introspections(hubspot)
    client.get(way_back(client, "/install", account))
    assert introspections(hubspot) == 2 * once


@pytest.mark.django_db(transaction=True)
def test_fewer_scopes_do_not_replace_what_came_in_while_we_looked(
    client: Client, other_browser: Client, account: Account, hubspot: HubSpot
) -> None:
    """The one with fewer saw a dead credential; before it stores its own, the account is connected with all."""
    client.get(way_back(client, "/install", account))
    hubspot.uninstall(account)
    query = {"code": a_code(account, scopes=["oauth"]), "returnUrl": "https://app.hubspot.com/"}
    hubspot.fault("latency", {"path": "/account-info/2026-03/details"}, params={"ms": 3000}, count=1)
    asked = introspections(hubspot)

    def connect_with_fewer() -> int:
        try:
            return Client().get("/oauth/callback", query).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        fewer = thread.submit(connect_with_fewer)
        wait_for(lambda: introspections(hubspot) == asked + 2, what="its own token and the dead one to be asked after")
        other_browser.get(way_back(other_browser, "/install", account))
        assert fewer.result(timeout=30) == 302
    assert Credential.objects.get().scopes == sorted(settings.HUBSPOT_SCOPES)


def test_connecting_again_changes_no_role(client: Client, other_browser: Client, account: Account) -> None:
    client.get(way_back(client, "/install", account))
    other_browser.get(way_back(other_browser, "/install", account, user_id=account.user_id))
    roles = dict(Membership.objects.values_list("user_id", "role"))
    assert roles == {account.admin_id: "owner", account.user_id: "waiting"}
    assert Portal.objects.count() == 1


def test_connecting_again_wakes_a_portal_that_needed_it(client: Client, account: Account) -> None:
    client.get(way_back(client, "/install", account))
    portal = Portal.objects.get()
    portal.move_to(Portal.State.NEEDS_RECONNECT, "gone")
    Lane.objects.update(parked=True)
    client.get(way_back(client, f"/install?hub_id={account.hub_id}", account))
    portal.refresh_from_db()
    assert (portal.state, portal.erase_at, portal.state_reason) == (Portal.State.ACTIVE, None, "")
    assert not Lane.objects.filter(parked=True).exists()
