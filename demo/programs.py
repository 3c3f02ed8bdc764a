"""The programs of ours that run as children: the emulator, the web server, the worker, the beat."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import children
from .logs import tail

CHECKOUT = Path(__file__).resolve().parent.parent
_STARTUP_PATIENCE_S = 60


class ProgramFailed(Exception):
    """A program ended, or said nothing, before it was ready; the message holds the end of its log."""


class Program:
    """One child. `is_ready` tells when others may rely on it, `parting` is the signal it gets if we are killed."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        log: Path,
        is_ready: Callable[[], bool] = lambda: True,
        parting: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self._command = command
        self._env = env
        self._is_ready = is_ready
        self._parting = parting

    def launch(self) -> None:
        with self.log.open("ab") as log:
            self.process = children.start(self._command, log=log, env=self._env, cwd=CHECKOUT, parting=self._parting)

    def wait_until_ready(self) -> None:
        """Raises ProgramFailed."""
        assert self.process is not None
        deadline = time.monotonic() + _STARTUP_PATIENCE_S
        while not self._is_ready():
            if self.process.poll() is not None:
                raise ProgramFailed(f"{self.name} ended as it started:\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise ProgramFailed(f"{self.name} is not ready after {_STARTUP_PATIENCE_S} s:\n{tail(self.log)}")
            time.sleep(0.05)

    def start(self) -> None:
        """Start and wait until it is ready. Raises ProgramFailed."""
        self.launch()
        self.wait_until_ready()

    def stop(self) -> None:
        if self.process is not None:
            children.stop(self.process)


def web_command(port: int, workers: int, threads: int) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "demo.wsgi:application"),
        *("--host", "127.0.0.1", "--port", str(port), "--http", "1", "--no-ws"),
        *("--workers", str(workers), "--blocking-threads", str(threads)),
        *("--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "10"),
    ]


def worker_command(concurrency: int) -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "--app", "hubapp.celery", "worker"),
        *("--concurrency", str(concurrency), "--loglevel", "INFO", "--without-gossip", "--without-mingle"),
    ]


def beat_command(schedule: Path) -> list[str]:
    # No pid file: a stale one would stop the next start, and the demo's own lock does its work.
    return [
        *(sys.executable, "-m", "celery", "--app", "hubapp.celery", "beat"),
        *("--schedule", str(schedule), "--pidfile=", "--loglevel", "INFO"),
    ]


def emulator_command(port: int, seed: str, state: Path | None) -> list[str]:
    kept = [] if state is None else ["--state", str(state)]
    return [sys.executable, "-m", "emulator", "--port", str(port), "--seed", seed, *kept]
