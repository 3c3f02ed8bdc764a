"""Delivery in the background: concurrency, fairness, a receiver that is down, and stopping."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator.clock import Clock
from emulator.faults import Faults
from emulator.oauth.apps import App, WebhookSettings
from emulator.webhooks.delivery import Deliveries
from emulator.webhooks.sender import DeliveryFailed


def event(number: int) -> dict[str, Any]:
    return {"eventId": number, "subscriptionType": "contact.creation", "attemptNumber": 0}


def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


class Gated:
    """A receiver whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.lock = threading.Lock()
        self.under_way: Counter[int] = Counter()
        self.most: Counter[int] = Counter()
        self.seen: Counter[int] = Counter()
        self.down = False

    def __call__(self, _url: str, _headers: dict[str, str], body: bytes, _timeout_s: float) -> int:
        events = json.loads(body)
        hub_id = events[0]["eventId"] // 10**6
        with self.lock:
            self.under_way[hub_id] += 1
            self.most[hub_id] = max(self.most[hub_id], self.under_way[hub_id])
        self.open.wait(20)
        with self.lock:
            self.under_way[hub_id] -= 1
            if self.down:
                raise DeliveryFailed("connection refused")
            self.seen.update(each["eventId"] for each in events)
        return 204


@pytest.fixture
def receiver() -> Gated:
    return Gated()


@pytest.fixture
def app() -> App:
    return App("c", "s", 1, "App", (), webhook=WebhookSettings("http://receiver/", max_concurrent_requests=3))


@pytest.fixture
def deliveries(receiver: Gated, app: App) -> Iterator[Deliveries]:
    found = Deliveries(Clock(), Faults(), receiver, {"c": app}.get, linger_s=0.001)
    found.start()
    yield found
    receiver.open.set()
    found.stop()


def test_no_more_requests_under_way_per_account_than_allowed(deliveries: Deliveries, receiver: Gated, app: App) -> None:
    for hub_id in (1, 2):
        deliveries.publish(app, hub_id, [event(hub_id * 10**6 + n) for n in range(1_000)])
    eventually(lambda: receiver.under_way[1] == 3 and receiver.under_way[2] == 3)
    receiver.open.set()
    eventually(lambda: deliveries.pending(1) + deliveries.pending(2) == 0)
    assert receiver.most == {1: 3, 2: 3}
    assert len(receiver.seen) == 2_000
    assert set(receiver.seen.values()) == {1}


def test_a_channel_at_its_limit_shows_in_the_ledger_once_until_it_is_through(
    deliveries: Deliveries, receiver: Gated, app: App
) -> None:
    deliveries.publish(app, 1, [event(10**6 + n) for n in range(1_000)])
    eventually(lambda: receiver.under_way[1] == 3 and len(deliveries.ledger.latest(10)) == 1)
    [limited] = deliveries.ledger.latest(10)
    assert (limited.status, limited.error, limited.hub_id) == (None, "Concurrency limited", 1)
    assert [each["eventId"] for each in json.loads(limited.body)] == [10**6 + n for n in range(300, 400)]
    receiver.open.set()
    eventually(lambda: deliveries.pending(1) == 0)
    rows = deliveries.ledger.latest(100)
    assert [row.error for row in rows].count("Concurrency limited") == 1
    assert len(rows) == 11
    assert max(each["attemptNumber"] for row in rows for each in json.loads(row.body)) == 0, "it only waited"


def test_a_higher_limit_lets_more_through_at_once(receiver: Gated) -> None:
    apps = {"c": App("c", "s", 1, "App", (), webhook=WebhookSettings("http://receiver/", max_concurrent_requests=2))}
    deliveries = Deliveries(Clock(), Faults(), receiver, apps.get, linger_s=0.001)
    deliveries.start()
    deliveries.publish(apps["c"], 1, [event(10**6 + n) for n in range(1_000)])
    eventually(lambda: receiver.under_way[1] == 2)
    apps["c"] = App("c", "s", 1, "App", (), webhook=WebhookSettings("http://receiver/", max_concurrent_requests=7))
    deliveries.wake()
    eventually(lambda: receiver.under_way[1] == 7)
    receiver.open.set()
    eventually(lambda: deliveries.pending(1) == 0)
    deliveries.stop()
    assert receiver.most == {1: 7}


@pytest.fixture
def hasty_switches() -> Iterator[None]:
    """Threads take turns so often that they meet between any two steps."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty_switches")
def test_no_more_threads_than_requests_so_that_their_connections_are_kept() -> None:
    """Answered at once, hundreds of times: a thread that has just settled a batch counts as free for the next."""
    threads: set[int] = set()

    def quick(_url: str, _headers: dict[str, str], _body: bytes, _timeout_s: float) -> int:
        threads.add(threading.get_ident())
        return 204

    app = App("c", "s", 1, "App", (), webhook=WebhookSettings("http://receiver/", max_concurrent_requests=10))
    deliveries = Deliveries(Clock(), Faults(), quick, {"c": app}.get, linger_s=0.001)
    deliveries.start()
    deliveries.publish(app, 1, [event(number) for number in range(200_000)])
    eventually(lambda: deliveries.pending(1) == 0)
    deliveries.stop()
    assert 1 <= len(threads) <= 10


def test_a_receiver_that_is_down_loses_nothing(deliveries: Deliveries, receiver: Gated, app: App) -> None:
    receiver.down = True
    receiver.open.set()
    deliveries.publish(app, 1, [event(10**6 + n) for n in range(250)])
    eventually(lambda: len(deliveries.ledger.latest(10)) >= 3)
    receiver.down = False
    deliveries._clock.advance(60)
    eventually(lambda: deliveries.pending(1) == 0)
    assert len(receiver.seen) == 250


def test_a_sender_that_breaks_counts_as_a_failure(app: App, recwarn: pytest.WarningsRecorder) -> None:
    calls: list[int] = []

    def broken(_url: str, _headers: dict[str, str], _body: bytes, _timeout_s: float) -> int:
        calls.append(1)
        raise ValueError("a bug in a test's own sender")

    deliveries = Deliveries(Clock(), Faults(), broken, {"c": app}.get)
    deliveries.publish(app, 1, [event(1)])
    with pytest.raises(ValueError, match="a bug"):
        deliveries.deliver_due()
    assert deliveries.pending(1) == 1
    assert not recwarn.list


def test_stopping_does_not_wait_for_answers(deliveries: Deliveries, receiver: Gated, app: App) -> None:
    deliveries.publish(app, 1, [event(10**6)])
    eventually(lambda: receiver.under_way[1] == 1)
    began = threading.Thread(target=deliveries.stop)
    began.start()
    began.join(5)
    assert not began.is_alive()


def test_events_of_an_app_that_was_uninstalled_meanwhile_are_dropped(
    deliveries: Deliveries, receiver: Gated, app: App
) -> None:
    deliveries.publish(app, 1, [event(10**6 + n) for n in range(1_000)])
    eventually(lambda: receiver.under_way[1] == 3)
    deliveries.drop(1, "c")
    receiver.open.set()
    eventually(lambda: receiver.under_way[1] == 0)
    assert deliveries.pending(1) == 0
    assert len(receiver.seen) == 300


def test_a_full_batch_does_not_wait_for_more(receiver: Gated, app: App) -> None:
    deliveries = Deliveries(Clock(), Faults(), receiver, {"c": app}.get, linger_s=3_600)
    receiver.open.set()
    deliveries.start()
    deliveries.publish(app, 1, [event(10**6 + n) for n in range(150)])
    eventually(lambda: len(receiver.seen) == 100)
    assert deliveries.pending(1) == 50
    deliveries.stop()
