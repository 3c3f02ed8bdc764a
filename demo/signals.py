"""Ctrl-C and its relatives: the first asks for an orderly end, another one for an end at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


class Asked(BaseException):
    """Somebody asked us to stop. Not an Exception: nothing on the way should take it for a failure."""


@dataclass
class _Hold:
    """Of the main thread, where signals are handled. `asked` is set when somebody asked while it was held."""

    depth: int = 0
    asked: bool = False


_hold = _Hold()


@contextmanager
def held() -> Iterator[None]:
    """Put Asked off until the end of this block, where a process is started and then known to whoever ends it.

    Raised between the two, it would leave a process that nobody ends. Only the main thread is ever interrupted, so
    in other threads this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _hold.depth += 1
    try:
        yield
    finally:
        _hold.depth -= 1
        if _hold.asked and not _hold.depth:
            _hold.asked = False
            raise Asked


@contextmanager
def asking(*, at_once: Callable[[], None]) -> Iterator[None]:
    """Raise Asked in the main thread at the first signal; at another one, or one that comes later, call `at_once`."""
    asked = False

    def handle(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            at_once()
            return
        asked = True
        os.write(1, b"\nStopping. Once more, and everything is ended at once.\n")  # a print may be under way itself
        if _hold.depth:
            _hold.asked = True
        else:
            raise Asked

    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, handle)
    try:
        yield
    finally:
        asked = True
