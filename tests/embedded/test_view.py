"""The one page that HubSpot may show inside its own: without cookies and without a trace of its token."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client
from pytest_django import Settings

from hubapp.logs import JsonFormatter, PlainFormatter
from hubapp.staff.session import STAFF_PATHS
from installations.models import Portal
from tests.pages.furniture import ARCHIVED_ID, OWNER, VIEWER, browser_of, furnished
from tests.pages.outline import outline_of
from tests.pages.test_roles import address_of, peopled, routes

from .asking import CARD, OFFER, VIEW, call, offered, opened, reading_token, reread, token_of

pytestmark = pytest.mark.django_db
HUBSPOT = {
    *("https://app.hubspot.com", "https://app-na2.hubspot.com", "https://app-na3.hubspot.com"),
    *("https://app-eu1.hubspot.com", "https://app-ap1.hubspot.com"),
    configured.HUBSPOT_AUTHORIZE_URL.removesuffix("/oauth/authorize"),
}


def ancestors(policy: str) -> set[str]:
    (found,) = [one for one in policy.split("; ") if one.startswith("frame-ancestors ")]
    return set(found.split()[1:])


def test_hubspot_may_show_it_and_nobody_else() -> None:
    address = offered(furnished(), OWNER)
    page = opened(address)
    for answer in (page, reread(reading_token(page)), opened(address)):
        policy = answer.headers["Content-Security-Policy"]
        assert ancestors(policy) == HUBSPOT
        assert "X-Frame-Options" not in answer.headers, "it would forbid what the policy allows"
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe-" not in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer.headers["Cache-Control"]


def test_with_production_settings_only_hubspots_own_application_may(settings: Settings) -> None:
    settings.HUBSPOT_AUTHORIZE_URL = "https://app.hubspot.com/oauth/authorize"
    policy = opened(offered(furnished(), OWNER)).headers["Content-Security-Policy"]
    assert ancestors(policy) == {one for one in HUBSPOT if one.endswith(".hubspot.com")}


def every_answer(portal: Portal) -> Iterator[tuple[str, Any]]:
    """Yield what every other address answers, to an owner and to nobody, by every method; and errors."""
    addresses = {address_of(route, portal) for route, _ in routes() if "hub_id>" in route}
    addresses |= {f"/{route}" for route, _ in routes() if "<" not in route and "(" not in route}
    addresses |= {"/nothing", "/healthz", "/readyz", "/metrics", "/oauth/callback?code=1"}
    for address in sorted(addresses):
        for browser in (browser_of(OWNER), Client()):
            for method in ("GET", "POST", "HEAD", "PUT", "OPTIONS"):
                if address != VIEW or method != "GET":
                    yield f"{method} {address}", browser.generic(method, address)
    yield "signed card", call(portal, OWNER).send()
    yield "signed offer", call(portal, OWNER).but(path=OFFER).send()
    yield "forged host", Client().get(VIEW, headers={"Host": "evil.example"})


def test_no_other_page_may_be_shown_inside_another() -> None:
    count = 0
    for what, answer in every_answer(peopled()):
        policy = answer.headers.get("Content-Security-Policy", "")
        assert "frame-ancestors 'none'" in policy, what
        assert answer.headers.get("X-Frame-Options") == "DENY", what
        b"".join(answer)  # an export keeps its place until it is read to its end
        count += 1
    assert count > 200


def test_switched_off_even_that_one_may_not(settings: Settings) -> None:
    address = offered(furnished(), OWNER)
    settings.HUBSPOT_APP_CARD = False
    answer = opened(address)
    assert answer.status_code == 404
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.urls("tests.pages.failing_urls")
def test_a_failure_of_ours_may_not_be_shown_there_either() -> None:
    answer = Client(raise_request_exception=False).get("/fails/")
    assert (answer.status_code, answer.headers["X-Frame-Options"]) == (500, "DENY")


def all_cookies() -> Client:
    """A browser in which its owner is signed in, and which sends whatever else it has."""
    browser = browser_of(OWNER)
    for name in (configured.CSRF_COOKIE_NAME, configured.STAFF_SESSION_COOKIE_NAME, "anything"):
        browser.cookies[name] = "x" * 40
    return browser


def test_no_cookie_is_set_or_makes_a_difference() -> None:
    portal = furnished()
    without, having = (opened(offered(portal, VIEWER), browser) for browser in (Client(), all_cookies()))
    assert plain(without.content.decode()) == plain(having.content.decode())
    token = reading_token(without)
    answers = [without, having, reread(token), Client().get(VIEW), Client().get(f"{VIEW}?token=x")]
    answers += [call(portal, OWNER).send(), call(portal, OWNER).but(path=OFFER, age_s=3).send(), Client().post(CARD)]
    for answer in answers:
        assert not answer.cookies
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", ""), "nothing read the session"


def plain(page: str) -> str:
    return re.sub(r'data-now="[^"]*"|hubapp_read_[\w.-]+', "", page)


def test_a_session_opens_nothing_without_a_token() -> None:
    furnished()
    assert browser_of(OWNER).get(VIEW).status_code == 404


@pytest.mark.parametrize("given", ["", "x", "hubapp_open_x.y", "é", "\0", "x" * 5000])
def test_a_made_up_token_is_refused_in_words(given: str) -> None:
    for answer in (Client().get(VIEW, {"token": given}), reread(given.replace("\0", "").replace("é", "e"))):
        assert answer.status_code == 404
        assert "open it again from the card" in answer.content.decode()


@pytest.mark.parametrize("method", ["post", "put", "delete", "head"])
def test_other_methods_do_not_use_it_up(method: str) -> None:
    """Least of all HEAD, with which programs look at links that they find."""
    address = offered(furnished(), OWNER)
    assert getattr(Client(), method)(address).status_code == 405
    assert opened(address).status_code == 200


def test_unchanged_it_is_not_sent_again() -> None:
    token = reading_token(opened(offered(furnished(), OWNER)))
    etag = reread(token).headers["ETag"]
    again = reread(token, etag)
    assert (again.status_code, again.content) == (304, b"")


def test_the_page_names_its_own_token_once_and_no_other() -> None:
    address = offered(furnished(), OWNER)
    page = opened(address).content.decode()
    assert token_of(address) not in page
    assert page.count("hubapp_read_") == 1
    outline = outline_of(page)
    assert not outline.unbalanced
    scripts = [node.get("src") for node in outline.elements("script")]
    assert scripts[0].startswith("/static/js/embedded"), "the address is cleaned before anything else is asked for"
    assert all(scripts)
    assert all(node.get("rel") == "noopener noreferrer" for node in outline.elements("a") if node.get("target"))


def test_no_token_and_no_address_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    portal = furnished()
    address = offered(portal, OWNER)
    page = opened(address)
    token = reading_token(page)
    reread(token)
    opened(address)
    Client().get(VIEW, {"token": token})
    said = [(record.getMessage(), str(record.args), str(record.exc_text)) for record in caplog.records]
    shown = [form.format(record) for record in caplog.records for form in (JsonFormatter(), PlainFormatter())]
    logged = f"{said}{shown}"
    assert VIEW in logged, "the test looks where requests are logged"
    for secret in (token_of(address), token, "user1@example.com", "userId="):
        assert secret not in logged


@pytest.mark.parametrize("record_id", [ARCHIVED_ID, 999_999])
def test_every_state_has_its_page(record_id: int) -> None:
    page = opened(offered(furnished(), OWNER, record_id))
    assert page.status_code == 200
    assert b"data-announce" in page.content


def test_staff_addresses_are_no_part_of_it() -> None:
    assert not VIEW.startswith(STAFF_PATHS)
