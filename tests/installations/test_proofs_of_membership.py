"""HubSpot says who belongs to an account, and is asked again: who left it there is out here within twelve hours."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx2
import pytest
from django.test import Client

from installations.models import Membership, Portal
from installations.people import members
from tests.clock import Clock
from tests.consent import decide, way_back
from tests.hubspot import Account, HubSpot
from tests.portals import make_member, make_portal, sign_in_as

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_server")]
Role = Membership.Role


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    return hubspot.add_account()


def installed(account: Account) -> Portal:
    """Let the account's admin install the app, and own the portal."""
    browser = Client()
    browser.get(way_back(browser, "/install", account))
    return Portal.objects.get(hub_id=account.hub_id)


def let_in(portal: Portal, user_id: int, role: Membership.Role) -> None:
    owner = portal.memberships.get(role=Role.OWNER)
    members.change_role(owner, portal.memberships.get(user_id=user_id).pk, role)


def signed_in(account: Account, user_id: int) -> Client:
    browser = Client()
    browser.get(way_back(browser, "/signin", account, user_id=user_id))
    return browser


def leaves_hubspot(hubspot: HubSpot, account: Account, user_id: int) -> None:
    hubspot.call("DELETE", f"/_emulator/portals/{account.hub_id}/users/{user_id}")


def comes_back(browser: Client, answer_of_portal_page: str, account: Account, user_id: int) -> str:
    """Go through HubSpot from where a page has led, and return where the callback leads."""
    parts = urlsplit(decide(browser.get(answer_of_portal_page)["Location"], account, user_id=user_id))
    return str(browser.get(f"{parts.path}?{parts.query}")["Location"])


def test_who_leaves_the_account_is_out_within_twelve_hours(account: Account, hubspot: HubSpot, clock: Clock) -> None:
    """Neither their session nor HubSpot lets them in again; those who stayed pass."""
    portal = installed(account)
    signed_in(account, account.user_id)
    let_in(portal, account.user_id, Role.ADMIN)
    gone, page = signed_in(account, account.user_id), f"/portals/{account.hub_id}/activity/"
    leaves_hubspot(hubspot, account, account.user_id)
    opened = []
    for _ in range(13):
        opened.append(gone.get(page).status_code == 200)
        clock.advance(hours=1)
    assert opened == [True] * 12 + [False], "out at the first request after twelve hours"
    to_prove = gone.get(page)
    assert to_prove["Location"] == f"/signin?hub_id={account.hub_id}"
    at_hubspot = gone.get(to_prove["Location"])["Location"]
    form = {"hub_id": str(account.hub_id), "user_id": str(account.user_id), "decision": "grant"}
    refusal = httpx2.post(at_hubspot, data=form, timeout=30)
    assert refusal.status_code != 302, "HubSpot sends nobody back who is not in the account"
    assert gone.get(page, headers={"HX-Request": "true"}).status_code == 404
    assert signed_in(account, account.admin_id).get(page).status_code == 200


def test_the_way_through_hubspot_leads_back_to_the_page(account: Account, clock: Clock) -> None:
    installed(account)
    browser = signed_in(account, account.admin_id)
    clock.advance(hours=7)
    page = f"/portals/{account.hub_id}/records/contacts/?q=ada"
    assert browser.get(page).status_code == 200
    clock.advance(hours=6)
    asked = browser.get(page)
    assert asked["Location"] == f"/signin?hub_id={account.hub_id}"
    assert comes_back(browser, asked["Location"], account, account.admin_id) == page
    assert browser.get(page).status_code == 200
    again = way_back(browser, "/signin", account, user_id=account.admin_id)
    assert browser.get(again)["Location"] == f"/portals/{account.hub_id}/", "once"


def test_a_form_sent_with_an_old_proof_changes_nothing_and_says_so(account: Account, clock: Clock) -> None:
    portal = installed(account)
    browser = signed_in(account, account.admin_id)
    clock.advance(hours=7)
    browser.get(f"/portals/{account.hub_id}/activity/")
    clock.advance(hours=6)
    answer = browser.post(f"/portals/{account.hub_id}/disconnect/", {"confirm": account.hub_id})
    assert answer["Location"] == f"/signin?hub_id={account.hub_id}"
    portal.refresh_from_db()
    assert portal.state == Portal.State.ACTIVE
    onward = comes_back(browser, answer["Location"], account, account.admin_id)
    assert onward == f"/portals/{account.hub_id}/"
    assert "Nothing was changed yet" in browser.get(onward).content.decode()


def test_each_account_is_confirmed_for_itself(hubspot: HubSpot, clock: Clock) -> None:
    """Somebody of two accounts: signing in to one says nothing about the other, which the switcher says."""
    first, second = hubspot.add_account(), hubspot.add_account()
    user = {"user_id": first.admin_id, "email": f"admin@{first.hub_id}.example"}
    hubspot.call("POST", f"/_emulator/portals/{second.hub_id}/users", user)
    installed(first)
    portal = installed(second)
    signed_in(second, first.admin_id)
    let_in(portal, first.admin_id, Role.VIEWER)
    clock.advance(hours=13)
    browser = signed_in(first, first.admin_id)
    pages = [browser.get(address).content.decode() for address in (f"/portals/{first.hub_id}/", "/", "/account/")]
    for page in pages:
        assert f'data-to-confirm="{second.hub_id}"' in page
        assert f"/signin?hub_id={second.hub_id}" in page
        assert f'href="/portals/{second.hub_id}/"' not in page
    asked = browser.get(f"/portals/{second.hub_id}/")
    comes_back(browser, asked["Location"], second, first.admin_id)
    assert "data-to-confirm" not in browser.get(f"/portals/{first.hub_id}/").content.decode()
    assert f'href="/portals/{second.hub_id}/"' in browser.get(f"/portals/{first.hub_id}/").content.decode()


def test_signing_in_makes_nobody_an_admin(account: Account) -> None:
    """Of an account's users the installer alone has a role, however often the others sign in or install again."""
    portal = installed(account)
    for way in ("/signin", "/install", "/signin"):
        browser = Client()
        browser.get(way_back(browser, way, account, user_id=account.user_id))
        assert browser.get(f"/portals/{account.hub_id}/settings/").status_code == 404
    roles = dict(portal.memberships.values_list("user_id", "role"))
    assert roles == {account.admin_id: Role.OWNER, account.user_id: Role.WAITING}


def test_the_same_address_is_not_the_same_user(account: Account, hubspot: HubSpot) -> None:
    """A user who left, and a new one with the same e-mail address: nothing is inherited."""
    portal = installed(account)
    signed_in(account, account.user_id)
    let_in(portal, account.user_id, Role.ADMIN)
    address = portal.memberships.get(user_id=account.user_id).email
    leaves_hubspot(hubspot, account, account.user_id)
    heir = account.user_id + 5
    hubspot.call("POST", f"/_emulator/portals/{account.hub_id}/users", {"user_id": heir, "email": address})
    browser = signed_in(account, heir)
    assert browser.get(f"/portals/{account.hub_id}/settings/").status_code == 404
    assert portal.memberships.get(user_id=heir).email == address
    assert portal.memberships.get(user_id=heir).role == Role.WAITING
    assert portal.memberships.get(user_id=account.user_id).role == Role.ADMIN


def test_the_same_address_in_another_account_opens_nothing() -> None:
    portal, other = make_portal(), make_portal()
    make_member(portal, 1, Role.OWNER)
    make_member(other, 2, Role.OWNER)
    Membership.objects.update(email="same@example.com")
    browser = Client()
    sign_in_as(browser, 2)
    assert browser.get(f"/portals/{portal.hub_id}/activity/").status_code == 404
    assert browser.get(f"/portals/{other.hub_id}/activity/").status_code == 200
