"""When each record's next action is due, on the virtual clock.

One dispatcher thread decides who is next; workers perform. Tests call `deliver_due` instead, which does both in the
caller's thread.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from typing import Protocol

from emulator.clock import Clock
from emulator.workers import Dispatcher, Workers
from emulator.workflows.runs import Run, State

MOST_WORKERS = 32
# legacydocs.hubspot.com/docs/methods/workflows/webhook_information
WEBHOOKS_PER_SECOND = 20


class Pace:
    """At most so many webhooks a second in one account, on the virtual clock: more of them wait."""

    def __init__(self, limit: int = WEBHOOKS_PER_SECOND) -> None:
        self._limit = limit
        self._sent: dict[int, deque[int]] = {}

    def wait_until(self, hub_id: int, now: int) -> int | None:
        """Take a place; None when there is one, else when there will be."""
        sent = self._sent.setdefault(hub_id, deque())
        while sent and sent[0] <= now - 1000:
            sent.popleft()
        if len(sent) >= self._limit:
            return sent[0] + 1000
        sent.append(now)
        return None

    def clear(self) -> None:
        self._sent.clear()


class Conductor(Protocol):
    def perform(self, run: Run) -> bool:
        """The run's next action; whether a request was sent. Without the room's lock."""
        ...

    def is_paced(self, run: Run) -> bool:
        """Whether its next action counts for the pace. Under the room's lock."""
        ...

    def expire(self, run: Run) -> None:
        """Nobody completed the callback. Under the room's lock."""
        ...


class Scheduler:
    def __init__(self, clock: Clock, changed: threading.Condition, conductor: Conductor) -> None:
        self._clock = clock
        self._changed = changed
        self._conductor = conductor
        self._queue: list[tuple[int, int, Run]] = []
        self._ties = itertools.count()
        self._pace = Pace()
        self._dispatcher = Dispatcher(self._dispatch, changed, "workflow-dispatcher")
        self._workers = Workers(self._work, "workflow-worker", MOST_WORKERS)
        self._under_way = 0
        clock.when_advanced(self._wake)

    def put(self, run: Run) -> None:
        """Under the room's lock."""
        heapq.heappush(self._queue, (run.due, next(self._ties), run))
        self._changed.notify()

    def clear(self) -> None:
        """Under the room's lock."""
        self._queue.clear()
        self._pace.clear()

    def _take(self) -> Run | None:
        """The next run that is due; from here on it is its taker's alone."""
        now = self._clock.now_ms()
        while self._queue and self._queue[0][0] <= now:
            due, _, run = heapq.heappop(self._queue)
            # A completed callback or a later date made a new entry.
            if run.due != due or run.state in (State.UNDER_WAY, State.ENDED):
                continue
            if run.state is State.BLOCKED:
                self._conductor.expire(run)
            elif not self._wait_for_turn(run, now):
                run.state = State.UNDER_WAY
                return run
        return None

    def _wait_for_turn(self, run: Run, now: int) -> bool:
        later = self._pace.wait_until(run.hub_id, now) if self._conductor.is_paced(run) else None
        if later is not None:
            run.due = later
            self.put(run)
        return later is not None

    def deliver_due(self) -> int:
        """Perform everything that is due, in this thread; how many requests that took."""
        count = 0
        while True:
            with self._changed:
                run = self._take()
                if run is None:
                    return count
            count += self._conductor.perform(run)

    # -- threads ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._dispatcher.start()

    def stop(self) -> None:
        """Begin nothing more. Requests under way are not waited for."""
        self._dispatcher.stop()
        self._workers.end()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify()

    def _dispatch(self) -> None:
        run = self._take()
        if run is None:
            self._changed.wait(self._pause_s())
        else:
            self._under_way += 1
            self._workers.hand_out(run, self._under_way)

    def _pause_s(self) -> float | None:
        """How long nothing will happen by itself."""
        if not self._queue:
            return None
        return max((self._queue[0][0] - self._clock.now_ms()) / 1000, 0.001)

    def _work(self, run: Run) -> None:
        try:
            self._conductor.perform(run)
        finally:
            with self._changed:
                self._under_way -= 1
