"""Every address of the console, from the URL configuration, so that a new page cannot be forgotten."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from installations.models import Membership, Portal
from tests.portals import make_member, sign_in_as

from .staff import PASSWORD, addresses, sign_in

pytestmark = pytest.mark.django_db
CONSOLE = addresses("/admin/")
STAFF_PAGES = [address for address in addresses("/staff/") if address not in {"/staff/login/", "/staff/inactive/"}]


@pytest.mark.parametrize("address", CONSOLE)
def test_a_stranger_is_led_to_the_sign_in(client: Client, address: str) -> None:
    for answer in (client.get(address, follow=True), client.post(address, follow=True)):
        steps = [step for step, _ in answer.redirect_chain]
        assert steps, "answered at once"
        assert steps[-1].startswith("/staff/login/"), steps


@pytest.mark.parametrize("address", CONSOLE)
def test_a_portals_owner_is_a_stranger_here(client: Client, portal: Portal, address: str) -> None:
    make_member(portal, 77, Membership.Role.ADMIN)
    sign_in_as(client, 77)
    assert client.get(f"/portals/{portal.hub_id}/activity/").status_code == 200
    test_a_stranger_is_led_to_the_sign_in(client, address)


def test_the_visitors_cookie_opens_nothing_here_even_with_staffs_session_in_it(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("address", STAFF_PAGES)
def test_pages_about_the_own_account_are_for_nobody_else(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code in {302, 404}
    assert "/staff/login/" in answer.headers.get("Location", "/staff/login/")


def test_a_user_who_is_not_staff_cannot_even_sign_in(client: Client) -> None:
    User.objects.create_user("bob", password=PASSWORD)
    answer = client.post("/staff/login/", {"login": "bob", "password": PASSWORD})
    assert answer.status_code == 200
    assert b"not correct" in answer.content


def test_somebody_who_was_staff_is_a_stranger_at_the_next_request(console: Client, alice: User) -> None:
    assert console.get("/admin/").status_code == 200
    User.objects.filter(pk=alice.pk).update(is_staff=False)
    assert console.get("/admin/").status_code == 302
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_active=False)
    assert console.get("/admin/").status_code == 302


@pytest.mark.parametrize("address", CONSOLE)
def test_without_a_second_factor_nothing_opens_where_it_is_demanded(
    client: Client, alice: User, settings: Settings, address: str
) -> None:
    settings.STAFF_MFA_REQUIRED = True
    sign_in(client, alice)
    for answer in (client.get(address), client.post(address)):
        if address == "/admin/login/":
            answer = client.get(answer["Location"])
        assert answer.status_code == 302
        assert answer["Location"].startswith("/staff/second-factor/totp/activate/"), answer["Location"]
