"""What Redis' clock said when we last asked, and so what it can say later."""

from __future__ import annotations

from dataclasses import dataclass

LEAP_S = 1.0  # by which Redis' clock runs ahead of ours when it was set, and not just late or slow
DRIFT = 0.0005  # by which two good clocks differ


@dataclass(frozen=True, slots=True)
class Meeting:
    """`asked_at` in seconds of our clock, `now_ms` what Redis then said. Threads may share it."""

    asked_at: float
    now_ms: int

    def latest_ms(self, at: float) -> int:
        """Return what Redis' clock says at most when ours says `at`, unless it has been set meanwhile."""
        return self.now_ms + round(((at - self.asked_at) * (1 + DRIFT) + LEAP_S) * 1000)
