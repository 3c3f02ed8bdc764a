from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from hubapp import checks, mail_server
from hubapp.mail_server import parse


def test_off_and_console() -> None:
    assert not parse("off:").is_on
    assert parse("console:").backend == "django.core.mail.backends.console.EmailBackend"
    assert parse("console:").is_on


def test_a_server_with_tls_from_the_first_byte() -> None:
    server = parse("smtps://app%40example.com:p%3Aw@mail.example.com")
    assert (server.host, server.port, server.user, server.password) == (
        "mail.example.com",
        465,
        "app@example.com",
        "p:w",
    )
    assert (server.use_ssl, server.use_tls, server.is_on) == (True, False, True)


@pytest.mark.parametrize(
    ("url", "port", "starttls"),
    [
        ("smtp://mail.example.com", 587, True),
        ("smtp://mail.example.com:2525", 2525, True),
        ("smtp://localhost:1025", 1025, False),
        ("smtp://127.0.0.1:25", 25, False),
        ("smtp://[::1]:25", 25, False),
        ("smtp://10.0.0.1:25", 25, True),
    ],
)
def test_what_leaves_this_machine_is_encrypted(url: str, port: int, starttls: bool) -> None:
    server = parse(url)
    assert (server.port, server.use_tls, server.use_ssl) == (port, starttls, False)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://u:hush@h:port",
        "smtp://u:hush@h/x",
        "smtp://u:hush@h?tls=0",
    ],
)
def test_what_cannot_be_read_is_refused_without_showing_a_password(wrong: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL") as refused:
        parse(wrong)
    assert "hush" not in str(refused.value)


def test_a_repr_hides_the_password() -> None:
    assert "hush" not in repr(mail_server.parse("smtp://u:hush@h"))


def test_mail_that_is_off_in_production_is_pointed_out(settings: Settings) -> None:
    settings.DEVELOPMENT, settings.MAIL_IS_ON = False, False
    (message,) = checks.check_mail()
    assert (message.id, message.is_serious()) == ("hubapp.W040", False)
    settings.DEVELOPMENT = True
    assert checks.check_mail() == []


@pytest.mark.parametrize(
    ("sender", "expected"), [("Our app <app@example.com>", []), ("app@example.com", []), ("app", ["hubapp.E041"])]
)
def test_a_sender_is_an_address(settings: Settings, sender: str, expected: list[str]) -> None:
    settings.DEVELOPMENT, settings.MAIL_IS_ON, settings.DEFAULT_FROM_EMAIL = False, True, sender
    assert [message.id for message in checks.check_mail()] == expected
