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
