"""How often, and for whom, a code is taken to HubSpot."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from hubspot_api.errors import NotSent
from hubspot_api.ports import Bucket
from installations.clients import EXCHANGE_PATIENCE_S, refresher
from installations.connecting import exchanges
from installations.models import Exchange
from installations.ratelimit import Limits, WorkClass, limiter
from installations.ratelimit.local import UNDER_WAY_S
from tests.hubspot import Account, HubSpot
from tests.installations.callbacks.codes import token_calls

pytestmark = pytest.mark.django_db


def test_a_code_is_taken_to_hubspot_once(client: Client, account: Account, hubspot: HubSpot) -> None:
    query = {"code": "junk", "returnUrl": "https://app.hubspot.com/"}
    before = token_calls(hubspot)
    answers = [client.get("/oauth/callback", query) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400] * 3
    assert all("used before" in answer.content.decode() for answer in answers)
    assert token_calls(hubspot) == before + 1


def test_one_address_cannot_have_us_ask_hubspot_without_end(client: Client, account: Account, hubspot: HubSpot) -> None:
    before = token_calls(hubspot)
    for number in range(2 * exchanges.PER_MINUTE + 1):  # more than one minute's, should one end meanwhile
        query = {"code": f"junk-{number}", "returnUrl": "https://app.hubspot.com/"}
        answer = client.get("/oauth/callback", query)
    assert answer.status_code == 429
    assert "Wait a minute" in answer.content.decode()
    assert token_calls(hubspot) <= before + 2 * exchanges.PER_MINUTE
    elsewhere = client.get(
        "/oauth/callback", {"code": "x", "returnUrl": "https://app.hubspot.com/"}, REMOTE_ADDR="192.0.2.7"
    )
    assert elsewhere.status_code == 400


def test_a_flood_from_one_address_leaves_no_rows(client: Client, account: Account) -> None:
    for number in range(exchanges.PER_MINUTE + 5):
        client.get("/oauth/callback", {"code": f"junk-{number}", "returnUrl": "https://app.hubspot.com/"})
    assert Exchange.objects.count() == exchanges.PER_MINUTE


def test_addresses_of_one_network_count_together(client: Client, account: Account) -> None:
    """Whoever has an IPv6 address has 2^64 of them."""
    for number in range(exchanges.PER_MINUTE):
        exchanges.admit(f"junk-{number}", f"2001:db8::{number + 1:x}")
    query = {"code": "junk", "returnUrl": "https://app.hubspot.com/"}
    assert client.get("/oauth/callback", query, REMOTE_ADDR="2001:db8::ffff").status_code == 429
    assert client.get("/oauth/callback", query, REMOTE_ADDR="2001:db8:0:1::1").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_code_that_comes_many_times_at_once_is_taken_to_hubspot_once(account: Account, hubspot: HubSpot) -> None:
    before, barrier = token_calls(hubspot), threading.Barrier(8)

    def come_back() -> str:
        try:
            barrier.wait(timeout=30)
            query = {"code": "junk", "returnUrl": "https://app.hubspot.com/"}
            return Client().get("/oauth/callback", query).content.decode()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        pages = [future.result(timeout=60) for future in [threads.submit(come_back) for _ in range(8)]]
    assert all("used before" in page for page in pages)
    assert token_calls(hubspot) == before + 1


def test_codes_wait_shortly_and_leave_room_for_renewals(client: Client, account: Account, hubspot: HubSpot) -> None:
    """Two places of twenty are free; the others are held for longer than a person would wait."""
    before = token_calls(hubspot)
    with limiter().reserve(0, Bucket.OAUTH, WorkClass.URGENT, calls=18, wait_s=5, deadline_s=60):
        began = time.monotonic()
        answer = client.get("/oauth/callback", {"code": "junk", "returnUrl": "https://app.hubspot.com/"})
        waited_s = time.monotonic() - began
        for _ in range(2):
            with contextlib.suppress(NotSent), refresher().surroundings.gate.admit(Bucket.OAUTH, 1):
                raise NotSent
    assert answer.status_code == 503
    assert "HubSpot is busy" in answer.content.decode()
    assert token_calls(hubspot) == before
    assert waited_s < 2 * EXCHANGE_PATIENCE_S


def test_codes_outlast_what_a_limiter_with_a_new_memory_waits() -> None:
    assert Limits().window_ms(Bucket.OAUTH) / 1000 + UNDER_WAY_S < EXCHANGE_PATIENCE_S
