"""A connection begun for one account comes back for another: a slip of the hand at HubSpot's list of accounts."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import httpx2
import pytest
from django.test import Client
from django.utils import timezone

from installations.connecting import install
from installations.models import AuditEntry, Credential, Membership, Portal, UnclaimedGrant
from installations.people import visitors
from tests.consent import way_back
from tests.hubspot import Account, HubSpot, trust_limiter
from tests.pages.reading import page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def expected(hubspot: HubSpot) -> Account:
    trust_limiter()
    return hubspot.add_account()


@pytest.fixture
def chosen(hubspot: HubSpot) -> Account:
    return hubspot.add_account()


def choose_another(client: Client, start: str, expected: Account, chosen: Account) -> str:
    """Begin for one account, and grant for another on HubSpot's page; return where the browser ends up."""
    url = client.get(f"{start}?hub_id={expected.hub_id}")["Location"]
    assert f"/oauth/{expected.hub_id}/authorize" in url, "HubSpot is asked for the account that was meant"
    form = {"hub_id": str(chosen.hub_id), "user_id": str(chosen.admin_id), "decision": "grant"}
    back = httpx2.post(url.replace(f"/{expected.hub_id}/", "/"), data=form, timeout=30).headers["location"]
    parts = urlsplit(back)
    return client.get(f"{parts.path}?{parts.query}")["Location"]


def installs_of(account: Account, hubspot: HubSpot) -> list[object]:
    portals = hubspot.call("GET", "/_emulator/state")["portals"]
    (found,) = [portal["installs"] for portal in portals if portal["hub_id"] == account.hub_id]
    return list(found)


def decide(client: Client, decision: str) -> str:
    return str(client.post("/oauth/other-account/decide", {"decision": decision})["Location"])


def test_the_page_names_both_and_nothing_is_connected(client: Client, expected: Account, chosen: Account) -> None:
    client.get(way_back(client, "/install", expected))
    before = Credential.objects.values().get(), list(Membership.objects.values())
    assert choose_another(client, "/install", expected, chosen) == "/oauth/other-account"
    page = page_of(client.get("/oauth/other-account"))
    assert str(expected.hub_id) in page.text
    assert str(chosen.hub_id) in page.text
    assert (Credential.objects.values().get(), list(Membership.objects.values())) == before
    assert list(Portal.objects.values_list("hub_id", flat=True)) == [expected.hub_id]
    visitor = visitors.read(client.session)
    assert visitor is not None
    assert visitor.user_id == expected.admin_id, "nor is anybody else signed in"


def test_choosing_again_takes_the_app_out_of_the_other_account(
    client: Client, expected: Account, chosen: Account, hubspot: HubSpot
) -> None:
    choose_another(client, "/install", expected, chosen)
    assert installs_of(chosen, hubspot), "HubSpot has installed it by then"
    again = decide(client, "again")
    assert again == f"/install?hub_id={expected.hub_id}"
    assert installs_of(chosen, hubspot) == []
    client.get(way_back(client, again, expected))
    assert Portal.objects.get().hub_id == expected.hub_id
    assert client.get("/oauth/other-account").status_code == 404, "it is decided"


def test_connecting_the_other_account_takes_one_more_consent(
    client: Client, expected: Account, chosen: Account
) -> None:
    choose_another(client, "/install", expected, chosen)
    onward = decide(client, "connect")
    assert not Portal.objects.exists()
    client.get(way_back(client, onward, chosen))
    assert Portal.objects.get().hub_id == chosen.hub_id
    assert not UnclaimedGrant.objects.exists()


@pytest.mark.parametrize("hubspot_fails", [True, False])
def test_leaving_it_leaves_nothing(
    client: Client, expected: Account, chosen: Account, hubspot: HubSpot, hubspot_fails: bool
) -> None:
    """At once, or should HubSpot fail just then, when the grants that nobody claims are given up."""
    choose_another(client, "/install", expected, chosen)
    if hubspot_fails:
        hubspot.fault("status", {"path": "/appinstalls/"}, params={"status": 503})
    assert decide(client, "leave") == "/"
    hubspot.call("DELETE", "/_emulator/faults")
    UnclaimedGrant.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert install.give_up_unclaimed() == (1 if hubspot_fails else 0)
    assert installs_of(chosen, hubspot) == []
    assert not Portal.objects.exists()


def test_whoever_closes_the_page_leaves_nothing_either(
    client: Client, expected: Account, chosen: Account, hubspot: HubSpot
) -> None:
    choose_another(client, "/install", expected, chosen)
    UnclaimedGrant.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert install.give_up_unclaimed() == 1
    assert installs_of(chosen, hubspot) == []
    assert decide(client, "connect") == f"/install?hub_id={chosen.hub_id}", "late, but not too late to begin anew"


@pytest.mark.parametrize("decision", ["again", "leave"])
def test_an_account_that_is_connected_stays_as_it_is(
    client: Client, expected: Account, chosen: Account, hubspot: HubSpot, decision: str
) -> None:
    """Its tokens, its people, and the app in it: a mistake made for another account touches none of them."""
    elsewhere = Client()
    elsewhere.get(way_back(elsewhere, "/install", chosen))
    before = Credential.objects.values().get(), list(Membership.objects.values()), AuditEntry.objects.count()
    choose_another(client, "/install", expected, chosen)
    page = page_of(client.get("/oauth/other-account"))
    assert "connected here already" in page.text
    assert not UnclaimedGrant.objects.exists()
    decide(client, decision)
    assert (Credential.objects.values().get(), list(Membership.objects.values()), AuditEntry.objects.count()) == before
    assert installs_of(chosen, hubspot)


def test_a_sign_in_that_ends_in_another_account_says_so(client: Client, expected: Account, chosen: Account) -> None:
    elsewhere = Client()
    elsewhere.get(way_back(elsewhere, "/install", chosen))
    where = choose_another(client, "/signin", expected, chosen)
    assert where == f"/portals/{chosen.hub_id}/"
    assert f"You chose account {chosen.hub_id} at HubSpot, not {expected.hub_id}." in page_of(client.get(where)).text


def test_no_other_browser_decides(client: Client, expected: Account, chosen: Account) -> None:
    choose_another(client, "/install", expected, chosen)
    stranger = Client()
    assert stranger.get("/oauth/other-account").status_code == 404
    assert stranger.post("/oauth/other-account/decide", {"decision": "leave"}).status_code == 404
    assert UnclaimedGrant.objects.exists()
