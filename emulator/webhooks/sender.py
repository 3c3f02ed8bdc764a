"""How a delivery leaves the process. Tests bring their own sender."""

from __future__ import annotations

import http.client
import ssl
import threading
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

# So much of an answer's body is kept.
KEPT = 2_048


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
    """Keeps one connection per thread and receiver. Redirects are not followed."""

    def __init__(self) -> None:
        self._local = threading.local()

    def __call__(self, url: str, headers: dict[str, str], body: bytes, timeout_s: float) -> Answer:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        kept = (parts.scheme, parts.netloc) in self._connections()
        try:
            return self._post(parts.scheme, parts.netloc, path, headers, body, timeout_s)
        except TimeoutError:
            raise DeliveryFailed(f"timed out after {timeout_s:g} s") from None
        except (OSError, http.client.HTTPException) as failure:
            if kept and isinstance(failure, http.client.RemoteDisconnected | BrokenPipeError | ConnectionResetError):
                # The receiver closed an idle connection; that is not its refusal of this delivery.
                return self._again(parts.scheme, parts.netloc, path, headers, body, timeout_s)
            raise DeliveryFailed(_reason(failure)) from None

    def _again(
        self, scheme: str, netloc: str, path: str, headers: dict[str, str], body: bytes, timeout_s: float
    ) -> Answer:
        try:
            return self._post(scheme, netloc, path, headers, body, timeout_s)
        except TimeoutError:
            raise DeliveryFailed(f"timed out after {timeout_s:g} s") from None
        except (OSError, http.client.HTTPException) as failure:
            raise DeliveryFailed(_reason(failure)) from None

    def _connections(self) -> dict[tuple[str, str], http.client.HTTPConnection]:
        connections: dict[tuple[str, str], http.client.HTTPConnection] | None
        connections = getattr(self._local, "connections", None)
        if connections is None:
            connections = self._local.connections = {}
        return connections

    def _post(
        self, scheme: str, netloc: str, path: str, headers: dict[str, str], body: bytes, timeout_s: float
    ) -> Answer:
        connections = self._connections()
        connection = connections.get((scheme, netloc))
        if connection is None:
            connection = connections[(scheme, netloc)] = _connect(scheme, netloc)
        connection.timeout = timeout_s
        if connection.sock is not None:
            connection.sock.settimeout(timeout_s)
        done = False
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            said = answer.read(65_536)
            done = answer.isclosed()
            return Answer(answer.status, said[:KEPT])
        finally:
            if not done:
                connections.pop((scheme, netloc), None)
                connection.close()


def _connect(scheme: str, netloc: str) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(netloc, context=ssl.create_default_context())
    return http.client.HTTPConnection(netloc)


def _reason(failure: Exception) -> str:
    return str(failure) or type(failure).__name__
