"""A connection with one deadline for a whole request and its answer, however slowly it drips."""

from __future__ import annotations

import io
import socket
import time
from typing import Any


def left(deadline: float) -> float:
    """Return the seconds until then. Raises TimeoutError."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


class TimedSocket:
    """What http.client needs of a socket, with one deadline for all of it; a socket's own timeout is for each read."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.deadline = 0.0

    def sendall(self, data: bytes) -> None:
        self.hurry()
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self, self._sock.makefile("rb", buffering=0)))

    def hurry(self) -> None:
        """Raises TimeoutError."""
        self._sock.settimeout(left(self.deadline))

    def close(self) -> None:
        self._sock.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: TimedSocket, raw: io.RawIOBase) -> None:
        self._timed = sock
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._timed.hurry()
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
