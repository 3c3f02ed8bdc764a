"""A thread that counts calls against limits that are tried out: no call waits for it, none fails because of it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import redis

from hubspot_api.ports import Bucket

from .asked import Asked
from .dry_runs import Count, DryRunStore, TriedInvalid, TriedLimits
from .shared import Clock

logger = logging.getLogger(__name__)

LOOK_S = 2.0  # how old our knowledge of what is tried may be
LATE_S = 4.0  # what could not be told for so long is not counted: others' calls have been since
RETRY_S = 0.25
GATHER_S = 0.02  # so that a thread which calls is disturbed once for several calls, and not at once
MOST_WAITING = 2_000
AT_ONCE = 20  # Redis does nothing else meanwhile: this is about a millisecond

_Command = Callable[[TriedLimits, Bucket, int], Count]  # given how many milliseconds ago it was


@dataclass(frozen=True, slots=True)
class _Event:
    """Something happened to calls. `calls` of them are lost if this is."""

    asked: Asked
    at: float
    calls: int
    command: _Command

    def counts(self, tried: Sequence[TriedLimits], now: float) -> list[Count]:
        age_ms = round((now - self.at) * 1000)
        return [self.command(run, bucket, age_ms) for run in tried for bucket in run.buckets_of(self.asked)]


class Counting:
    """What happened to calls, and the daemon thread that tells Redis. Does next to nothing while no limit is tried.

    What cannot be told is dropped, and said to be lost as soon as that can be told. What dies with its process, a few
    milliseconds' calls, is not.
    """

    def __init__(self, store: DryRunStore, clock: Clock, now: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._now = now
        self._tried: Sequence[TriedLimits] = ()
        self._look_at = clock()
        self._waiting: deque[_Event] = deque()
        self._lost = 0
        self._losing = threading.Lock()
        self._is_failing = False
        self._bell = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def begun(self, asked: Asked, wait_s: float) -> None:
        """Count calls that were let through just now, and that could have waited for `wait_s`."""
        if self._clock() >= self._look_at:
            self._ring()
        if self._tried:
            self._note(asked, asked.calls, partial(self._begun, asked, round(wait_s * 1000)))

    def answered(self, asked: Asked, slot: str, took_s: float) -> None:
        """Note that a call was answered so long after it was let through."""
        if self._tried:
            took_ms = round(took_s * 1000)
            self._note(asked, 0, lambda run, bucket, _: self._store.answered(run, bucket, asked, slot, took_ms))

    def unused(self, asked: Asked, slot: str) -> None:
        """Note that a call never left."""
        if self._tried:
            self._note(asked, 0, lambda run, bucket, _: self._store.unused(run, bucket, asked, slot))

    def flush(self) -> bool:
        """Look what is tried, if it is time to, and tell what waits, in this thread. False if that did not work."""
        try:
            self._look()
            while self._waiting or (self._lost and self._tried):
                self._tell([self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))])
            self._is_failing = False
        except Exception as error:  # noqa: BLE001 - whatever it is: calls to HubSpot go on, and so does this thread
            self._say(error)
            return False
        return True

    def _begun(self, asked: Asked, wait_ms: int, run: TriedLimits, bucket: Bucket, age_ms: int) -> Count:
        return self._store.begun(run, bucket, asked, age_ms, wait_ms, self._now())

    def _note(self, asked: Asked, calls: int, command: _Command) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._lose(calls)
            return
        self._waiting.append(_Event(asked, self._clock(), calls, command))
        self._ring()

    def _ring(self) -> None:
        self._bell.set()
        if self._thread is None or not self._thread.is_alive():
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(target=self._serve, name="limiter-dry-runs", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no more threads to be had: the next call tries again
                    return
                self._thread = thread

    def _serve(self) -> None:
        pause = threading.Event()
        while True:
            self._bell.wait()
            pause.wait(GATHER_S)
            self._bell.clear()
            if not self.flush():
                pause.wait(RETRY_S)
                self._bell.set()

    def _look(self) -> None:
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            self._tried = self._read()
        if not self._tried:
            self._waiting.clear()
            self._lost = 0

    def _read(self) -> Sequence[TriedLimits]:
        try:
            return tuple(run for run in self._store.tried() if run.ends_at > self._now())
        except TriedInvalid as error:
            self._say(error)
            return ()

    def _tell(self, events: list[_Event]) -> None:
        now, lost = self._clock(), self._lost
        late = [event for event in events if now - event.at > LATE_S]
        counts = [(event, count) for event in events if event not in late for count in event.counts(self._tried, now)]
        confession = [self._store.lost(run, lost, self._now()) for run in self._tried if lost]
        try:
            answers = self._store.count([*(count for _, count in counts), *confession])
        except redis.RedisError:
            self._lose(sum(event.calls for event, _ in counts))
            raise
        finally:
            self._lose(sum(event.calls for event in late))
        self._judge(counts, answers, lost)

    def _judge(self, counts: list[tuple[_Event, Count]], answers: list[object], confessed: int) -> None:
        """Redis may refuse one command and take the next. Raises what it said of the first that it refused."""
        refusals = [answer for answer in answers if isinstance(answer, redis.RedisError)]
        if not any(isinstance(answer, redis.RedisError) for answer in answers[len(counts) :]):
            self._lose(-confessed)
        refused = [
            event for (event, _), answer in zip(counts, answers, strict=False) if isinstance(answer, redis.RedisError)
        ]
        self._lose(sum(event.calls for event in refused))
        if refusals:
            raise refusals[0]

    def _lose(self, calls: int) -> None:
        if calls:
            with self._losing:
                self._lost += calls

    def _say(self, error: Exception) -> None:
        if not self._is_failing:
            logger.warning("A dry run of limits loses calls: %s: %s", type(error).__name__, error)
        self._is_failing = True
