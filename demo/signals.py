"""Ctrl-C and its relatives: the first asks for an orderly end, another one for an end at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Asked(BaseException):
    """Somebody asked us to stop. Not an Exception: nothing on the way should take it for a failure."""


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
        raise Asked

    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, handle)
    try:
        yield
    finally:
        asked = True
