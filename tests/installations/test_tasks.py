from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hubspot_api.secret import Secret
from installations import bites, tasks
from installations.calls import retention
from installations.connecting import exchanges, flows
from installations.credentials import vault
from installations.models import ApiCall, AuditEntry, Exchange, OAuthFlow, Portal, UnclaimedGrant
from tests.hubspot import HubSpot
from tests.portals import make_portal

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_portals_whose_date_has_come_are_erased_and_no_others() -> None:
    due, later, active = make_portal(), make_portal(), make_portal()
    for portal in (due, later):
        portal.move_to(Portal.State.DISCONNECTED)
    Portal.objects.filter(pk=due.pk).update(erase_at=timezone.now() - DAY)
    tasks.erase_those_due()
    tasks.erase_those_due()
    states = {portal.pk: Portal.objects.get(pk=portal.pk).state for portal in (due, later, active)}
    assert states == {due.pk: "erased", later.pk: "disconnected", active.pk: "active"}
    assert not AuditEntry.objects.filter(portal=due).exists()


def call(at: Any, error: str = "") -> None:
    ApiCall.objects.create(
        at=at, method="GET", path="/x", status=200, error=error, attempts=1, waited_ms=0, took_ms=0, received_bytes=0
    )


def test_failed_calls_are_kept_longer_than_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    now = timezone.now()
    for _ in range(5):
        call(now - 3 * DAY)
        call(now - 31 * DAY, error="ServerError")
    call(now - DAY)
    call(now - 3 * DAY, error="RateLimited")
    tasks.purge_calls()
    tasks.purge_calls()
    left = ApiCall.objects.order_by("at").values_list("error", flat=True)
    assert list(left) == ["RateLimited", ""]


def test_a_purge_stops_when_its_time_is_over() -> None:
    call(timezone.now() - 3 * DAY)
    assert retention.purge_calls(for_s=0) == 0
    assert retention.purge_calls(for_s=10) == 1


def test_round_trips_that_are_long_over_go() -> None:
    now = timezone.now()
    for digest, started_at in ((b"old", now - 2 * DAY), (b"new", now)):
        OAuthFlow.objects.create(state_digest=digest, browser_digest=b"b", purpose="install", started_at=started_at)
    tasks.purge_flows()
    assert [bytes(digest) for digest in OAuthFlow.objects.values_list("state_digest", flat=True)] == [b"new"]


def test_round_trips_go_in_bites_found_by_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may begin any number: one DELETE for all would not end within its time."""
    monkeypatch.setattr(bites, "BITE", 2)
    started_at = timezone.now() - 2 * DAY
    for number in range(5):
        OAuthFlow.objects.create(
            state_digest=bytes([number]), browser_digest=b"b", purpose="install", started_at=started_at
        )
    with CaptureQueriesContext(connection) as asked:
        assert flows.purge() == 5
    assert sum(query["sql"].startswith("DELETE") for query in asked.captured_queries) == 3
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, OAuthFlow._meta.db_table)
    assert any(found["index"] and found["columns"] == ["started_at"] for found in constraints.values())


def test_codes_that_hubspot_no_longer_takes_are_forgotten() -> None:
    now = timezone.now()
    for digest, at in ((b"old", now - exchanges.REMEMBERED), (b"new", now - timedelta(minutes=14))):
        Exchange.objects.create(code_digest=digest, network_digest=b"n", at=at)
    tasks.purge_flows()
    assert [bytes(digest) for digest in Exchange.objects.values_list("code_digest", flat=True)] == [b"new"]


def test_an_account_that_nobody_connected_is_left_again(hubspot: HubSpot) -> None:
    account = hubspot.add_account()
    grant_id = uuid.uuid4()
    token = hubspot.tokens(account, ["oauth"])["access_token"]
    grant = UnclaimedGrant.objects.create(
        id=grant_id,
        hub_id=account.hub_id,
        user_id=account.admin_id,
        access_token=vault.seal_for_flow(grant_id, Secret(token)),
    )
    tasks.give_up_unclaimed()
    assert UnclaimedGrant.objects.exists()  # there is time to decide yet
    UnclaimedGrant.objects.filter(pk=grant.pk).update(created_at=timezone.now() - timedelta(minutes=11))
    tasks.give_up_unclaimed()
    tasks.give_up_unclaimed()
    assert not UnclaimedGrant.objects.exists()
    assert hubspot.requests(account.hub_id, "/appinstalls/")
