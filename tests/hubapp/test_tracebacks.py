"""Django's own error pages, which developers ask for, show where something failed and no value of a secret."""

from __future__ import annotations

import pytest
from django.conf import settings as configured
from django.test import Client
from pytest_django import Settings

from installations.models import Membership
from tests.hubapp import traceback_urls
from tests.journeys.canaries import Canaries
from tests.portals import make_member, make_portal, sign_in_as

pytestmark = pytest.mark.django_db

CODE, STATE = "na1-code-0c1d-44aa-9d1e-12ab34cd56ef", "state'Zq81<Ld0sWx72&Ghj"
PASSWORD, BEARER = "correct horse battery <staple>", "Bearer metrics-Zq81Ld0sWx72-token"
FAILING = ["/fails/", "/fails/template/", "/fails/again/"]


@pytest.fixture(autouse=True)
def _debugging(settings: Settings) -> None:
    settings.DEBUG = True
    settings.ROOT_URLCONF = "tests.hubapp.traceback_urls"


@pytest.fixture
def browser() -> Client:
    """Signed in, with a message waiting, which is kept in a cookie."""
    client = Client(
        raise_request_exception=False, HTTP_AUTHORIZATION=BEARER, HTTP_X_HUBSPOT_SIGNATURE="sig-90d2c8e7a615"
    )
    make_member(make_portal(), 1, Membership.Role.OWNER)
    sign_in_as(client, 1)
    client.get("/")
    return client


def canaries(browser: Client) -> Canaries:
    found = Canaries()
    found.add("a cookie", *(cookie.value for cookie in browser.cookies.values() if len(cookie.value) >= 12))
    found.add("a code", CODE)
    found.add("a state", STATE)
    found.add("a password", PASSWORD)
    found.add("a header", BEARER, "sig-90d2c8e7a615")
    found.add("a token", traceback_urls.TOKEN)
    found.add("a record", traceback_urls.RECORD)
    found.add("a setting", configured.SECRET_KEY, configured.HUBSPOT_CLIENT_SECRET, configured.ENCRYPTION_KEYS)
    return found


@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
@pytest.mark.parametrize("address", FAILING)
def test_a_traceback_shows_no_secret(address: str, accept: str, browser: Client) -> None:
    looked_for = canaries(browser)
    assert {"a cookie", "a setting"} <= looked_for.kinds()
    query = {"code": CODE, "state": STATE}
    answers = [
        browser.get(address, query, headers={"Accept": accept}),
        browser.post(address, {"password": PASSWORD} | query, headers={"Accept": accept}, query_params=query),
    ]
    for answer in answers:
        assert answer.status_code == 500
        assert looked_for.found_in({address: answer.content}) == []


def test_a_traceback_still_says_where_and_of_what_kind(browser: Client) -> None:
    answer = browser.get("/fails/", {"code": CODE}).content.decode()
    for told in ("LookupError", "traceback_urls.py", "dict of 6", "WSGIRequest", "code", "attempts", *browser.cookies):
        assert told in answer, told
    assert "Nothing for" in answer


def test_an_unknown_address_shows_no_query(browser: Client) -> None:
    """Such as a redirect URL that was mistyped in HubSpot."""
    answer = browser.get("/oauth/calback", {"code": CODE, "state": STATE})
    assert answer.status_code == 404
    assert b"calback" in answer.content
    assert canaries(browser).found_in({"404": answer.content}) == []
    assert int(answer.headers["Content-Length"]) == len(answer.content)


def test_without_debugging_our_own_pages_are_shown(browser: Client, settings: Settings) -> None:
    settings.DEBUG = False
    answer = browser.get("/fails/", {"code": CODE}, headers={"Accept": "text/html"})
    assert answer.status_code == 500
    assert b"LookupError" not in answer.content
