"""Workflows in the background, over real connections."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from emulator import Emulator, Options
from emulator.clock import Clock
from emulator.crm import writes
from emulator.crm.records import by_user
from emulator.portals import new_portal
from emulator.webhooks.sender import DeliveryFailed
from emulator.workflows.reading import read_plan
from emulator.workflows.requests import Timeouts
from emulator.workflows.wire import Outgoing, fetch_over_http
from emulator.world import default_origins
from tests.emulator.process import eventually

Json = dict[str, Any]
HUB = 4242


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server = self.server
        assert isinstance(server, Receiver)
        server.seen.append((self.command, self.path, body))
        if self.path == "/slow":
            server.release.wait(30)
        if self.path == "/dripping":
            self.drip()
            return
        answer = json.dumps({"got": len(body)}).encode()
        self.send_response(server.status)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Retry-After", "5")
        self.end_headers()
        self.wfile.write(answer)

    def drip(self) -> None:
        assert isinstance(self.server, Receiver)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while not self.server.release.wait(0.02):
                self.wfile.write(b" ")

    do_GET = do_POST  # noqa: N815 - the handler's own name for it

    def log_message(self, *_arguments: Any) -> None:
        """Tests have no use for a server's log."""


class Receiver(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.seen: list[tuple[str, str, bytes]] = []
        self.release = threading.Event()
        self.origin = f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.release.set()
        server.shutdown()
        thread.join()


def outgoing(url: str, method: str = "POST", timeout_s: float = 20) -> Outgoing:
    return Outgoing(method, url, {"X-A": "b"}, b"{}" if method == "POST" else b"", 5, timeout_s)


def test_fetching_over_http(receiver: Receiver) -> None:
    answer = fetch_over_http(outgoing(f"{receiver.origin}/a?b=c"))
    assert (answer.status, json.loads(answer.body), answer.headers["retry-after"]) == (200, {"got": 2}, "5")
    fetch_over_http(outgoing(f"{receiver.origin}/a?b=c", "GET"))
    assert [(method, path) for method, path, _ in receiver.seen] == [("POST", "/a?b=c"), ("GET", "/a?b=c")]


def test_an_answer_that_does_not_come_in_time(receiver: Receiver) -> None:
    with pytest.raises(DeliveryFailed, match=r"timed out after 0\.05 s"):
        fetch_over_http(outgoing(f"{receiver.origin}/slow", timeout_s=0.05))


def test_an_answer_that_drips_is_bounded_as_a_whole(receiver: Receiver) -> None:
    with pytest.raises(DeliveryFailed, match=r"timed out after 0\.2 s"):
        fetch_over_http(outgoing(f"{receiver.origin}/dripping", timeout_s=0.2))


def test_a_refused_connection_and_a_host_that_is_not_there(receiver: Receiver) -> None:
    receiver.socket.close()
    with pytest.raises(DeliveryFailed):
        fetch_over_http(outgoing(receiver.origin))
    with pytest.raises(DeliveryFailed):
        fetch_over_http(outgoing("http://nowhere.invalid/x"))


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    options = Options(default_origins(), workflow_timeouts=Timeouts(response_s=20))
    running = Emulator(options, clock=Clock())
    users: list[Any] = []
    portal = new_portal(
        HUB, running.clock, name="x", hublet="na1", tier="free", time_zone="UTC", users=users, ui_origin=""
    )
    running.add_portal(portal)
    running.start()
    yield running
    running.stop()


def enrolled(emulator: Emulator, url: str, count: int = 1) -> None:
    portal = emulator.portal(HUB)
    plan = read_plan({"name": "x", "actions": [{"type": "delay", "delay_s": 0}, {"type": "send_webhook", "url": url}]})
    workflow = emulator.workflows.define(portal, plan)
    with portal.crm.lock:
        contact = portal.crm.object_type("contact")
        ids = [
            writes.create(portal.crm, contact, {"email": f"a{number}@b.co"}, by_user(1)).id for number in range(count)
        ]
    for record_id in ids:
        assert emulator.workflows.enroll(workflow, record_id) is None


def test_records_go_through_in_the_background(emulator: Emulator, receiver: Receiver) -> None:
    enrolled(emulator, f"{receiver.origin}/x", 10)
    eventually(lambda: len(receiver.seen) == 10)
    eventually(lambda: not emulator.workflows.book.runs)


def test_a_slow_receiver_does_not_hold_up_the_others(emulator: Emulator, receiver: Receiver) -> None:
    enrolled(emulator, f"{receiver.origin}/slow")
    eventually(lambda: len(receiver.seen) == 1)
    [portal] = emulator.portals.values()
    plan = read_plan({"name": "y", "actions": [{"type": "send_webhook", "url": f"{receiver.origin}/fast"}]})
    workflow = emulator.workflows.define(portal, plan)
    assert emulator.workflows.enroll(workflow, next(iter(portal.crm.tables["0-1"].records))) is None
    eventually(lambda: [path for _, path, _ in receiver.seen] == ["/slow", "/fast"])
    receiver.release.set()
    eventually(lambda: not emulator.workflows.book.runs)


def test_moving_the_clock_brings_retries_forward(emulator: Emulator, receiver: Receiver) -> None:
    receiver.status = 503
    enrolled(emulator, f"{receiver.origin}/x")
    eventually(lambda: [row.outcome for row in emulator.workflows.ledger.latest(1)] == ["retrying"])
    receiver.status = 200
    eventually(lambda: all(run.due > emulator.clock.now_ms() for run in list(emulator.workflows.book.runs.values())))
    emulator.advance(61)
    eventually(lambda: len(receiver.seen) == 2)
    eventually(lambda: not emulator.workflows.book.runs)


def test_a_stopped_scheduler_starts_again(emulator: Emulator, receiver: Receiver) -> None:
    emulator.stop()
    enrolled(emulator, f"{receiver.origin}/x")
    emulator.start()
    eventually(lambda: len(receiver.seen) == 1)
