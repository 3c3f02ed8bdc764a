"""One demo per data directory: a lock that the system releases with the process that holds it, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from . import processes


class AlreadyRunning(Exception):
    """Another demo runs on this data directory."""


class Lock:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the lock or raise AlreadyRunning. The file's content says who holds it, for people only."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode().strip()
            os.close(descriptor)
            raise AlreadyRunning(self._refusal(holder)) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _refusal(self, holder: str) -> str:
        process = processes.look(int(holder)) if holder.isdecimal() else None
        who = f" (process {process.pid}: {process.command[:80]})" if process else ""
        return (
            f"A demo already runs on {self._path.parent}{who}.\n"
            "Stop it with Ctrl-C where it runs, or start a second one beside it:\n"
            "make demo DEMO_DATA=.data-2 WEB_PORT=8010 EMULATOR_PORT=8775"
        )
