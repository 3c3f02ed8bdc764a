"""Serving the emulator on TCP ports: one process, one listener per region.

All state is in memory, so there must be one process. Granian's own command serves one port, in a worker process that
it forks; here its WSGI worker, the same native code, runs in this process, once per region, each with its own threads.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from granian import _futures, _granian
from granian._granian import ListenerSpec

from emulator.world import Emulator

# What granian's own worker process is made of. Not a public interface: the version is pinned, and the tests of this
# module would tell.
_WSGIWorker: Any = _granian.WSGIWorker
_scheduler: Any = _futures._new_cbscheduler

# Calls wait in here while a fault makes them slow, so there are many more threads than a busy server needs.
THREADS = 64

_BACKLOG = 1_024
_IDLE_THREAD_S = 600
_STOP_S = 1.0

_ENVIRONMENT = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "Granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": False,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}

Application = Callable[..., Iterable[bytes]]


class PortInUse(Exception):
    """The message names the port."""


class _Answer:
    """What the application says before its body: WSGI's start_response."""

    __slots__ = ("headers", "status")

    status: int
    headers: list[tuple[str, str]]

    def __call__(self, status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
        self.status = int(status[:3])
        self.headers = headers


class _Parts:
    """A body that comes in parts, as granian reads it."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts
        self._next = iter(parts).__next__

    def __next__(self) -> bytes:
        return self._next()

    def close(self) -> None:
        close = getattr(self._parts, "close", None)
        if close is not None:
            close()


def _serve(application: Application, protocol: Any, scope: dict[str, Any]) -> int:
    answer = _Answer()
    body = application(_ENVIRONMENT | scope, answer)
    if isinstance(body, list):
        protocol.response_bytes(answer.status, answer.headers, b"".join(body))
    else:
        protocol.response_iter(answer.status, answer.headers, _Parts(body))
    return answer.status


class Listener:
    """One port."""

    def __init__(self, application: Application, host: str, port: int, threads: int = THREADS) -> None:
        self._application = application
        self._spec = ListenerSpec(host, port, _BACKLOG)
        self._threads = threads
        self._stop = _granian.WorkerSignal()
        self._stopped = threading.Event()
        self._stop.add_cb(self._stopped.set)
        _check_free(host, port)

    def start(self, pem: Path | None = None) -> None:
        """Listen; with TLS if there is a file with a key and its certificate, which is read by the end of this call."""
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready, pem), name="listener", daemon=True).start()
        ready.wait()

    def _run(self, ready: threading.Event, pem: Path | None) -> None:
        worker = _WSGIWorker(
            1,  # its number
            (self._spec, None),
            None,  # no channel to a supervisor
            1,  # native threads
            512,
            self._threads,
            _IDLE_THREAD_S,
            _BACKLOG,
            "1",  # HTTP/1.1
            None,
            None,
            None,  # no static files
            pem is not None,
            str(pem) if pem else None,
            str(pem) if pem else None,
            None,  # the key has no password
            "tls1.2",
            None,
            [],
            False,
            (None, None),  # no metrics
        )
        loop = asyncio.new_event_loop()
        serve = partial(_serve, self._application)
        worker.serve_mtr(_scheduler(loop, serve, impl_asyncio=True), loop, self._stop)
        ready.set()
        self._stopped.wait()
        loop.close()

    def stop(self) -> None:
        """Accept nothing more. Calls under way are not waited for."""
        self._stop.set()
        self._stopped.wait(_STOP_S)


def _check_free(host: str, port: int) -> None:
    """Granian's sockets share their port with other processes' without a word; here that would split the state.

    Raises PortInUse.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as failure:
            if failure.errno != errno.EADDRINUSE:
                raise
            raise PortInUse(f"port {port} on {host} is in use: another emulator, or some other program") from None


def listeners(emulator: Emulator, host: str) -> list[Listener]:
    """One per region, on the ports of the emulator's origins.

    Raises PortInUse.
    """
    _quiet_dropped_connections()
    return [
        Listener(emulator.wsgi(hublet), host, urlsplit(origin).port or 80)
        for hublet, origin in emulator.options.origins.items()
    ]


def _quiet_dropped_connections() -> None:
    """Connections that faults drop end in an exception on purpose; granian would log each."""
    logging.getLogger("_granian.utils").addFilter(
        lambda record: "ConnectionDropped" not in f"{record.exc_info}{record.getMessage()}"
    )
