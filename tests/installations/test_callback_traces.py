"""A code passes through here for a moment: no log, no other page's request and no row may keep it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO
from itertools import product
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command
from django.test import Client

from hubapp.logs import JsonFormatter, PlainFormatter
from tests.consent import decide
from tests.hubspot import Account, HubSpot, trust_limiter

pytestmark = pytest.mark.django_db

CANARY = "canary0code1canary2state"  # of no shape by which scrubbing could know it
SHAPES: dict[str, dict[str, str]] = {
    "state": {},
    "returnUrl": {"returnUrl": "https://app.hubspot.com/"},
    "elsewhere": {"returnUrl": f"https://evil.example/{CANARY}"},
    "authorize": {"step": "authorize", "returnUrl": f"https://app.hubspot.com/?x={CANARY}"},
    "finalize": {"step": "finalize", "returnUrl": "https://app.hubspot.com/"},
    "error": {"error": "server_error", "error_description": CANARY},
}
CALLBACKS = [given | dict(more) for given in SHAPES.values() for more in ({}, {"code": CANARY}, {"state": CANARY})] + [
    given | {"code": CANARY, "state": CANARY} for given in SHAPES.values()
]


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    trust_limiter()
    return hubspot.add_account()


@pytest.fixture
def log() -> Iterator[StringIO]:
    """All that every logger says, in both of our forms, down to the last detail."""
    text, root = StringIO(), logging.getLogger()
    handlers = []
    for formatter in (JsonFormatter(), PlainFormatter()):
        handler = logging.StreamHandler(text)
        handler.setFormatter(formatter)
        root.addHandler(handler)
        handlers.append(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    yield text
    root.setLevel(level)
    for handler in handlers:
        root.removeHandler(handler)


def a_callback_of(browser: Client, account: Account, start: str = "/install") -> dict[str, str]:
    """Return what HubSpot really sends a browser back with."""
    query = parse_qs(urlsplit(decide(browser.get(start)["Location"], account)).query)
    return {name: values[0] for name, values in query.items()}


def test_no_log_keeps_a_code_that_is_refused(client: Client, account: Account, log: StringIO) -> None:
    assert len(CALLBACKS) == 24
    for query in CALLBACKS:
        client.get("/oauth/callback", query)
    assert "/oauth/callback" in log.getvalue(), "else this says nothing"
    assert CANARY not in log.getvalue()


def test_no_log_keeps_a_code_that_is_taken(client: Client, account: Account, log: StringIO) -> None:
    query = a_callback_of(client, account)
    assert client.get("/oauth/callback", query).status_code == 302
    assert "/oauth/callback" in log.getvalue()
    assert query["code"] not in log.getvalue()
    assert query["state"] not in log.getvalue()


@pytest.mark.parametrize("fault", ["status", "reset", "html", "truncate"])
def test_no_log_keeps_a_code_that_hubspot_fails_over(
    client: Client, account: Account, hubspot: HubSpot, log: StringIO, fault: str
) -> None:
    query = a_callback_of(client, account)
    hubspot.fault(fault, {"path": "/oauth/2026-03/token"}, params={"status": 400} if fault == "status" else {})
    assert client.get("/oauth/callback", query).status_code >= 400
    assert query["code"] not in log.getvalue()
    assert query["state"] not in log.getvalue()


def test_no_row_keeps_a_code(client: Client, account: Account) -> None:
    query = a_callback_of(client, account)
    client.get("/oauth/callback", query)
    client.get("/oauth/callback", {"code": CANARY, "returnUrl": "https://app.hubspot.com/"})
    dump = StringIO()
    call_command("dumpdata", stdout=dump)
    assert len(json.loads(dump.getvalue())) > 10
    for secret in (query["code"], query["state"], CANARY):
        assert secret not in dump.getvalue()


def test_no_page_under_the_callbacks_address_says_where_its_reader_came_from(client: Client, account: Account) -> None:
    """Not to others, and not to us: proxies log referrers."""
    for query, browser in product(CALLBACKS, (client, Client())):
        answer = browser.get("/oauth/callback", query)
        policy = answer.headers["Referrer-Policy"]
        has_form = b"<form" in answer.content
        # Of an address, "strict-origin" tells the origin alone. Under "no-referrer" a form's Origin would be null.
        assert policy == ("strict-origin" if has_form else "no-referrer"), query


def test_no_other_page_has_the_code_in_its_address(client: Client, account: Account) -> None:
    """What is taken leads away at once, to an address without it."""
    query = a_callback_of(client, account)
    answer = client.get("/oauth/callback", query)
    assert answer["Location"] == f"/portals/{account.hub_id}/"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
