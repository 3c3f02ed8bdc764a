"""Leave to call HubSpot, as its caller holds it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hubspot_api.errors import NotSent
from hubspot_api.ports import Bucket, Gate
from hubspot_api.ports import Permit as PermitToCall

from .asked import SLACK_S, Asked, Verdict

if TYPE_CHECKING:
    from .limiter import RateLimiter

RETRY_AFTER_AT_MOST_S = 300


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer says about limits. `max` is 0 when it says nothing."""

    rejected: bool
    retry_after_ms: int
    max: int
    remaining: int


def heard(status: int, headers: Mapping[str, str], *, tells: bool) -> Heard:
    """Read status and headers (lower-case names); X-HubSpot-RateLimit-* only if it `tells` about this allowance.

    "API usage guidelines and limits". A Retry-After on 429 is not documented, yet seen: in seconds.
    """
    most, remaining = (_whole(headers.get(f"x-hubspot-ratelimit-{name}", "")) for name in ("max", "remaining"))
    known = tells and most is not None and remaining is not None and most > 0
    retry_after = _whole(headers.get("retry-after", "")) or 0
    return Heard(
        rejected=status == 429,
        retry_after_ms=min(retry_after, RETRY_AFTER_AT_MOST_S) * 1000,
        max=(most or 0) if known else 0,
        remaining=(remaining or 0) if known else 0,
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


class Permit:
    """Leave for one call. Enter it before the call, tell it of the answer; threads do not share it.

    Left without an answer, its place comes back when the call is certainly over; at once if nothing was sent.
    `asked_at` (in seconds of the limiter's clock) and `deadline_s` say how long the place is certainly ours.
    """

    def __init__(self, limiter: RateLimiter, asked: Asked, slot: str, asked_at: float, verdict: Verdict) -> None:
        self._limiter = limiter
        self.asked = asked
        self.slot = slot
        self.asked_at = asked_at
        self.verdict = verdict
        self.deadline_s = asked.deadline_s
        self._answered = False

    def __enter__(self) -> Self:
        self._limiter.prolong(self, self.deadline_s)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._answered:
            return
        if isinstance(error, NotSent):
            self._limiter.unused(self)
        else:
            self._limiter.unanswered(self)

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """The answer's head is there, so HubSpot has counted the call by now. Never waits for Redis.

        `headers` has lower-case names.
        """
        if not self._answered:
            self._answered = True
            self._limiter.answered(self, status, headers)

    @property
    def over_at(self) -> float:
        """By when the call is certainly over; its place comes back a window later."""
        return self.asked_at + SLACK_S + self.asked.deadline_s

    def renewed(self, asked: Asked, asked_at: float) -> None:
        """The place was kept, as of `asked_at`, for a call as in `asked`."""
        self.asked, self.asked_at = asked, asked_at

    def replaced(self, other: Permit) -> None:
        """The place was gone: stand for another."""
        self.asked, self.slot, self.asked_at, self.verdict = other.asked, other.slot, other.asked_at, other.verdict


class FreePermit:
    """Leave for a call that HubSpot does not count."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was taken, so nothing is given back."""

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Nobody counts."""


class Reservation:
    """Leave for several calls, taken at once so that a piece of work that began can end. It is a Gate.

        with limiter.reserve(hub_id, Bucket.BURST, WorkClass.EVENTS, calls=3) as gate:
            ...  # a client with this gate makes up to three calls without waiting

    Calls beyond those reserved, or on other buckets, are admitted as by the limiter's own gate. What is not used by
    the end of the block is given back. Threads may share it.
    """

    def __init__(self, limiter: RateLimiter, permits: list[Permit], otherwise: Gate) -> None:
        self._limiter = limiter
        self._bucket = permits[0].asked.buckets[0]
        self._permits = deque(permits)
        self._otherwise = otherwise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._permits:
            self._limiter.unused(self._permits.popleft())

    @property
    def left(self) -> int:
        """Calls reserved and not yet made."""
        return len(self._permits)

    def admit(self, bucket: Bucket, longest: float) -> PermitToCall:
        """Return leave for one call that takes at most `longest` seconds. Raises LimiterFull beyond those reserved."""
        permit = self._next(bucket)
        if permit is None:
            return self._otherwise.admit(bucket, longest)
        self._limiter.prolong(permit, longest)
        return permit

    def _next(self, bucket: Bucket) -> Permit | None:
        try:
            return self._permits.popleft() if bucket is self._bucket else None
        except IndexError:  # another thread took the last one
            return None
