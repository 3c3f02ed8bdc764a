"""A wire between a client and HubSpot that fails in one way per request, before or after HubSpot has seen it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.hubspot_api.servers import Server, reset, serving

# HubSpot never sees the request.
BEFORE = ("swallowed", "reset_before")
# HubSpot carries it out; the answer is lost or spoilt.
AFTER = ("reset_after", "silence", "cut", "cut_json", "html", "html_ok", "drip", "reset_in_answer")
PAGE = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"


@dataclass
class Wire:
    """`next_fault` says, request by request, what becomes of it; "" is nothing. `sent` counts what HubSpot saw."""

    upstream: int
    next_fault: Callable[[], str]
    sent: int = 0
    port: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def carry(self, server: Server, connection: socket.socket) -> None:
        while request := server.read_request(connection):
            with self._lock:
                fault = self.next_fault()
            if not self._serve(server, connection, request, fault):
                return

    def _serve(self, server: Server, connection: socket.socket, request: bytes, fault: str) -> bool:
        """Return whether the connection may be used again."""
        match fault:
            case "swallowed":
                server.over.wait()
                return False
            case "reset_before":
                reset(connection)
                return False
        answer = self._asked(request)
        if not fault:
            connection.sendall(answer)
            return b"connection: close" not in answer.lower()
        with suppress(OSError):  # the client may have left
            self._spoil(server, connection, answer, fault)
        return False

    def _asked(self, request: bytes) -> bytes:
        with self._lock:
            self.sent += 1
        head, _, body = request.partition(b"\r\n\r\n")
        closing = head.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\nConnection: close\r\n", 1)
        with socket.create_connection(("127.0.0.1", self.upstream)) as line:
            line.sendall(closing + b"\r\n\r\n" + body)
            return b"".join(iter(lambda: line.recv(65536), b""))

    def _spoil(self, server: Server, connection: socket.socket, answer: bytes, fault: str) -> None:
        head, _, body = answer.partition(b"\r\n\r\n")
        match fault:
            case "silence":
                server.over.wait()
            case "cut":
                connection.sendall(answer[: -max(len(body) // 2, 1)])
            case "reset_in_answer":
                connection.sendall(answer[: len(head) // 2])
                reset(connection)
            case "cut_json":
                half = body[: len(body) // 2]
                kind = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                connection.sendall(kind + b"Content-Length: %d\r\n\r\n" % len(half) + half)
            case "html" | "html_ok":
                status = b"502 Bad Gateway" if fault == "html" else b"200 OK"
                kind = b"HTTP/1.1 " + status + b"\r\nContent-Type: text/html\r\nConnection: close\r\n"
                connection.sendall(kind + b"Content-Length: %d\r\n\r\n" % len(PAGE) + PAGE)
            case "drip":
                server.drip(connection, answer, 1.0)
            case _:
                reset(connection)


@contextmanager
def faulty(upstream: int, next_fault: Callable[[], str]) -> Iterator[Wire]:
    """Lay a wire to a port on loopback."""
    wire = Wire(upstream, next_fault)
    with serving(wire.carry) as server:
        wire.port = server.port
        yield wire
