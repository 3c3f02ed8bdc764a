"""Deliveries that arrive at the same moment, each on a connection of its own."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from installations.models import Portal
from lanes.models import Lane
from tests.events import sent
from tests.portals import make_portal
from webhooks import inbox
from webhooks.deliveries import parse
from webhooks.models import EVENTS, Event

from .signing import body_of

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


@pytest.fixture(autouse=True)
def _fresh_connection() -> Iterator[None]:
    yield
    connection.close()


def store(events: Sequence[dict[str, Any]]) -> int:
    return inbox.store(parse(body_of(*events)))


def at_once(calls: Sequence[Callable[[], int]]) -> list[int]:
    """Make these calls at the same moment, each in a thread with a connection of its own."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], int]) -> int:
        try:
            barrier.wait(timeout=30)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls, timeout=60))


def in_some_order(events: Sequence[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    return random.Random(seed).sample(events, len(events))


def test_the_same_delivery_many_times_at_once_is_stored_once() -> None:
    portals: list[Portal | int] = [*(make_portal() for _ in range(5)), 555_001]
    for turn in range(10):
        events = [sent(portal) for portal in portals for _ in range(10)]
        new = at_once([partial(store, in_some_order(events, number)) for number in range(THREADS)])
        assert sum(new) == len(events)
        assert Event.objects.count() == len(events) * (turn + 1)


def test_events_of_nobody_are_no_exception() -> None:
    """No lane is locked for them, so that only their own order keeps deliveries from waiting in a circle."""
    for turn in range(20):
        events = [sent(555_004, occurredAt=1782371969536 + number) for number in range(200)]
        new = at_once([partial(store, in_some_order(events, number)) for number in range(THREADS)])
        assert sum(new) == len(events)
        assert Event.objects.count() == len(events) * (turn + 1)


def test_deliveries_of_interleaved_portals_neither_wait_in_a_circle_nor_lose_any() -> None:
    """Each names many portals, in an order of its own, and shares some events with every other."""
    portals: list[Portal | int] = [*(make_portal() for _ in range(20)), 555_002, 555_003]
    shared = [sent(portal) for portal in portals for _ in range(2)]
    own = [[sent(portal) for portal in portals] for _ in range(THREADS)]

    def deliver(number: int) -> int:
        rng = random.Random(number)
        events = in_some_order([*shared, *own[number]], number)
        return sum(store(rng.sample(events, 20)) for _ in range(30)) + store(events)

    new = at_once([partial(deliver, number) for number in range(THREADS)])
    assert sum(new) == Event.objects.count() == len(shared) + THREADS * len(portals)


def test_ids_follow_the_order_of_commits_within_a_portal() -> None:
    """Whoever reads on from the last id seen, as a lane does, meets every event."""
    portal, others = make_portal(), [make_portal() for _ in range(3)]
    ended: list[int] = []

    def write() -> int:
        try:
            return sum(store([sent(one) for one in (portal, *others)]) for _ in range(60))
        finally:
            ended.append(1)

    def read() -> int:
        seen, position = 0, 0
        while True:
            is_last_look = len(ended) == THREADS
            after = Event.objects.filter(portal=portal, pk__gt=position).order_by("pk")
            ids = list(after.values_list("pk", flat=True))
            seen, position = seen + len(ids), max(ids, default=position)
            if is_last_look:
                return seen

    seen, *_ = at_once([read, *[write] * THREADS])
    assert seen == Event.objects.filter(portal=portal).count() == THREADS * 60


def test_a_delivery_waits_for_the_lane_of_its_portal_and_others_do_not() -> None:
    busy, idle = make_portal(), make_portal()
    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        Lane.objects.select_for_update(no_key=True).get(portal=busy, kind=EVENTS)
        waiting = thread.submit(at_once, [partial(store, [sent(busy)])])
        assert at_once([partial(store, [sent(idle)])]) == [1]
        time.sleep(0.2)
        assert not waiting.done()
    assert waiting.result() == [1]


def test_a_lane_that_nobody_lets_go_is_an_error_and_the_connection_lives() -> None:
    portal = make_portal()
    held, enough = threading.Event(), threading.Event()

    def hold() -> int:
        with transaction.atomic():
            Lane.objects.select_for_update(no_key=True).get(portal=portal, kind=EVENTS)
            held.set()
            return int(enough.wait(30))

    process = backend()
    with ThreadPoolExecutor(1) as thread:
        holding = thread.submit(at_once, [hold])
        assert held.wait(30)
        set_lock_timeout("100ms")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            store([sent(portal)])
        enough.set()
        assert holding.result() == [1]
    assert backend() == process
    assert store([sent(portal)]) == 1


def set_lock_timeout(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [value])


def backend() -> int:
    """Return which process of the server serves this thread."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def cut(process: int) -> None:
    """Let the server hang up on a connection, as it does when it is restarted."""

    def terminate() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
            return int(cursor.fetchone()[0])

    assert at_once([terminate]) == [1]


def test_a_connection_that_the_server_has_cut_is_replaced() -> None:
    """The database was restarted, or failed over: the next delivery of every thread is stored all the same."""
    portal = make_portal()
    assert store([sent(portal)]) == 1
    process = backend()
    cut(process)
    assert store([sent(portal)]) == 1
    assert backend() != process
    assert Event.objects.count() == 2


def store_after_a_cut(portal: Portal) -> None:
    with transaction.atomic():
        cut(backend())
        store([sent(portal)])


def test_within_somebody_elses_transaction_a_cut_is_an_error() -> None:
    portal = make_portal()
    with pytest.raises(psycopg.OperationalError):
        store_after_a_cut(portal)
    assert not Event.objects.exists()


def test_the_server_keeps_the_plan() -> None:
    portal = make_portal()
    connection.close()
    for _ in range(3):
        store([sent(portal)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%INTO webhooks_event%'")
        assert cursor.fetchone() == (1,)


def test_a_lane_that_stays_locked_does_not_hold_its_deliveries_for_long() -> None:
    """Less than whoever waits eight seconds: HubSpot has hung up by then, and other portals need the thread."""
    portal = make_portal()
    lane = Lane.objects.get(portal=portal, kind=EVENTS)

    def wait_for_eight_seconds() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '8s'")
                Lane.objects.select_for_update().get(pk=lane.pk)
        finally:
            connection.close()

    def deliver() -> int:
        try:
            return store([sent(portal.hub_id)])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        with transaction.atomic():
            Lane.objects.select_for_update().get(pk=lane.pk)
            longer = threads.submit(wait_for_eight_seconds)
            with pytest.raises(psycopg.errors.LockNotAvailable):
                threads.submit(deliver).result(timeout=60)
            assert not longer.done()
        longer.result(timeout=60)
    assert deliver() == 1
