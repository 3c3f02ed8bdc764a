"""Every cookie that any address sets, with production's settings: for this host, over https, out of scripts' reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from http.cookies import Morsel
from typing import Any

import pytest
from django.conf import settings as active
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from hubapp.staff import session
from installations.models import Portal
from tests.console.staff import addresses, make_staff, sign_in
from tests.hubapp.test_production import CHECKOUT, PRODUCTION
from tests.portals import sign_in_as

from .furniture import OWNER
from .test_roles import address_of, peopled, routes

pytestmark = pytest.mark.django_db
_NAMES = ("COOKIE", "SECURE_SSL_REDIRECT")
_PRINT = "import json, hubapp.settings as s; print(json.dumps({n: v for n, v in vars(s).items() if %s}, default=str))"


@pytest.fixture(scope="module")
def of_production() -> dict[str, Any]:
    """Production's settings of cookies, read in a process of its own: settings are read once per process."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    script = _PRINT % " or ".join(f"{name!r} in n" for name in _NAMES)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, env=inherited | PRODUCTION, capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def production(of_production: dict[str, Any], settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name, value in of_production.items():
        setattr(settings, name, value)
    monkeypatch.setattr(session._MessageCookie, "cookie_name", of_production["MESSAGE_COOKIE_NAME"])
    return of_production


@pytest.fixture
def alice(db: None) -> User:
    return make_staff()


def every_address(portal: Portal) -> list[str]:
    of_portals = [address_of(route, portal) for route, _ in routes() if "hub_id>" in route]
    others = [f"/{route}" for route, _ in routes() if "<" not in route and "(" not in route]
    return sorted({*of_portals, *others, *addresses("/admin/"), *addresses("/staff/")})


def owner_of_portal() -> Client:
    browser = Client()
    sign_in_as(browser, OWNER)
    return browser


def staff_at_work() -> Client:
    browser = Client()
    sign_in(browser, User.objects.get())
    return browser


def complaint(cookie: Morsel[str]) -> str:
    """Say what is wrong with a cookie; empty if nothing is. A deletion need not hide what is empty."""
    checks = {
        "its name": cookie.key.startswith("__Host-"),
        "not Secure": bool(cookie["secure"]),
        "Path": cookie["path"] == "/",
        "Domain": cookie["domain"] == "",
        "SameSite": cookie["samesite"] == "Lax",
        "not HttpOnly": bool(cookie["httponly"]) or not cookie.value,
    }
    return ", ".join(name for name, is_right in checks.items() if not is_right)


@pytest.mark.parametrize(
    ("browser_of", "gets"),
    [
        (Client, {"SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME"}),
        (owner_of_portal, {"SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "MESSAGE_COOKIE_NAME"}),
        (staff_at_work, {"STAFF_SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME"}),
    ],
    ids=["nobody", "owner", "staff"],
)
@pytest.mark.usefixtures("alice")
def test_every_cookie_of_every_address(
    production: dict[str, Any], browser_of: Callable[[], Client], gets: set[str]
) -> None:
    portal, seen = peopled(), set()
    for address in every_address(portal):
        for method in ("get", "post"):
            answer = getattr(browser_of(), method)(address, secure=True)
            if answer.streaming:
                b"".join(answer)  # or else a download goes on
            for cookie in answer.cookies.values():
                assert not complaint(cookie), f"{method} {address}: {cookie.key}: {complaint(cookie)}"
                seen.add(cookie.key)
    assert seen >= {production[name] for name in gets}


@pytest.mark.usefixtures("production")
def test_what_the_test_looks_at_would_be_found() -> None:
    """The other test would pass on cookies that it does not see."""
    cookie = Client().get("/signin", secure=True).cookies[active.SESSION_COOKIE_NAME]
    assert complaint(cookie) == ""
    for attribute, value in {
        "secure": "",
        "path": "/x",
        "domain": "example.com",
        "samesite": "None",
        "httponly": "",
    }.items():
        spoilt = cookie.copy()
        spoilt[attribute] = value
        assert complaint(spoilt) != "", attribute
