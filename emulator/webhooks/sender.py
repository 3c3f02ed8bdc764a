"""How a delivery leaves the process. Tests bring their own sender."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from emulator.webhooks.timed_socket import TimedSocket, left

# So much of an answer's body is kept.
KEPT = 2_048

# A scheme, and a host with its port.
_Receiver = tuple[str, str]
# How a connection ends that the other side closed.
_LOST = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)


class DeliveryFailed(Exception):
    """No answer came: refused, reset, timed out. The message says which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said: its status, and the beginning of its body for people to read."""

    status: int
    body: bytes = b""


class Sender(Protocol):
    def __call__(self, url: str, headers: dict[str, str], body: bytes, timeout_s: float, /) -> Answer | int:
        """POST and return the answer; its status alone will do.

        Raises DeliveryFailed.
        """
        ...


class HttpSender:
    """Keeps one connection per thread and receiver. Redirects are not followed: they are answers like any other."""

    def __init__(self) -> None:
        self._local = threading.local()

    def __call__(self, url: str, headers: dict[str, str], body: bytes, timeout_s: float) -> Answer:
        """The time runs from the first byte sent to the last one received, however slowly they drip."""
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        receiver = (parts.scheme, parts.netloc)
        deadline = time.monotonic() + timeout_s
        kept = receiver in self._connections()
        try:
            try:
                return self._post(receiver, path, headers, body, deadline)
            except _LOST:
                if not kept:
                    raise
                # The receiver closed an idle connection; that is not its refusal of this delivery.
                return self._post(receiver, path, headers, body, deadline)
        except TimeoutError:
            raise DeliveryFailed(f"timed out after {timeout_s:g} s") from None
        except (OSError, http.client.HTTPException) as failure:
            raise DeliveryFailed(_reason(failure)) from None

    def _connections(self) -> dict[_Receiver, http.client.HTTPConnection]:
        connections: dict[_Receiver, http.client.HTTPConnection] | None
        connections = getattr(self._local, "connections", None)
        if connections is None:
            connections = self._local.connections = {}
        return connections

    def _post(self, receiver: _Receiver, path: str, headers: dict[str, str], body: bytes, deadline: float) -> Answer:
        connections = self._connections()
        done = False
        connection = connections.get(receiver) or _open(receiver, deadline)
        connections[receiver] = connection
        try:
            timed: Any = connection.sock
            timed.deadline = deadline
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            said = answer.read(65_536)
            done = answer.isclosed()
            return Answer(answer.status, said[:KEPT])
        finally:
            # What was not read to its end, and what the receiver wants to close, is of no more use.
            if not done or connection.sock is None:
                connections.pop(receiver, None)
                connection.close()


def _open(receiver: _Receiver, deadline: float) -> http.client.HTTPConnection:
    scheme, netloc = receiver
    left_s = left(deadline)
    connection: http.client.HTTPConnection
    if scheme == "https":
        connection = http.client.HTTPSConnection(netloc, timeout=left_s, context=ssl.create_default_context())
    else:
        connection = http.client.HTTPConnection(netloc, timeout=left_s)
    connection.connect()
    connection.sock = TimedSocket(connection.sock)
    return connection


def _reason(failure: Exception) -> str:
    return str(failure) or type(failure).__name__
