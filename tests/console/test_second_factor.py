from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from .staff import PASSWORD, one_time_code, sign_in

# Real commits: django-allauth tells of a new second factor after its transaction.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]
SET_UP = "/staff/second-factor/totp/activate/"


@pytest.fixture(autouse=True)
def _demanded(settings: Settings, db: None) -> None:
    settings.STAFF_MFA_REQUIRED = True
    cache.clear()


def with_password(client: Client) -> str:
    answer = client.post("/staff/login/", {"login": "alice", "password": PASSWORD})
    return str(answer["Location"])


def set_up(client: Client) -> str:
    """Sign in and set a second factor up as somebody new would; return its secret."""
    with_password(client)
    page = client.get("/admin/", follow=True)
    assert page.redirect_chain[-1][0].startswith(SET_UP)
    found = re.search(r"<code>([A-Z2-7]{32})</code>", page.content.decode())
    assert found
    answer = client.post(SET_UP, {"code": one_time_code(found[1])})
    assert answer["Location"] == "/staff/second-factor/recovery-codes/"
    return found[1]


def test_setting_one_up_opens_the_console(client: Client, alice: User) -> None:
    set_up(client)
    codes = client.get("/staff/second-factor/recovery-codes/").content.decode()
    assert len(re.findall(r"<code>\d{8}</code>", codes)) == 10
    assert client.get("/admin/").status_code == 200


def test_a_wrong_code_sets_nothing_up(client: Client, alice: User) -> None:
    with_password(client)
    client.get(SET_UP)
    assert b"Incorrect code" in client.post(SET_UP, {"code": "000000"}).content
    assert client.get("/admin/").status_code == 302


def test_from_then_on_a_password_alone_opens_nothing(client: Client, alice: User) -> None:
    secret = set_up(client)
    other = Client()
    assert with_password(other) == "/staff/second-factor/authenticate/"
    assert other.get("/admin/").status_code == 302
    answer = other.post("/staff/second-factor/authenticate/", {"code": one_time_code(secret)})
    assert answer["Location"] == "/admin/"
    assert other.get("/admin/").status_code == 200


def test_a_code_works_once(client: Client, alice: User) -> None:
    code = one_time_code(set_up(client))
    answers = []
    for browser in (Client(), Client()):
        with_password(browser)
        answers.append(browser.post("/staff/second-factor/authenticate/", {"code": code}))
    assert answers[0]["Location"] == "/admin/"
    assert b"Incorrect code" in answers[1].content


def test_a_recovery_code_works_once(client: Client, alice: User) -> None:
    set_up(client)
    page = client.get("/staff/second-factor/recovery-codes/").content.decode()
    (code, *_) = re.findall(r"<code>(\d{8})</code>", page)
    for is_first in (True, False):
        other = Client()
        with_password(other)
        other.post("/staff/second-factor/authenticate/", {"code": code})
        assert (other.get("/admin/").status_code == 200) is is_first


def test_guessing_codes_is_stopped(client: Client, alice: User) -> None:
    set_up(client)
    other = Client()
    with_password(other)
    said = [other.post("/staff/second-factor/authenticate/", {"code": "000000"}).content for _ in range(7)]
    assert b"Incorrect code" in said[0]
    assert b"Too many" in said[-1]


def test_a_session_that_was_open_before_has_to_show_it(client: Client, alice: User) -> None:
    """Whoever had only the password must not get in because the owner of the account has set one up since."""
    thief = Client()
    sign_in(thief, alice)
    set_up(client)
    answer = thief.get("/admin/lanes/lane/")
    assert answer["Location"].startswith("/staff/second-factor/reauthenticate/")


def test_taking_it_away_closes_the_console_at_the_next_sign_in(client: Client, alice: User) -> None:
    set_up(client)
    client.post("/staff/second-factor/totp/deactivate/")
    assert not Authenticator.objects.exists()
    client.post("/admin/logout/")
    with_password(client)
    assert client.get("/admin/")["Location"].startswith(SET_UP)


def test_secrets_are_sealed_in_the_database(client: Client, alice: User) -> None:
    secret = set_up(client)
    stored = {row.type: row.data for row in Authenticator.objects.all()}
    assert set(stored) == {"totp", "recovery_codes"}
    assert secret not in str(stored)
    assert stored["totp"]["secret"].startswith("test1.")
    assert stored["recovery_codes"]["seed"].startswith("test1.")


def test_who_lost_everything_is_let_in_again_from_the_command_line(client: Client, alice: User) -> None:
    set_up(client)
    call_command("reset_second_factor", "alice")
    other = Client()
    assert with_password(other) == "/admin/"
    assert other.get("/admin/")["Location"].startswith(SET_UP)
    with pytest.raises(CommandError, match="nobody"):
        call_command("reset_second_factor", "nobody")


def test_where_it_is_not_demanded_the_pages_say_so(client: Client, alice: User, settings: Settings) -> None:
    settings.STAFF_MFA_REQUIRED = False
    sign_in(client, alice)
    assert b"no second factor is demanded" in client.get("/admin/").content
