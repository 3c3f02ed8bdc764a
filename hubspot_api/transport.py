"""One HTTP exchange in bounded time and size.

A timeout per socket operation does not bound a call: a server that sends a byte a second never trips it, not in the
body and not in the header lines. So a `Deadline` is in force while a call is under way, `PooledTransport` ends every
socket operation by it, and `Bounded` checks it between the pieces of a body, whatever the transport.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore2
import httpx2

from hubspot_api.errors import (
    AnswerLost,
    AnswerTooLarge,
    AnswerUnreadable,
    DeadlineExceeded,
    HubSpotError,
    NotSent,
)
from hubspot_api.lookups import Lookups
from hubspot_api.proxies import Proxy
from hubspot_api.said import Call

CONNECT_SECONDS = 3.0  # to one address; leaves time for a second attempt
_WRITE_BYTES = 64 * 1024  # written between two looks at the clock

Clock = Callable[[], float]


class Deadline:
    """The moment by which everything at HubSpot must be over, on a monotonic clock."""

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._ends_at = clock() + seconds

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(self._ends_at - self._clock(), 0.0)

    def extend(self, seconds: float) -> None:
        """Move the end: time spent elsewhere does not count."""
        self._ends_at += seconds

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Bind socket operations of this thread to the deadline."""
        token = _in_force.set(self)
        try:
            yield
        finally:
            _in_force.reset(token)


_in_force: ContextVar[Deadline | None] = ContextVar("deadline_in_force", default=None)


class Bounded(httpx2.BaseTransport):
    """One call's view of a shared transport: ends by `deadline`, and no body exceeds `max_bytes` on the wire.

    `on_head` is told status and headers as soon as they are there.
    """

    def __init__(
        self,
        inner: httpx2.BaseTransport,
        deadline: Deadline,
        max_bytes: int,
        on_head: Callable[[int, httpx2.Headers], None],
    ) -> None:
        self._inner = inner
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._on_head = on_head

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Raises what the inner transport raises, and httpx2's timeouts."""
        seconds = self._deadline.remaining()
        connect = min(seconds, CONNECT_SECONDS)
        timeouts = {"connect": connect, "pool": seconds, "read": seconds, "write": seconds}
        request.extensions = {**request.extensions, "timeout": timeouts}
        with self._deadline.in_force():
            response = self._inner.handle_request(request)
        self._on_head(response.status_code, response.headers)
        assert isinstance(response.stream, httpx2.SyncByteStream)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_BoundedStream(response.stream, self._deadline, self._max_bytes),
            request=request,
            extensions=response.extensions,
        )


class BodyTooLarge(Exception):
    """A body went on beyond what is accepted."""


class _BoundedStream(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, deadline: Deadline, max_bytes: int) -> None:
        self._inner = inner
        self._deadline = deadline
        self._max_bytes = max_bytes

    def __iter__(self) -> Iterator[bytes]:
        pieces = iter(self._inner)
        size = 0
        while True:
            with self._deadline.in_force():
                piece = next(pieces, None)
            if piece is None:
                return
            size += len(piece)
            if size > self._max_bytes:
                raise BodyTooLarge
            if not self._deadline.remaining():
                raise httpx2.ReadTimeout("the call's time is up")
            yield piece

    def close(self) -> None:
        self._inner.close()


@contextmanager
def named_failures(call: Call) -> Iterator[None]:
    """Turn what a transport raises into the exception that says whether HubSpot may have done it."""
    try:
        yield
    except BodyTooLarge as error:
        raise AnswerTooLarge("", call) from error
    except httpx2.DecodingError as error:
        raise AnswerUnreadable("its compression is broken", call) from error
    except httpx2.TransportError as error:
        raise _failure(error)(type(error).__name__, call) from error


def _failure(error: httpx2.TransportError) -> type[HubSpotError]:
    match error:
        case httpx2.ConnectError() | httpx2.ConnectTimeout() | httpx2.PoolTimeout() | httpx2.ProxyError():
            return NotSent
        case httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return NotSent
        case httpx2.TimeoutException():
            return DeadlineExceeded
    return AnswerLost


class PooledTransport(httpx2.BaseTransport):
    """A pool of connections whose every socket operation ends by the deadline in force.

    Share one per process, between threads and accounts: it keeps no cookies and follows no redirects. A forked
    process gets connections of its own. `proxy` is the way out; None: straight.
    """

    def __init__(
        self,
        *,
        verify: ssl.SSLContext | str | bool = True,
        max_connections: int = 100,
        keepalive_seconds: float = 30.0,
        proxy: Proxy | None = None,
    ) -> None:
        self._proxy = proxy
        self._ssl_context = httpx2.create_ssl_context(verify=verify)
        self._max_connections = max_connections
        self._keepalive_seconds = keepalive_seconds
        self._pool = self._new_pool()
        self._owner = os.getpid()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Raises httpx2's transport errors."""
        assert isinstance(request.stream, httpx2.SyncByteStream)
        url = request.url
        target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        with _httpx_errors():
            answer = self._own_pool().handle_request(
                httpcore2.Request(
                    request.method,
                    target,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        assert isinstance(answer.stream, Iterable)
        return httpx2.Response(
            answer.status, headers=answer.headers, stream=_PooledStream(answer.stream), extensions=answer.extensions
        )

    def close(self) -> None:
        """Close all connections."""
        self._own_pool().close()

    def _own_pool(self) -> httpcore2.ConnectionPool:
        if self._owner != os.getpid():  # two processes must not talk on one connection
            inherited, self._pool = self._pool, self._new_pool()
            self._owner = os.getpid()
            for connection in inherited.connections:  # not the pool: its lock may have been held while forking
                connection.close()
        return self._pool

    def _new_pool(self) -> httpcore2.ConnectionPool:
        make = self._proxy.pool if self._proxy else httpcore2.ConnectionPool
        return make(
            ssl_context=self._ssl_context,
            max_connections=self._max_connections,
            max_keepalive_connections=self._max_connections,
            keepalive_expiry=self._keepalive_seconds,
            network_backend=_DeadlineBackend(),
        )


class _PooledStream(httpx2.SyncByteStream):
    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        with _httpx_errors():
            yield from self._pieces

    def close(self) -> None:
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()


@contextmanager
def _httpx_errors() -> Iterator[None]:
    """httpcore2 and httpx2 name their errors alike."""
    try:
        yield
    except (
        httpcore2.TimeoutException,
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.ProxyError,
        httpcore2.UnsupportedProtocol,
    ) as error:
        twin = getattr(httpx2, type(error).__name__)
        raise twin(str(error)) from error


class _DeadlineBackend(httpcore2.SyncBackend):
    """Finds and connects by the deadline in force, however slow the resolver and however many addresses a name has."""

    def __init__(self) -> None:
        super().__init__()
        self._lookups = Lookups()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: httpcore2.ConnectError | httpcore2.ConnectTimeout | None = None
        for address in self._addresses(host, port, timeout):
            seconds = _by_deadline(timeout, httpcore2.ConnectTimeout)
            try:
                stream = super().connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _DeadlineStream(stream)
        raise failure or httpcore2.ConnectError(f"{host} has no address")

    def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        seconds = _by_deadline(timeout, httpcore2.ConnectTimeout)
        try:
            return self._lookups.addresses(host, port, seconds)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"{host} was not found in time") from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error


class _DeadlineStream(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _by_deadline(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _WRITE_BYTES):
            piece = buffer[start : start + _WRITE_BYTES]
            self._inner.write(piece, _by_deadline(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        seconds = _by_deadline(timeout, httpcore2.ConnectTimeout)
        return _DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, seconds))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _by_deadline(timeout: float | None, too_late: type[httpcore2.TimeoutException]) -> float | None:
    deadline = _in_force.get()
    if deadline is None:
        return timeout
    seconds = deadline.remaining()
    if not seconds:
        raise too_late("the call's time is up")
    return seconds if timeout is None else min(seconds, timeout)
