"""What is kept of a delivery, and sending its events again on demand."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from emulator.webhooks.sender import KEPT, Answer, HttpSender
from tests.emulator.hub import CLIENT_ID, HUB, TARGET, Hub, created


class _Talkative(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = b"no such route " * 1_000
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def talkative() -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Talkative)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hooks"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_beginning_of_an_answer_is_kept(talkative: str) -> None:
    assert HttpSender()(talkative, {}, b"[]", 5) == Answer(404, (b"no such route " * 1_000)[:KEPT])


def test_a_delivery_is_shown_with_what_went_out_and_what_came_back(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.receiver.answer = 500
    hub.change(created())
    hub.emulator.deliver()
    shown = hub.control("GET", "deliveries/1")
    [(headers, _)] = hub.receiver.requests
    assert (shown["url"], shown["headers"], shown["answer"], shown["status"]) == (TARGET, headers, "", 500)
    assert [event["subscriptionType"] for event in shown["events"]] == ["contact.creation"]
    assert hub.http.get("/_emulator/deliveries/2").json() == {"error": "there is no delivery 2"}


def test_what_waits_for_a_retry_is_sent_now_and_not_twice(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.receiver.answer = 500
    hub.change(created())
    hub.emulator.deliver()
    hub.receiver.answer = 204
    hub.control("POST", "deliveries/1")
    events = hub.events()
    assert [event["attemptNumber"] for event in events] == [0, 1]
    assert hub.emulator.deliveries.pending(HUB) == 0
    hub.advance(86_400)
    assert hub.events() == []


def test_what_is_settled_is_sent_once_more(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.change(created())
    [first] = hub.events()
    hub.control("POST", "deliveries/1")
    assert hub.events() == [first]
    assert hub.emulator.deliveries.pending(HUB) == 0


def test_an_app_that_is_gone_is_sent_nothing(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.change(created())
    hub.events()
    hub.control("POST", f"portals/{HUB}/uninstall", {"client_id": CLIENT_ID})
    answer = hub.http.post("/_emulator/deliveries/1")
    assert answer.status_code == 400
    assert f"account {HUB}" in answer.json()["error"]
    assert hub.events() == []
