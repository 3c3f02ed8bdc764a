"""The log of calls: bounded, added up, free of values, and never in a call's way."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from hubspot_api.attempts import Surroundings
from hubspot_api.client import Client
from hubspot_api.ports import StaticToken
from installations import tasks
from installations.calls import call_log, retention
from installations.calls.call_charts import chart_of
from installations.calls.call_log import Writer, observer_for, writer
from installations.half_hours import STEP
from installations.models import ApiCall, CallMinute, FailedRequests
from tests.calls import PATH, logged, record
from tests.clock import Clock
from tests.hubspot import wait_for
from tests.hubspot_api.fakes import ok, world
from tests.portals import make_portal

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)


def test_calls_of_a_minute_are_added_up_by_how_they_ended() -> None:
    portal = make_portal()
    for status in (200, 200, 429, 404):
        logged(portal, status, at=NOON)
    logged(portal, 200, at=NOON + timedelta(seconds=29), attempts=3)
    logged(portal, 200, at=NOON + timedelta(seconds=30))
    rows = {
        (row.at.minute, row.answer, row.category): (row.calls, row.requests, row.errors)
        for row in CallMinute.objects.filter(portal=portal)
    }
    assert rows == {
        (0, "2xx", ""): (3, 5, 2),
        (0, "429", "RATE_LIMITS"): (1, 1, 1),
        (0, "4xx", "NotFound"): (1, 1, 1),
        (1, "2xx", ""): (1, 1, 0),
    }
    first = CallMinute.objects.get(portal=portal, at__minute=0, answer="2xx")
    assert (first.waited_ms, first.took_ms, first.sent_bytes, first.received_bytes) == (30, 15, 9, 30)


def test_bulk_works_requests_and_refused_ones_are_counted_apart() -> None:
    portal = make_portal()
    for status in (200, 401, 403, 429, 404):
        logged(portal, status, at=NOON)
        logged(portal, status, at=NOON, attempts=2, is_bulk=True)
    sums = CallMinute.objects.aggregate(requests=Sum("requests"), bulk=Sum("bulk"), denied=Sum("denied"))
    assert sums == {"requests": 15, "bulk": 10, "denied": 6}


@pytest.mark.parametrize(
    ("status", "error", "attempts", "answer"),
    [
        (500, "ServerFailed", 1, "5xx"),
        (200, "AnswerUnreadable", 1, "5xx"),
        (None, "AnswerLost", 2, "none"),
        (None, "NotSent", 1, "unsent"),
        (None, "LimiterFull", 0, "unsent"),
        (None, "Suspended", 0, "unsent"),
    ],
)
def test_each_end_has_its_place(status: int | None, error: str, attempts: int, answer: str) -> None:
    logged(None, status, error=error, attempts=attempts)
    (row,) = CallMinute.objects.all()
    assert (row.portal_id, row.answer, row.category) == (None, answer, error)


def test_requests_that_failed_are_added_up_by_day_and_reason() -> None:
    portal = make_portal()
    for _ in range(3):
        logged(portal, 429, at=NOON)
    logged(portal, 200, at=NOON, attempts=3)  # two errors on the way to a success
    logged(None, None, at=NOON, error="NotSent")
    logged(portal, 429, at=NOON + timedelta(days=1))
    rows = {
        (row.day.day, row.portal_id, row.path, row.status, row.category): row.times
        for row in FailedRequests.objects.all()
    }
    assert rows == {
        (20, portal.pk, PATH, 429, "RATE_LIMITS"): 3,
        (20, portal.pk, PATH, 500, "ServerFailed"): 2,
        (21, portal.pk, PATH, 429, "RATE_LIMITS"): 1,
    }


def test_a_busy_portal_is_bounded_and_pushes_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MOST_KEPT", 5)
    monkeypatch.setattr(retention, "MOST_FAILED_KEPT", 3)
    monkeypatch.setattr(retention, "BATCH", 4)
    busy, quiet, now = make_portal(), make_portal(), timezone.now()
    for age in range(30):
        for status in (200, 503):
            logged(busy, status, at=now - timedelta(seconds=age))
            logged(None, status, at=now - timedelta(seconds=age))
    logged(quiet, 200, at=now - timedelta(hours=40))
    tasks.purge_calls()
    for portal in (busy, None):
        kept = ApiCall.objects.filter(portal=portal)
        ages = sorted(round((now - call.at).total_seconds()) for call in kept if not call.error)
        assert ages == [0, 1, 2, 3, 4]
        assert kept.exclude(error="").count() == 3
    assert ApiCall.objects.filter(portal=quiet).count() == 1


def test_totals_go_when_their_time_is_over() -> None:
    portal, now = make_portal(), timezone.now()
    for days in (0, 9, 31):
        logged(portal, 503, at=now - timedelta(days=days))
    tasks.purge_calls()
    assert CallMinute.objects.count() == 1
    assert FailedRequests.objects.count() == 2


def test_a_full_queue_drops_records_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    full = Writer(0, most_waiting=10)
    for _ in range(50):
        full.put(None, record())
    assert caplog.messages == []  # nothing is written in a call's way, not even that
    full.flush()
    assert ApiCall.objects.count() == 10
    assert caplog.messages == ["The call log was full: 40 records were dropped."]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_blocked_holds_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer's thread waits for a lock that we hold, and calls go on: 300 of them, with room for 100 records."""
    held = Writer(0.01, most_waiting=100)
    monkeypatch.setattr(call_log, "_writer", held)
    portal = make_portal()
    here = world(ok(), observer=observer_for(portal))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE installations_apicall IN ACCESS EXCLUSIVE MODE")
        here.client.request("GET", "/x")
        wait_for(_somebody_waits, what="the writer to meet the lock")
        for _ in range(299):
            here.client.request("GET", "/x")
        assert _somebody_waits()  # still: no call has waited for it
    wait_for(lambda: ApiCall.objects.count() >= 100, what="what fitted to be written")
    assert len(here.hubspot.asked) == 300


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_batch_is_written_whole_or_not_at_all(caplog: pytest.LogCaptureFixture) -> None:
    own = Writer(0)
    own.put(None, record())
    own.put(None, record(bytes_received=2**40))  # fits no column
    own.flush()
    assert ApiCall.objects.count() == CallMinute.objects.count() == FailedRequests.objects.count() == 0
    assert "2 call records could not be written" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_processes_that_add_to_the_same_rows_lose_nothing() -> None:
    portals = [make_portal(connected=False) for _ in range(3)]

    def write(order: int) -> None:
        own = Writer(0)
        for _ in range(40):
            for portal in portals[::order]:
                own.put(portal.pk, record(503, at=NOON))
            own.flush()
        connection.close()

    threads = [threading.Thread(target=write, args=(order,)) for order in (1, -1, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [CallMinute.objects.get(portal=portal).calls for portal in portals] == [120] * 3
    assert [FailedRequests.objects.get(portal=portal).times for portal in portals] == [120] * 3


def test_a_chart_has_the_last_day_in_half_hours(clock: Clock) -> None:
    clock.begin_anew(STEP)
    portal, now = make_portal(), timezone.now()
    for _ in range(3):
        logged(portal, 200, at=now)
    logged(portal, 503, at=now)
    logged(portal, None, attempts=0, error="LimiterFull", at=now)
    logged(portal, 200, at=now - timedelta(hours=5))
    logged(portal, 200, at=now - timedelta(hours=25))
    logged(make_portal(), 200, at=now)
    chart = chart_of(portal)
    assert (chart.calls, chart.failed, chart.held_back, chart.highest) == (6, 1, 1, 5)
    assert [bar.place for bar in chart.busy] == [47, 37]
    latest = chart.bars[47]
    assert latest.at <= now < latest.until
    assert [kind for kind, _, _ in latest.parts] == ["worked", "failed", "held"]
    assert all(0 <= y < 100 and height > 0 for bar in chart.bars for _, y, height in bar.parts)
    assert latest.average_ms == 5


def test_what_a_client_tells_is_what_is_logged() -> None:
    portal = make_portal()
    here = world(ok({"a": 1}), observer=observer_for(portal))
    surroundings: Surroundings = here.client.surroundings
    client = Client(StaticToken("t"), hub_id=portal.hub_id, surroundings=surroundings, transport=here.client.transport)
    client.request("POST", "/crm/objects/{version}/contacts", json={"firstname": "canary"})
    writer().flush()
    (row,) = ApiCall.objects.values().filter(portal=portal)
    assert (row["method"], row["path"], row["status"]) == ("POST", "/crm/objects/{version}/contacts", 200)
    assert (row["attempts"], row["sent_bytes"], row["received_bytes"]) == (1, 22, 7)
    assert "canary" not in str(row)
