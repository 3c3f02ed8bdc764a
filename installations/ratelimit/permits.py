"""Leave to call HubSpot, as its caller holds it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hubspot_api.answers import LONGEST_SECONDS, retry_after
from hubspot_api.errors import NotSent, RateLimited
from hubspot_api.ports import Bucket, Gate
from hubspot_api.ports import Permit as PermitToCall

from .asked import SLACK_S, Asked, Verdict

if TYPE_CHECKING:
    from .limiter import RateLimiter

RETRY_AFTER_AT_MOST_S = 300


@dataclass(frozen=True, slots=True)
class Told:
    """What headers say of one allowance; 0 of 0 when they say nothing."""

    max: int = 0
    remaining: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer says about limits: that of the call's own bucket, and the day's."""

    rejected: bool = False
    retry_after_ms: int = 0
    own: Told = Told()
    day: Told = Told()

    def rejects(self, bucket: Bucket) -> bool:
        """Whether a 429 seems to be about `bucket`, as far as status and headers say."""
        used_up = self.day.max > 0 and self.day.remaining == 0
        return self.rejected and used_up == (bucket is Bucket.DAILY)


def heard(status: int, headers: Mapping[str, str], *, tells: bool, now: datetime) -> Heard:
    """Read status and headers (lower-case names); X-HubSpot-RateLimit-* only if it `tells` about this allowance.

    "API usage guidelines and limits": those of the day are sent to private apps only. A Retry-After on 429 is not
    documented, yet seen: it is read as the client reads it, in seconds, milliseconds or as a date; `now` dates it.
    """
    named_s = retry_after(headers.get("retry-after", ""), now, longest=LONGEST_SECONDS) or 0.0
    return Heard(
        rejected=status == 429,
        retry_after_ms=math.ceil(min(named_s, RETRY_AFTER_AT_MOST_S) * 1000),
        own=_told(headers, "max", "remaining") if tells else Told(),
        day=_told(headers, "daily", "daily-remaining") if tells else Told(),
    )


def _told(headers: Mapping[str, str], most_name: str, left_name: str) -> Told:
    most, left = (_whole(headers.get(f"x-hubspot-ratelimit-{name}", "")) for name in (most_name, left_name))
    return Told() if not most or left is None else Told(most, left)


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
        self.given, self.given_at = asked, asked_at  # whatever becomes of it, this is how a dry run knows it
        self.deadline_s = asked.deadline_s
        self.heard: Heard | None = None  # None: no answer was seen yet

    def __enter__(self) -> Self:
        self._limiter.prolong(self, self.deadline_s)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, RateLimited):
            self._limiter.refused(self, error.policy)
        if self.heard:
            return
        if isinstance(error, NotSent):
            self._limiter.unused(self)
        else:
            self._limiter.unanswered(self)

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """The answer's head is there, so HubSpot has counted the call by now. Never waits for Redis.

        `headers` has lower-case names.
        """
        if not self.heard:
            tells = self._limiter.limits.of(self.asked.buckets[0], self.asked.private_app).tells
            self.heard = heard(status, headers, tells=tells, now=self._limiter.now())
            self._limiter.answered(self, self.heard)

    def counted(self, bucket: Bucket) -> tuple[int, int]:
        """Places taken in a bucket, and calls ever begun there, when this one was given leave; 0 if nobody counted."""
        counts = dict(zip(self.asked.buckets, self.verdict.counts, strict=False))
        return counts.get(bucket, (0, 0))

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
        self.given, self.given_at = other.given, other.given_at


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
