"""HubSpot at the transport, and time that passes when told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from hubspot_api.attempts import Surroundings
from hubspot_api.client import Client
from hubspot_api.ports import AccessToken, CallObserver, CallRecord, Gate, OpenGate, StaticToken, TokenSource
from hubspot_api.retrying import Retries
from hubspot_api.secret import Secret

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CORRELATION_ID = "5ad3b5a9-1c2d-4a9e-8d2f-0c1b2a3d4e5f"

Reply = httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]


@dataclass
class Time:
    """A clock that only `pass_` and `sleep` move."""

    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds - 1000.0)

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@dataclass
class HubSpot:
    """Gives its replies in turn, the last one for ever, and remembers what it was asked."""

    replies: list[Reply]
    asked: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply(request) if callable(reply) else again(reply)

    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.asked]

    def paths(self) -> list[str]:
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.asked]


def again(reply: httpx2.Response) -> httpx2.Response:
    """Return a fresh copy: a response can be read once."""
    return httpx2.Response(reply.status_code, headers=reply.headers, content=reply.content)


@dataclass
class Log:
    """Keeps the call records."""

    records: list[CallRecord] = field(default_factory=list)

    def called(self, record: CallRecord) -> None:
        self.records.append(record)


def ok(body: object = None, status: int = 200, headers: Mapping[str, str] | None = None) -> httpx2.Response:
    """Return a JSON answer."""
    sent = {"X-HubSpot-Correlation-Id": CORRELATION_ID, **(headers or {})}
    if body is None and status == 204:
        return httpx2.Response(204, headers=sent)
    return httpx2.Response(status, json=body if body is not None else {}, headers=sent)


def refusal(
    status: int, category: str = "", message: str = "", headers: Mapping[str, str] | None = None, **more: object
) -> httpx2.Response:
    """Return an error answer with the usual envelope."""
    body = {"status": "error", "message": message, "correlationId": CORRELATION_ID, "category": category, **more}
    return httpx2.Response(status, json=body, headers=headers)


def html(status: int) -> httpx2.Response:
    """Return what an edge server shows people."""
    page = "<!DOCTYPE html><html><head><title>hubapi.com</title></head><body>canary</body></html>"
    return httpx2.Response(status, html=page)


@dataclass
class World:
    """A client, the HubSpot it talks to, its log and its time."""

    client: Client
    hubspot: HubSpot
    log: Log
    time: Time


def world(
    *replies: Reply,
    tokens: TokenSource | None = None,
    gate: Gate | None = None,
    observer: CallObserver | None = None,
    retries: Retries | None = None,
    **options: Any,
) -> World:
    """Return a client for portal 123 whose HubSpot gives `replies`."""
    hubspot, log, time = HubSpot(list(replies)), Log(), Time()
    client = Client(
        tokens or StaticToken("t-1"),
        hub_id=123,
        surroundings=surroundings(time, log, gate=gate, observer=observer, retries=retries),
        transport=httpx2.MockTransport(hubspot),
        **options,
    )
    return World(client, hubspot, log, time)


def surroundings(
    time: Time,
    log: Log,
    *,
    gate: Gate | None = None,
    observer: CallObserver | None = None,
    retries: Retries | None = None,
) -> Surroundings:
    """Return surroundings that run on `time`, and draw the middle of every range."""
    return Surroundings(
        gate=gate or OpenGate(),
        observer=observer or log,
        retries=retries or Retries(),
        clock=time.clock,
        now=time.now,
        sleep=time.sleep,
        chance=lambda: 0.5,
    )


@dataclass
class Renewing:
    """Tokens t-1, t-2, …; counts refreshes. `limit` is the last generation there is."""

    generation: int = 1
    limit: int = 99
    rejections: list[int] = field(default_factory=list)
    hublet: str | None = None

    def current(self) -> AccessToken:
        return AccessToken(Secret(f"t-{self.generation}"), self.generation, self.hublet)

    def rejected(self, token: AccessToken) -> AccessToken:
        self.rejections.append(token.generation)
        self.generation = min(self.generation + 1, self.limit)
        return self.current()


def record(record_id: int | str, *, archived: bool = False, **properties: str | None) -> dict[str, Any]:
    """Return a record as HubSpot sends it."""
    return {
        "id": str(record_id),
        "properties": {"hs_object_id": str(record_id), **properties},
        "createdAt": "2019-10-30T03:30:17.883Z",
        "updatedAt": "2026-01-02T03:04:05Z",
        "archived": archived,
        "url": f"https://app.hubspot.com/contacts/123/record/0-1/{record_id}",
    }


EXPIRED = refusal(401, "EXPIRED_AUTHENTICATION", "expired 0 second(s) ago")
LOST = httpx2.ReadError("reset")
UNSENT = httpx2.ConnectError("refused")


class Pieces(httpx2.SyncByteStream):
    """A body that comes piece by piece; with a time, one a second."""

    def __init__(self, pieces: list[bytes], time: Time | None = None) -> None:
        self._pieces = pieces
        self._time = time
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if self._time:
                self._time.pass_(1)
            yield piece

    def close(self) -> None:
        self.closed = True
