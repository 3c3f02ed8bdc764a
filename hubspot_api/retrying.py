"""Whether, and after how long, one call is tried again before its caller hears of a failure. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hubspot_api.errors import HubSpotError, RateLimited, Suspended


@dataclass(frozen=True, slots=True)
class Retries:
    """How patient a call is. Pauses grow by doubling and are drawn from zero to that ("full jitter").

    `attempts` in all; `first_pause` and `longest_pause` in seconds; a time named by HubSpot that is further away than
    `longest_wait` seconds is left to the caller, who has other work.
    """

    attempts: int = 3
    first_pause: float = 0.25
    longest_pause: float = 2.0
    longest_wait: float = 2.5

    def pause(
        self, error: HubSpotError, *, attempts: int, idempotent: bool, now: datetime, chance: float
    ) -> float | None:
        """Return the seconds to wait before the next attempt, or None to give up.

        `attempts` have been made; `chance` is random in [0, 1). A 429 is never answered with another call: that is
        for the gate and the caller to plan; nor is a call that the breaker holds back.
        """
        if attempts >= self.attempts or isinstance(error, (RateLimited, Suspended)) or not error.retryable:
            return None
        if not (idempotent or error.certainly_not_done):
            return None
        named = max((error.retry_at - now).total_seconds(), 0.0) if error.retry_at else 0.0
        if named > self.longest_wait:
            return None
        return named + chance * min(self.first_pause * 2.0 ** (attempts - 1), self.longest_pause)


NO_RETRIES = Retries(attempts=1)
