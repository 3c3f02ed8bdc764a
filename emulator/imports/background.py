"""The thread that carries imports on while nobody looks."""

from __future__ import annotations

import threading
from collections.abc import Callable

_PAUSE_S = 0.05


class Background:
    """`work` does what is due and tells whether there will be more. The thread sleeps until it is woken."""

    def __init__(self, work: Callable[[], bool]) -> None:
        self._work = work
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, name="imports", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._stopped.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.wait()
            self._wake.clear()
            while not self._stopped.is_set() and self._work():
                self._stopped.wait(_PAUSE_S)
