"""Decide what becomes of a child that died: start it again after a pause, or give up on all of it."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

_QUICK_S = 10.0
_LONGEST_PAUSE_S = 10.0


@dataclass
class Patience:
    """How often one child may die as soon as it is up. Each quick death doubles the pause before the next start."""

    pause_s: float = 1.0
    deaths_allowed: int = 5
    _quick_deaths: int = field(default=0, init=False)

    def pause_after(self, lived_s: float) -> float | None:
        """Return how long to wait before the next start, None when it is time to give up."""
        self._quick_deaths = self._quick_deaths + 1 if lived_s < _QUICK_S else 1
        if self._quick_deaths > self.deaths_allowed:
            return None
        return min(self.pause_s * 2.0 ** (self._quick_deaths - 1), _LONGEST_PAUSE_S)


def how_it_ended(code: int) -> str:
    """Say an exit code as a person would."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
