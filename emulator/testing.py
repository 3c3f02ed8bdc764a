"""The emulator inside a test's own process: no port, no threads, and HTTP all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx2

from emulator.web.broken import ConnectionDropped
from emulator.webhooks.sender import KEPT, Answer, DeliveryFailed
from emulator.workflows.wire import Incoming, Outgoing
from emulator.world import Emulator


class EmulatorTransport(httpx2.BaseTransport):
    """Every region of an emulator, each under its own origin, for `httpx2.Client(transport=…)`.

    Connections that a fault drops end as they do on a network: in httpx2's own errors.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._hublets = {_address(origin): hublet for hublet, origin in emulator.options.origins.items()}
        self._regions: dict[str, httpx2.WSGITransport] = {}

    def _region(self, request: httpx2.Request) -> httpx2.WSGITransport:
        hublet = self._hublets.get(_address(str(request.url)))
        if hublet is None:
            raise httpx2.ConnectError(f"no region of the emulator is at {request.url}", request=request)
        if hublet not in self._regions:
            self._regions[hublet] = httpx2.WSGITransport(app=_as_wsgi_has_it(self._emulator.wsgi(hublet)))
        return self._regions[hublet]

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            answer = self._region(request).handle_request(request)
            body = b"".join(answer.iter_raw())
        except ConnectionDropped as dropped:
            raise httpx2.ReadError(str(dropped), request=request) from dropped
        return httpx2.Response(answer.status_code, headers=answer.headers, content=body)


def _as_wsgi_has_it(application: Callable[..., Any]) -> Callable[..., Any]:
    """Give paths as WSGI wants them, bytes in the guise of latin-1, where httpx2 gives the text itself."""

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        path = environ["PATH_INFO"].encode("utf-8", "surrogateescape").decode("latin-1")
        return application({**environ, "PATH_INFO": path}, start_response)

    return call


def _address(url: str) -> tuple[str | None, int]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]


def send_to(application: Callable[..., Any], origin: str = "http://localhost:8000") -> Callable[..., Answer]:
    """A sender that delivers webhooks to a WSGI application: `Emulator(sender=send_to(app))`."""
    client = httpx2.Client(transport=httpx2.WSGITransport(app=application), base_url=origin)

    def send(url: str, headers: dict[str, str], body: bytes, timeout_s: float) -> Answer:
        try:
            answer = client.post(url, headers=headers, content=body, timeout=timeout_s)
            return Answer(answer.status_code, answer.content[:KEPT])
        except httpx2.TransportError as failure:
            raise DeliveryFailed(str(failure)) from failure

    return send


def fetch_from(
    application: Callable[..., Any], origin: str = "http://localhost:8000"
) -> Callable[[Outgoing], Incoming]:
    """Workflows' requests go to a WSGI application: `Emulator(fetcher=fetch_from(app))`."""
    client = httpx2.Client(transport=httpx2.WSGITransport(app=application), base_url=origin)

    def fetch(request: Outgoing) -> Incoming:
        try:
            answer = client.request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.body,
                timeout=httpx2.Timeout(request.timeout_s, connect=request.connect_timeout_s),
            )
        except httpx2.TransportError as failure:
            raise DeliveryFailed(str(failure)) from failure
        return Incoming(answer.status_code, answer.content, {k.lower(): v for k, v in answer.headers.items()})

    return fetch
