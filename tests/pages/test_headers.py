"""The security headers are on every answer, whatever became of the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client

from installations.models import Portal

from .furniture import OWNER, WAITING, browser_of, furnished, page_addresses
from .reading import page_of, polled

if TYPE_CHECKING:
    from .reading import Answer

pytestmark = pytest.mark.django_db


def assert_guarded(response: Answer, where: str, *, referrer: str = "same-origin") -> None:
    policy = response.headers.get("Content-Security-Policy", "")
    assert "default-src 'none'" in policy, where
    assert "script-src 'self';" in policy + ";", where
    assert "style-src 'self';" in policy + ";", where
    assert "frame-ancestors 'none'" in policy, where
    assert "unsafe-" not in policy, where
    assert response.headers.get("X-Frame-Options") == "DENY", where
    assert response.headers.get("X-Content-Type-Options") == "nosniff", where
    assert response.headers.get("Referrer-Policy") == referrer, where


def test_every_page_of_a_portal(portal: Portal) -> None:
    browser = browser_of(OWNER)
    for name, address in page_addresses(portal).items():
        assert_guarded(browser.get(address), name)
        fragment = polled(browser, address)
        assert_guarded(fragment, f"{name} as fragment")
        if "ETag" in fragment.headers:
            assert_guarded(polled(browser, address, fragment.headers["ETag"]), f"{name} not modified")


def no_such_page() -> Answer:
    return browser_of(None).get("/nothing/here/")


def refused_stranger() -> Answer:
    return browser_of(None).get(f"/portals/{furnished().hub_id}/settings/")


def landing() -> Answer:
    return browser_of(None).get("/")


def to_hubspot() -> Answer:
    return browser_of(None).get("/install")


def problem() -> Answer:
    return browser_of(None).get("/oauth/callback?code=1&state=2")


def wrong_method() -> Answer:
    return browser_of(None).get("/signout")


def forged_form() -> Answer:
    return Client(enforce_csrf_checks=True).post("/signout")


def forged_host() -> Answer:
    return browser_of(None).get("/", headers={"Host": "evil.example"})


def unsigned_webhook() -> Answer:
    return browser_of(None).post("/webhooks/hubspot", "[]", content_type="application/json")


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (landing, 200),
        (to_hubspot, 302),
        (problem, 400),
        (forged_host, 400),
        (unsigned_webhook, 401),
        (forged_form, 403),
        (no_such_page, 404),
        (refused_stranger, 404),
        (wrong_method, 405),
    ],
    ids=lambda given: getattr(given, "__name__", given),
)
def test_every_other_answer(ask: Callable[[], Answer], status: int) -> None:
    response = ask()
    assert response.status_code == status
    assert_guarded(response, ask.__name__, referrer="no-referrer" if ask is problem else "same-origin")


@pytest.mark.urls("tests.pages.failing_urls")
def test_a_failure_of_ours() -> None:
    client = Client(raise_request_exception=False)
    response = client.get("/fails/")
    assert response.status_code == 500
    assert_guarded(response, "500")
    assert "went wrong on our side" in page_of(response).text
    assert "secret" not in response.content.decode()


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (no_such_page, "sign in"),
        (refused_stranger, "sign in"),
        (forged_form, "reload the page, and try again"),
        (forged_host, "Begin again from the start page"),
    ],
)
def test_refusals_say_what_to_do_next(ask: Callable[[], Answer], says: str) -> None:
    assert says in page_of(ask()).text


@pytest.mark.parametrize(
    "address", ["/oauth/callback", "/oauth/callback?step=authorize&returnUrl=https://app.hubspot.com/x"]
)
def test_forms_may_lead_on_to_hubspot_where_they_must(address: str) -> None:
    """Browsers hold the redirects that follow a form to form-action as well."""
    directives = browser_of(None).get(address).headers["Content-Security-Policy"].split("; ")
    (form_action,) = [one for one in directives if one.startswith("form-action")]
    hubspot = settings.HUBSPOT_AUTHORIZE_URL.removesuffix("/oauth/authorize")
    assert set(form_action.split()[1:]) == {"'self'", "https://*.hubspot.com", hubspot}


def test_forms_lead_nowhere_else() -> None:
    portal = furnished()
    for user_id, address in ((None, "/"), (OWNER, f"/portals/{portal.hub_id}/settings/"), (WAITING, "/")):
        assert "form-action 'self';" in browser_of(user_id).get(address).headers["Content-Security-Policy"] + ";"


def test_browsers_send_forms_with_an_origin_we_accept() -> None:
    """What a browser does under our own Referrer-Policy; with "no-referrer" it would say "null"."""
    furnished()
    browser = Client(enforce_csrf_checks=True)
    browser.cookies.update(browser_of(OWNER).cookies)
    form = page_of(browser.get("/")).form("/signout")
    response = browser.post("/signout", form.fields, headers={"Origin": form.origin}, SERVER_NAME="localhost")
    assert response.status_code == 302
