"""The app's own token, with which it reads the journal."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from hubspot_api import errors, journal, journal_snapshots
from hubspot_api import journal_subscriptions as subscriptions
from hubspot_api.app_tokens import AppTokens
from hubspot_api.client import Client
from hubspot_api.errors import HubSpotError
from hubspot_api.journal_snapshots import SnapshotRequest
from tests.hubspot_api.emulated import HUB, Place
from tests.hubspot_api.fakes import ok
from tests.hubspot_api.test_oauth import Server


def test_the_apps_token_is_kept_and_replaced_before_its_end(place: Place, app: Client) -> None:
    tokens = app.tokens.current()
    assert app.tokens.current() is tokens
    journal.earliest(app)
    assert app.tokens.current() is tokens
    assert sum(record.path.startswith("/oauth") for record in place.log.records) == 1


def test_a_token_that_hubspot_forgot_is_replaced_on_the_way(place: Place, app: Client) -> None:
    place.control("clock", advance_s=3600)
    assert journal.earliest(app) is None
    assert place.log.records[-1].attempts == 2


def test_tokens_end_by_the_clock() -> None:
    server = Server(ok({"access_token": "t", "expires_in": 1800, "token_type": "bearer"}))
    tokens = AppTokens(server.oauth, ["a", "b"])
    first = tokens.current()
    server.time.pass_(1739)
    assert tokens.current() is first
    server.time.pass_(1)
    second = tokens.current()
    assert second.generation == first.generation + 1
    assert tokens.rejected(first) is second, "somebody else has replaced it"
    assert tokens.rejected(second).generation == second.generation + 1
    assert b"grant_type=client_credentials&scope=a+b" in server.hubspot.asked[0].content


def test_threads_share_a_token_and_one_of_them_asks() -> None:
    together = threading.Barrier(4)

    def grant(_: httpx2.Request) -> httpx2.Response:
        return ok({"access_token": f"t-{len(server.hubspot.asked)}", "expires_in": 1800, "token_type": "bearer"})

    def current(_: int) -> int:
        together.wait(timeout=5)
        return tokens.current().generation

    server = Server(grant)
    tokens = AppTokens(server.oauth, ["a"])
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(current, range(4))) == {1}
    assert len(server.hubspot.asked) == 1


def test_a_wrong_secret_is_the_apps_own_fault(place: Place) -> None:
    client = place.client(tokens=AppTokens(place.oauth(secret="wrong"), journal.SCOPES))
    with pytest.raises(errors.ClientInvalid):
        journal.earliest(client)
    with pytest.raises(errors.OAuthRefused):
        journal.earliest(place.client(tokens=AppTokens(place.oauth(), ["crm.objects.contacts.read"])))


def test_scopes_and_tokens_that_do_not_open_the_journal(place: Place) -> None:
    with pytest.raises(HubSpotError) as refused:
        journal.earliest(place.client())  # an account's token
    assert refused.value.certainly_not_done
    reader = place.client(tokens=AppTokens(place.oauth(), ["developer.webhooks_journal.read"]))
    assert journal.earliest(reader) is None
    with pytest.raises(errors.MissingScopes):
        subscriptions.list_all(reader)
    with pytest.raises(errors.MissingScopes):
        journal_snapshots.take(reader, [SnapshotRequest(HUB, "0-1", 1)])
