"""F18: HubSpot answers one portal with nothing but 5xx or 429s. Its calls are few, and other portals notice nothing."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.db import connection, transaction

from hubspot_api import objects
from hubspot_api.breaker import Breaker
from hubspot_api.errors import HubSpotError
from installations.clients import client_for
from installations.credentials import tokens
from installations.errors import TryLater
from installations.models import Portal
from installations.ratelimit import WorkClass
from tests.hubspot import HubSpot, trust_limiter, wait_for
from tests.portals import grant, make_portal

pytestmark = pytest.mark.django_db(transaction=True)

CALLERS, CALLS_EACH = 4, 20  # within what the limiter lets through at once
CONTACTS = "/crm/objects"


@pytest.fixture(autouse=True)
def _limiter_that_trusts_the_past(redis_server: object) -> None:
    trust_limiter()


def connected(hubspot: HubSpot) -> Portal:
    account = hubspot.add_account(contacts=3)
    access = hubspot.tokens(account)["access_token"]
    portal = make_portal(account.hub_id, connected=False)
    with transaction.atomic():
        tokens.store(portal, grant(account.hub_id, access=access), user_id=7)
    return portal


def in_date() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)


def storm(portal: Portal) -> Counter[str]:
    """Let several threads call as fast as they are let, and count how their calls ended."""
    ended: Counter[str] = Counter()
    lock = threading.Lock()

    def call_often() -> None:
        client = client_for(portal, WorkClass.URGENT)
        for _ in range(CALLS_EACH):
            how = outcome(lambda: objects.list_page(client, "contacts", limit=1))
            with lock:
                ended[how] += 1
        connection.close()

    with ThreadPoolExecutor(CALLERS) as pool:
        for done in [pool.submit(call_often) for _ in range(CALLERS)]:
            done.result()
    return ended


def outcome(call: Callable[[], object]) -> str:
    try:
        call()
    except (HubSpotError, TryLater) as error:
        return type(error).__name__
    return "answered"


STORMS: list[tuple[str, dict[str, Any], int]] = [
    # How many calls HubSpot may see: five failures and those that were under way by then, and a few looks.
    ("without a word", {"status": 503}, Breaker.TOLERATED + CALLERS + 3),
    ("a page", {"status": 502}, Breaker.TOLERATED + CALLERS + 3),
    # A time that HubSpot names is kept from the first failure on.
    ("in seconds", {"status": 503, "retry_after": 40}, CALLERS),
    ("in milliseconds", {"status": 503, "retry_after": 40_000}, CALLERS),
    ("as a date", {"status": 503, "retry_after": in_date}, CALLERS),
    ("429 in seconds", {"status": 429, "retry_after": 40}, 2 * CALLERS),
    ("429 in milliseconds", {"status": 429, "retry_after": 40_000}, 2 * CALLERS),
    ("429 as a date", {"status": 429, "retry_after": in_date}, 2 * CALLERS),
]


@pytest.mark.parametrize(("_name", "params", "most"), STORMS, ids=[name for name, *_ in STORMS])
def test_a_storm_over_one_portal(_name: str, params: dict[str, Any], most: int, hubspot: HubSpot) -> None:
    struck, spared = connected(hubspot), connected(hubspot)
    spelled = {key: value() if callable(value) else value for key, value in params.items()}
    action = "html" if params == {"status": 502} else "status"
    hubspot.fault(action, {"hub_id": struck.hub_id, "path": CONTACTS}, params=spelled)
    ended = storm(struck)
    seen = len(hubspot.requests(struck.hub_id, CONTACTS))
    assert ended["answered"] == 0
    assert sum(ended.values()) == CALLERS * CALLS_EACH
    assert 1 <= seen <= most
    assert storm(spared) == {"answered": CALLERS * CALLS_EACH}


def test_calls_go_again_when_hubspot_is_well(hubspot: HubSpot) -> None:
    portal = connected(hubspot)
    hubspot.fault(
        "status", {"hub_id": portal.hub_id, "path": CONTACTS}, params={"status": 503}, count=Breaker.TOLERATED
    )
    client = client_for(portal, WorkClass.URGENT)
    ended = [outcome(lambda: objects.list_page(client, "contacts")) for _ in range(10)]
    assert ended[-1] == "Suspended"
    wait_for(lambda: outcome(lambda: objects.list_page(client, "contacts")) == "answered", what="a look that succeeds")
    assert storm(portal) == {"answered": CALLERS * CALLS_EACH}


def test_what_is_asked_elsewhere_goes_on(hubspot: HubSpot) -> None:
    portal = connected(hubspot)
    hubspot.fault("status", {"hub_id": portal.hub_id, "path": CONTACTS}, params={"status": 503, "retry_after": 60})
    client = client_for(portal, WorkClass.URGENT)
    outcome(lambda: objects.list_page(client, "contacts"))
    assert outcome(lambda: objects.list_page(client, "contacts")) == "Suspended"
    assert outcome(lambda: client.request("GET", "/account-info/{version}/details")) == "answered"
