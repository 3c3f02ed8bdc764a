"""A thread that tells Redis of answered calls, so that the caller's way holds no second round trip."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .shared import RETRY_S, Clock, Command, RedisAway, SharedBuckets

FORGET_S = 60.0  # Redis has been away for longer than any place is held
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Return:
    """What to tell, given how many milliseconds ago it happened."""

    command: Callable[[int], Command]
    happened_at: float


class Returns:
    """A queue and the daemon thread that empties it, started when first needed.

    What is lost with the process, or dropped because Redis is away for long, costs time and nothing else: a place
    of which no answer was reported comes back when its call is certainly over.
    """

    def __init__(self, shared: SharedBuckets, clock: Clock) -> None:
        self._shared = shared
        self._clock = clock
        self._waiting: deque[Return] = deque(maxlen=10_000)
        self._bell = threading.Event()
        self._starting = threading.Lock()
        self._sending = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, command: Callable[[int], Command]) -> None:
        """Have `command(age_ms)` sent soon."""
        self._waiting.append(Return(command, self._clock()))
        self._bell.set()
        self._start()

    def flush(self) -> None:
        """Send what waits, in this thread. Raises RedisAway and keeps what was not sent."""
        with self._sending:
            self._flush()

    def _flush(self) -> None:
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            now = self._clock()
            taken = [item for item in taken if now - item.happened_at < FORGET_S]
            try:
                self._shared.send([item.command(int((now - item.happened_at) * 1000)) for item in taken])
            except RedisAway:
                self._waiting.extendleft(reversed(taken))
                raise

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._serve, name="limiter-returns", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        away = threading.Event()
        while True:
            self._bell.wait()
            self._bell.clear()
            try:
                self.flush()
            except RedisAway:
                away.wait(RETRY_S)
                self._bell.set()
