from __future__ import annotations

import logging

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from installations.models import Membership, Portal
from tests.portals import make_member, sign_in_as

from .staff import PASSWORD, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_server")]


@pytest.fixture(autouse=True)
def _no_attempts_yet(db: None) -> None:
    cache.clear()


def attempt(client: Client, username: str = "alice", password: str = "wrong", **extra: str) -> str:
    answer = client.post("/staff/login/", {"login": username, "password": password}, **extra)  # type: ignore[arg-type]
    return answer.headers.get("Location", "") or answer.content.decode()


def test_a_stranger_is_led_to_the_form_and_through_it_to_the_console(client: Client, alice: User) -> None:
    asked = client.get("/admin/lanes/lane/?kind=events", follow=True)
    assert b'name="password"' in asked.content
    last_address, _ = asked.redirect_chain[-1]
    answer = client.post(last_address, {"login": "alice", "password": PASSWORD}, follow=True)
    assert answer.redirect_chain == [("/admin/lanes/lane/?kind=events", 302)]
    assert answer.status_code == 200


def test_nobody_is_sent_elsewhere_after_signing_in(client: Client, alice: User) -> None:
    answer = client.post("/staff/login/?next=https://evil.example/", {"login": "alice", "password": PASSWORD})
    assert answer["Location"] == "/admin/"


def test_a_wrong_password_says_no_more_than_that(client: Client, alice: User) -> None:
    assert "not correct" in attempt(client)
    assert "not correct" in attempt(client, username="nobody")
    assert PASSWORD not in attempt(client)


def test_guessing_one_password_is_stopped_after_five(client: Client, alice: User) -> None:
    for number in range(5):
        assert "not correct" in attempt(client, REMOTE_ADDR=f"203.0.113.{number}")
    assert "Too many" in attempt(client, password=PASSWORD, REMOTE_ADDR="203.0.113.99")


def test_guessing_many_names_from_one_address_is_stopped_after_ten(client: Client, alice: User) -> None:
    said = [attempt(client, username=f"user{number}") for number in range(20)]
    assert all("not correct" in one for one in said[:10])
    assert all("Too many" in one for one in said[10:])


def test_posting_without_end_gets_a_page_that_says_so(client: Client) -> None:
    answers = [client.post("/staff/login/", {}) for _ in range(31)]
    assert answers[29].status_code == 200
    assert answers[30].status_code == 429
    assert b"Wait a minute" in answers[30].content


@pytest.mark.parametrize("address", ["/staff/signup/", "/staff/password/reset/", "/accounts/signup/", "/staff/email/"])
def test_there_is_no_way_to_become_staff_from_outside(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404
    assert client.post(address, {"email": "x@example.com"}).status_code == 404


def test_the_session_gets_a_new_name_when_somebody_signs_in(client: Client, alice: User) -> None:
    client.get("/staff/login/")
    client.cookies[settings.STAFF_SESSION_COOKIE_NAME] = "planted"
    attempt(client, password=PASSWORD)
    assert client.cookies[settings.STAFF_SESSION_COOKIE_NAME].value != "planted"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: Client, alice: User) -> None:
    attempt(client, password=PASSWORD)
    cookie = client.cookies[settings.STAFF_SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert not cookie["max-age"]  # ends with the browser
    assert settings.SESSION_COOKIE_NAME not in client.cookies


def test_staff_and_portal_users_have_sessions_of_their_own(client: Client, alice: User, portal: Portal) -> None:
    """In one browser, either may sign in and out without the other noticing."""
    make_member(portal, 77, Membership.Role.ADMIN)
    page = f"/portals/{portal.hub_id}/activity/"
    sign_in_as(client, 77)
    attempt(client, password=PASSWORD)
    assert client.get(page).status_code == client.get("/admin/").status_code == 200

    client.post("/signout")
    assert client.get(page).status_code == 404
    assert client.get("/admin/").status_code == 200

    sign_in_as(client, 77)
    client.post("/admin/logout/")
    assert client.get("/admin/").status_code == 302
    assert client.get(page).status_code == 200


def test_staff_are_nobody_on_portal_pages(client: Client, alice: User, portal: Portal) -> None:
    sign_in(client, alice)
    answer = client.get("/")
    assert not answer.wsgi_request.user.is_authenticated
    assert client.get(f"/portals/{portal.hub_id}/").status_code == 404


def test_a_message_for_staff_does_not_show_on_portal_pages(console: Client) -> None:
    console.get("/admin/webhooks/event/1/change/")  # leaves a message, and redirects
    assert b"exist" not in console.get("/").content
    assert b"exist" in console.get("/admin/webhooks/event/").content


def test_signing_in_and_failing_to_leave_a_trace(client: Client, alice: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        attempt(client, username="hunter2", password="x")
        attempt(client, password=PASSWORD)
    assert "Somebody failed to sign in as staff." in caplog.messages
    assert "Staff alice signed in." in caplog.messages
    assert "hunter2" not in caplog.text


def test_signing_out_takes_the_cookie_away(console: Client) -> None:
    cookie = console.post("/admin/logout/").cookies[settings.STAFF_SESSION_COOKIE_NAME]
    assert (cookie.value, cookie["max-age"]) == ("", 0)


def test_signing_out_takes_a_post(console: Client) -> None:
    console.get("/admin/logout/")
    assert console.get("/admin/").status_code == 200
