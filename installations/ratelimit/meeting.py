"""What Redis' clock said when we last asked, and so what it can say later."""

from __future__ import annotations

from dataclasses import dataclass

# Redis' clock was set if it is this far ahead of ours. Less is not worth stopping all calls for a window: of 110 in ten
# seconds, a step of a quarter of a second lets three calls begin too early, if it comes while all are used.
LEAP_S = 0.25
DRIFT = 0.0005  # by which two good clocks differ
HOLDS_S = 10.0  # compare with one this old, so that no clock can run ahead in many small steps


@dataclass(frozen=True, slots=True)
class Meeting:
    """`asked_at` and `answered_at` in seconds of our clock, `now_ms` what Redis said between. Threads may share it."""

    asked_at: float
    answered_at: float
    now_ms: int

    def earliest_ms(self, at: float) -> int:
        """Return what Redis' clock says at least when ours says `at`, unless it has been set meanwhile."""
        return self.now_ms + round((at - self.answered_at) * (1 - DRIFT) * 1000) - 1

    def latest_ms(self, at: float, leap_s: float = LEAP_S) -> int:
        """Return what Redis' clock says at most when ours says `at`, unless it has been set meanwhile, by `leap_s`."""
        return self.now_ms + round(((at - self.asked_at) * (1 + DRIFT) + leap_s) * 1000)
