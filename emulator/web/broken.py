"""Answers that fail on purpose."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import falcon

from emulator.errors import HubSpotError, Migrating, RateLimited, WrongHublet, edge_page
from emulator.faults import Fault

# Changes an answer that is ready to go.
Mangle = Callable[[falcon.Response], None]


class ConnectionDropped(ConnectionResetError):
    """Raised while the body is sent, so that the server closes the connection."""


class FaultyAnswer(HubSpotError):
    """Any status with any body, as a fault asks for it."""

    def __init__(self, status: int, body: bytes, content_type: str, headers: dict[str, str]) -> None:
        super().__init__(f"answered {status} on demand")
        self.status = status
        self.content_type = content_type
        self.headers = headers
        self._body = body

    def payload(self, _correlation_id: str) -> bytes:
        return self._body


def strike(
    faults: Sequence[Fault], req: falcon.Request, resp: falcon.Response, hub_id: int | None, other_hublet: str
) -> Mangle | None:
    """Apply what comes before the answer; return what is to be done to it.

    Raises HubSpotError when the fault is an answer of its own.
    """
    mangle: Mangle | None = None
    for fault in faults:
        match fault.action:
            case "latency":
                time.sleep(_latency_s(fault))
            case "reset":
                # The call is not carried out, unless it is the answer that is to be lost.
                resp.complete = not fault.params.get("after")
                return hang_up
            case "truncate":
                mangle = _truncate
            case "drip":
                mangle = _drip(fault)
            case "echo":
                raise _echo(fault, req)
            case _:
                raise _answer(fault, hub_id, other_hublet)
    return mangle


def _latency_s(fault: Fault) -> float:
    low = float(fault.params.get("min_ms", fault.params.get("ms", 1_000)))
    high = float(fault.params.get("max_ms", low))
    return fault.random.uniform(low, high) / 1000


def _answer(fault: Fault, hub_id: int | None, other_hublet: str) -> HubSpotError:
    match fault.action:
        case "migrating":
            return Migrating(hub_id, int(fault.params.get("retry_after_s", 3_600)))
        case "wrong_hublet":
            return WrongHublet(hub_id, str(fault.params.get("hublet", other_hublet)))
        case "html":
            status = int(fault.params.get("status", 502))
            return FaultyAnswer(status, edge_page(f"{status} Bad Gateway"), "text/html", _headers(fault))
    return _status(fault)


def _echo(fault: Fault, req: falcon.Request) -> HubSpotError:
    from emulator.web.echo import echo
    from emulator.web.exchange import JSON

    return FaultyAnswer(int(fault.params.get("status", 500)), echo(req), JSON, _headers(fault))


def _headers(fault: Fault) -> dict[str, str]:
    headers = {str(name): str(value) for name, value in dict(fault.params.get("headers", {})).items()}
    if "retry_after" in fault.params:
        headers["Retry-After"] = str(fault.params["retry_after"])
    return headers


def _status(fault: Fault) -> HubSpotError:
    status = int(fault.params.get("status", 500))
    if "body" in fault.params:
        return FaultyAnswer(status, *_body(fault.params["body"]), _headers(fault))
    if status == 429:
        limited = RateLimited(str(fault.params.get("policy", "TEN_SECONDLY_ROLLING")))
        limited.headers.update(_headers(fault))
        return limited
    error = HubSpotError(_MESSAGES.get(status, "internal error"))
    error.status = status
    error.headers.update(_headers(fault))
    return error


_MESSAGES = {423: "This record is locked", 503: "Service unavailable", 504: "Gateway timeout"}


def _body(given: Any) -> tuple[bytes, str]:
    from emulator.web.exchange import JSON, dumps

    return (given.encode(), "text/plain") if isinstance(given, str) else (dumps(given), JSON)


def hang_up(resp: falcon.Response) -> None:
    """Nothing is sent at all: a body is promised, and fails before its first byte."""
    resp.status = 200
    resp.data = None
    resp.content_length = 1
    resp.stream = _dropped(b"")


def _truncate(resp: falcon.Response) -> None:
    """Half of the body, then the connection closes; the length promised was the whole."""
    body = resp.data or b" "
    resp.data = None
    resp.content_length = max(2, len(body))
    resp.stream = _dropped(body[: len(body) // 2] or b" ")


def _dropped(part: bytes) -> Iterator[bytes]:
    if part:
        yield part
        # The server sends what it has only while it waits for more.
        time.sleep(0.05)
    raise ConnectionDropped("the emulator was asked to drop this connection")


def _drip(fault: Fault) -> Mangle:
    size = int(fault.params.get("bytes", 1))
    pause = float(fault.params.get("pause_ms", 100)) / 1000

    def mangle(resp: falcon.Response) -> None:
        body = resp.data or b""
        resp.data = None
        resp.content_length = len(body)
        resp.stream = _slowly(body, size, pause)

    return mangle


def _slowly(body: bytes, size: int, pause: float) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        time.sleep(pause)
        yield body[start : start + size]
