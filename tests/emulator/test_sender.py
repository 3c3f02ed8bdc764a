"""Deliveries over real sockets: connections kept, and time that runs out however slowly a receiver drips."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from emulator.webhooks.sender import DeliveryFailed, HttpSender

Serve = Callable[[socket.socket], object]
HEAD = b"HTTP/1.1 200 OK\r\n"


class Receiver:
    """A server of one thread that does with each connection what the test says."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/hooks"
        self.connections = 0
        self.over = threading.Event()
        self.thread: threading.Thread | None = None

    def does(self, serve: Serve) -> str:
        self.thread = threading.Thread(target=self._run, args=(serve,))
        self.thread.start()
        return self.url

    def _run(self, serve: Serve) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with closing(connection):
                try:
                    serve(connection)
                except OSError:
                    continue

    def end(self) -> None:
        self.over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        if self.thread is not None:
            self.thread.join()

    def drip(self, connection: socket.socket, text: bytes) -> None:
        """One byte after the other, without end."""
        while not self.over.wait(0.02):
            connection.sendall(text)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.end()


def request_on(connection: socket.socket) -> bytes:
    """One request with the body `[]`; empty when the other side closed."""
    got = b""
    while not got.endswith(b"[]"):
        more = connection.recv(65_536)
        if not more:
            return b""
        got += more
    return got


def post(send: HttpSender, url: str, timeout_s: float = 20) -> int:
    return send(url, {"Content-Type": "application/json"}, b"[]", timeout_s).status


@pytest.mark.parametrize(
    "head", [b"", HEAD, HEAD + b"X-Slow: ", HEAD + b"Content-Length: 100000\r\n\r\n", HEAD + b"\r\n"]
)
def test_an_answer_that_drips_times_out(receiver: Receiver, head: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        request_on(connection)
        connection.sendall(head)
        receiver.drip(connection, b"x")

    with pytest.raises(DeliveryFailed, match=r"timed out after 0\.3 s"):
        post(HttpSender(), receiver.does(serve), 0.3)


def test_silence_times_out(receiver: Receiver) -> None:
    with pytest.raises(DeliveryFailed, match=r"timed out after 0\.1 s"):
        post(HttpSender(), receiver.does(lambda _connection: receiver.over.wait()), 0.1)


def test_a_connection_is_kept(receiver: Receiver) -> None:
    def serve(connection: socket.socket) -> None:
        while request_on(connection):
            connection.sendall(HEAD + b"Content-Length: 2\r\n\r\nok")

    send = HttpSender()
    url = receiver.does(serve)
    assert [post(send, url) for _ in range(3)] == [200, 200, 200]
    assert receiver.connections == 1
    send._connections().popitem()[1].close()


def test_a_connection_that_the_receiver_closes_is_opened_anew(receiver: Receiver) -> None:
    def serve(connection: socket.socket) -> None:
        request_on(connection)
        connection.sendall(HEAD + b"Content-Length: 0\r\n\r\n")

    send = HttpSender()
    url = receiver.does(serve)
    assert [post(send, url) for _ in range(3)] == [200, 200, 200]
    assert receiver.connections == 3
    send._connections().popitem()[1].close()


def test_a_connection_that_is_announced_to_close(receiver: Receiver) -> None:
    def serve(connection: socket.socket) -> None:
        request_on(connection)
        connection.sendall(HEAD + b"Connection: close\r\n\r\nbody without a length")

    send = HttpSender()
    url = receiver.does(serve)
    assert [post(send, url) for _ in range(2)] == [200, 200]
    assert send._connections() == {}


def test_a_receiver_that_hangs_up_is_a_failure(receiver: Receiver) -> None:
    with pytest.raises(DeliveryFailed):
        post(HttpSender(), receiver.does(request_on))


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    def serve(connection: socket.socket) -> None:
        while request_on(connection):
            connection.sendall(b"HTTP/1.1 307 Go\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")

    send = HttpSender()
    assert post(send, receiver.does(serve)) == 307
    assert receiver.connections == 1
    send._connections().popitem()[1].close()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(DeliveryFailed, match="refused"):
        post(HttpSender(), f"http://127.0.0.1:{port}/")
