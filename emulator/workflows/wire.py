"""Requests whose answers are read: workflow webhooks, custom actions, option fetches. Tests bring their own fetcher."""

from __future__ import annotations

import http.client
import ssl
import time
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from emulator.webhooks.management import checked_target
from emulator.webhooks.sender import DeliveryFailed
from emulator.webhooks.timed_socket import TimedSocket

# An answer that is longer is cut: outputs are short.
LONGEST_ANSWER = 1_000_000


@dataclass(frozen=True)
class Outgoing:
    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    connect_timeout_s: float
    timeout_s: float


@dataclass(frozen=True)
class Incoming:
    status: int
    body: bytes = b""
    # Names in lower case.
    headers: dict[str, str] = field(default_factory=dict)


class Fetcher(Protocol):
    def __call__(self, request: Outgoing, /) -> Incoming:
        """Send the request and read the answer.

        Raises DeliveryFailed.
        """
        ...


def fetch_over_http(request: Outgoing) -> Incoming:
    """One connection per request. Redirects are not followed. The time is for all of the answer, however it drips.

    Raises DeliveryFailed.
    """
    parts = urlsplit(request.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts.scheme, parts.netloc, request.connect_timeout_s)
    waited = request.connect_timeout_s
    try:
        connection.connect()
        waited = request.timeout_s
        timed: Any = TimedSocket(connection.sock)
        timed.deadline = time.monotonic() + request.timeout_s
        connection.sock = timed
        connection.request(request.method, path, request.body or None, request.headers)
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Incoming(answer.status, answer.read(LONGEST_ANSWER), headers)
    except TimeoutError:
        raise DeliveryFailed(f"timed out after {waited:g} s") from None
    except (OSError, http.client.HTTPException, ValueError) as failure:
        raise DeliveryFailed(str(failure) or type(failure).__name__) from None
    finally:
        connection.close()


def _connection(scheme: str, netloc: str, timeout_s: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(netloc, timeout=timeout_s, context=ssl.create_default_context())
    return http.client.HTTPConnection(netloc, timeout=timeout_s)


def is_allowed_url(url: str) -> bool:
    """HubSpot calls https only; here also http near by, as for the webhooks of subscriptions."""
    try:
        checked_target(url)
    except ValueError:
        return False
    return True
