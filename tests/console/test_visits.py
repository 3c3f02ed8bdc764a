"""How long staff stay signed in, and signing out of all browsers at once."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from hubapp.models import StaffVisit
from hubapp.tasks import clear_sessions
from tests.clock import Clock

from .staff import PASSWORD, make_staff, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_server")]
LIST = "/admin/lanes/lane/"


def browser_of(user: User) -> Client:
    browser = Client()
    sign_in(browser, user)
    return browser


def is_in(browser: Client) -> bool:
    answer = browser.get(LIST)
    assert answer.status_code == 200 or answer["Location"].startswith("/admin/login/")
    return answer.status_code == 200


def test_two_hours_without_a_page_end_it(alice: User, clock: Clock) -> None:
    browser = browser_of(alice)
    for _ in range(2):
        clock.advance(hours=1, minutes=58)
        assert is_in(browser)
    clock.advance(hours=2, minutes=1)
    assert not is_in(browser)
    assert not is_in(browser), "and it stays so"


def test_twelve_hours_end_it_however_busy(alice: User, clock: Clock) -> None:
    browser = browser_of(alice)
    for _ in range(11):
        clock.advance(hours=1)
        assert is_in(browser)
    clock.advance(hours=1)
    assert not is_in(browser)


def test_signing_in_through_the_form_begins_one(console: Client, clock: Clock) -> None:
    assert StaffVisit.objects.count() == 1
    assert is_in(console)
    console.post("/staff/login/", {"login": "alice", "password": PASSWORD})
    assert StaffVisit.objects.count() == 1


def test_signing_out_everywhere_ends_all_with_their_next_request(alice: User) -> None:
    browsers, other = [browser_of(alice) for _ in range(5)], browser_of(make_staff("bob"))
    answer = browsers[0].post("/staff/logout/everywhere/", follow=True)
    assert "You are signed out everywhere." in answer.content.decode()
    assert [is_in(browser) for browser in browsers] == [False] * 5
    assert is_in(other)


def test_the_button_is_on_every_page(console: Client) -> None:
    assert 'formaction="/staff/logout/everywhere/"' in console.get(LIST).content.decode()


def test_nobody_signed_in_is_only_led_to_the_form(client: Client) -> None:
    assert client.post("/staff/logout/everywhere/")["Location"] == "/staff/login/"


def test_a_link_does_not_do_it(alice: User) -> None:
    browser = browser_of(alice)
    browser.get("/staff/logout/everywhere/")
    assert is_in(browser)


def test_a_session_without_its_visit_opens_nothing(alice: User) -> None:
    browser = browser_of(alice)
    StaffVisit.objects.all().delete()
    assert not is_in(browser)
    assert not browser.cookies[settings.STAFF_SESSION_COOKIE_NAME].value


def test_another_ones_visit_opens_nothing(alice: User) -> None:
    browser = browser_of(alice)
    StaffVisit.objects.update(user=make_staff("bob"))
    assert not is_in(browser)


def test_a_new_password_leaves_this_browser_in_and_puts_the_others_out(alice: User) -> None:
    here, elsewhere = browser_of(alice), browser_of(alice)
    new = "another correct horse"
    here.post("/staff/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert is_in(here)
    assert not is_in(elsewhere)


def test_what_is_over_is_purged(alice: User, clock: Clock) -> None:
    browser_of(alice)
    clock.advance(hours=2, minutes=1)
    under_way = browser_of(alice)
    clear_sessions()
    assert StaffVisit.objects.count() == 1
    assert is_in(under_way)
