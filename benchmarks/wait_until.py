"""Wait for what another process does, and not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(done: Callable[[], bool], what: str, limit_s: float = 60.0) -> None:
    """Return as soon as `done` says so. Raises RuntimeError, which names `what`, when it does not within `limit_s`."""
    deadline = time.monotonic() + limit_s
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"Waited {limit_s:g} s in vain for {what}.")
        time.sleep(0.02)
