"""The virtual clock: real time plus an offset that only grows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Clock:
    """Token and code life, retries, retention, midnights and every createdAt and updatedAt follow this clock.

    Signature timestamps, rate windows and ledgers follow real time instead: they are about the wire.
    """

    def __init__(self, real_ms: Callable[[], int] = wall_ms) -> None:
        self._real_ms = real_ms
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self.offset_ms = 0

    def now_ms(self) -> int:
        return self._real_ms() + self.offset_ms

    def advance(self, seconds: float) -> None:
        """Move time forward and wake whoever waits for it."""
        with self._lock:
            self.offset_ms += int(seconds * 1000)
        for listener in self._listeners:
            listener()

    def when_advanced(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)
