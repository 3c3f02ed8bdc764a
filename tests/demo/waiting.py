"""Wait for conditions, never for a span of time."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], object], what: str, limit_s: float = 60) -> None:
    """Return as soon as the condition holds; fail, saying `what` did not come, after a limit no sound run reaches."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {limit_s:.0f} s in vain until {what}.")
        time.sleep(0.05)
