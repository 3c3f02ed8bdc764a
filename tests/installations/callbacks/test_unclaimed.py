"""Signing in to an account that is not connected: somebody decides, or the app is taken out again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone

from installations import tasks
from installations.connecting import install
from installations.models import Credential, Membership, Portal, UnclaimedGrant, Uninstall
from tests.consent import way_back
from tests.hubspot import Account, HubSpot, wait_for
from tests.installations.callbacks.codes import installs_of

pytestmark = pytest.mark.django_db


def test_a_second_user_signs_in_and_waits(client: Client, other_browser: Client, account: Account) -> None:
    client.get(way_back(client, "/install", account))
    before = Credential.objects.values().get()
    answer = other_browser.get(way_back(other_browser, "/signin", account, user_id=account.user_id))
    assert answer["Location"] == f"/portals/{account.hub_id}/"
    assert Membership.objects.get(user_id=account.user_id).role == Membership.Role.WAITING
    assert Credential.objects.values().get() == before, "a sign-in must not touch the installation's tokens"
    assert other_browser.get(f"/portals/{account.hub_id}/records/contacts/").status_code == 404


def test_signing_in_to_an_account_that_is_not_connected_asks_first(
    client: Client, account: Account, hubspot: HubSpot
) -> None:
    answer = client.get(way_back(client, "/signin", account))
    assert answer["Location"] == "/oauth/unclaimed"
    assert not Portal.objects.exists()
    assert client.get("/oauth/unclaimed").status_code == 200
    answer = client.post("/oauth/unclaimed/decide", {"decision": "no"})
    assert answer["Location"] == "/"
    assert not UnclaimedGrant.objects.exists()
    state = hubspot.call("GET", "/_emulator/state")
    (found,) = [portal for portal in state["portals"] if portal["hub_id"] == account.hub_id]
    assert found["installs"] == [], "the app must be gone from the account again"


def test_and_on_yes_goes_on_to_the_install(client: Client, account: Account) -> None:
    client.get(way_back(client, "/signin", account))
    answer = client.post("/oauth/unclaimed/decide", {"decision": "connect"})
    assert answer["Location"] == f"/install?hub_id={account.hub_id}"
    client.get(way_back(client, answer["Location"], account))
    assert Portal.objects.get().state == Portal.State.ACTIVE


def test_after_a_yes_that_came_to_nothing_the_app_is_taken_out_again(
    client: Client, account: Account, hubspot: HubSpot
) -> None:
    client.get(way_back(client, "/signin", account))
    answer = client.post("/oauth/unclaimed/decide", {"decision": "connect"})
    client.get(way_back(client, answer["Location"], account, decision="cancel"))
    UnclaimedGrant.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert install.give_up_unclaimed() == 1
    state = hubspot.call("GET", "/_emulator/state")
    assert [portal["installs"] for portal in state["portals"] if portal["hub_id"] == account.hub_id] == [[]]


def test_a_late_yes_has_the_time_of_a_round_trip(client: Client, account: Account, hubspot: HubSpot) -> None:
    """Or the app would be taken out of the account while its person reads the consent page."""
    client.get(way_back(client, "/signin", account))
    UnclaimedGrant.objects.update(created_at=timezone.now() - timedelta(minutes=9))
    answer = client.post("/oauth/unclaimed/decide", {"decision": "connect"})
    back = way_back(client, answer["Location"], account)
    UnclaimedGrant.objects.update(created_at=F("created_at") - timedelta(minutes=2))
    assert install.give_up_unclaimed() == 0
    client.get(back)
    assert not UnclaimedGrant.objects.exists()
    assert installs_of(account, hubspot) != []


def test_what_is_connected_is_not_given_up(client: Client, account: Account, hubspot: HubSpot) -> None:
    client.get(way_back(client, "/signin", account))
    answer = client.post("/oauth/unclaimed/decide", {"decision": "connect"})
    client.get(way_back(client, answer["Location"], account))
    UnclaimedGrant.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert install.give_up_unclaimed() == 0
    state = hubspot.call("GET", "/_emulator/state")
    assert [portal["installs"] for portal in state["portals"] if portal["hub_id"] == account.hub_id] != [[]]


def test_nobody_decides_about_a_grant_of_another_browser(
    client: Client, other_browser: Client, account: Account
) -> None:
    client.get(way_back(client, "/signin", account))
    assert other_browser.post("/oauth/unclaimed/decide", {"decision": "no"}).status_code == 404
    assert UnclaimedGrant.objects.exists()


def test_what_nobody_decides_about_is_given_up(client: Client, account: Account, hubspot: HubSpot) -> None:
    client.get(way_back(client, "/signin", account))
    UnclaimedGrant.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert install.give_up_unclaimed() == 1
    assert not UnclaimedGrant.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nobody_connects_an_account_while_the_app_is_taken_out_of_it(
    client: Client, other_browser: Client, account: Account, hubspot: HubSpot
) -> None:
    """HubSpot would end the new connection with the old one."""
    client.get(way_back(client, "/signin", account))
    UnclaimedGrant.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    back = way_back(other_browser, "/install", account)
    hubspot.fault("latency", {"path": "/appinstalls/2026-03/external-install"}, params={"ms": 3000}, count=1)

    def give_up() -> int:
        try:
            return install.give_up_unclaimed()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        given_up = thread.submit(give_up)
        wait_for(Uninstall.objects.exists, what="the uninstall to begin")
        answer = other_browser.get(back)
        assert given_up.result(timeout=30) == 1
    assert answer.status_code == 503
    assert "just leaving this account" in answer.content.decode()
    assert not Portal.objects.exists()
    assert not Uninstall.objects.exists()
    other_browser.get(way_back(other_browser, "/install", account))
    assert installs_of(account, hubspot) != []
    assert Portal.objects.get().state == Portal.State.ACTIVE


def test_an_uninstall_cut_short_keeps_nobody_out_for_long(client: Client, account: Account) -> None:
    Uninstall.objects.create(hub_id=account.hub_id, until=timezone.now() + timedelta(minutes=1))
    assert client.get(way_back(client, "/install", account)).status_code == 503
    Uninstall.objects.update(until=timezone.now())
    assert client.get(way_back(client, "/install", account)).status_code == 302
    tasks.purge_flows()
    assert not Uninstall.objects.exists()
