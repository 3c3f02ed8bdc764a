"""Threads that send: as many as there are requests under way, up to a limit, and kept for the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

Work = TypeVar("Work")


class Workers(Generic[Work]):
    """`hand_out` and `end` are called by one thread at a time."""

    def __init__(self, do: Callable[[Work], None], name: str, most: int) -> None:
        self._do = do
        self._name = name
        self._most = most
        self._waiting: SimpleQueue[Work | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def hand_out(self, work: Work, under_way: int) -> None:
        """`under_way` counts this piece of work too."""
        if len(self._threads) < min(under_way, self._most):
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._waiting.put(work)

    def end(self) -> None:
        """No more work. What is under way is not waited for."""
        for _ in self._threads:
            self._waiting.put(None)
        self._threads.clear()

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None:
            self._do(work)


class Dispatcher:
    """The one thread that decides what is next: it calls `step` again and again, holding `changed`, until stopped.

    `step` waits on `changed` when there is nothing to do.
    """

    def __init__(self, step: Callable[[], None], changed: threading.Condition, name: str) -> None:
        self._step = step
        self._changed = changed
        self._name = name
        self._thread: threading.Thread | None = None
        self._stopping = False

    def start(self) -> None:
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        with self._changed:
            while not self._stopping:
                self._step()
