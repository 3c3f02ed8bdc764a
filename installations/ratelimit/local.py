"""Buckets of one process alone, for while Redis is away: so small that all processes together stay in the limit."""

from __future__ import annotations

import threading

from hubspot_api.ports import Bucket

from .asked import Asked, Place, Verdict
from .limits import Limits
from .shared import Clock

UNDER_WAY_S = 1.0  # calls begun before Redis went may arrive this long after
_REASON = "Redis is away"


class LocalBuckets:
    """Places by account and bucket: slot and when it comes back, in seconds of `clock`.

    A process may use its part of half the allowance, and not before everything that was let through by Redis has
    left HubSpot's window: others may have used all of it.
    """

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[tuple[int | None, Bucket], dict[str, float]] = {}

    def take(self, asked: Asked, heard_at: float) -> Verdict:
        """Ask for leave. `heard_at` is when Redis last answered this process."""
        with self._lock:
            now = self._clock()
            starts = [(self._earliest(asked, bucket, heard_at, now), bucket) for bucket in asked.buckets]
            start, slowest = max(starts, key=lambda pair: pair[0])
            if start > now:
                return Verdict(False, start - now, slowest, _REASON)
            for bucket in asked.buckets:
                held = self._held.setdefault((asked.hub_id, bucket), {})
                held |= dict.fromkeys(asked.slots, now + asked.hold_ms / 1000 + self._window_s(bucket))
            return Verdict(True, 0.0, slowest, "")

    def answered(self, hub_id: int | None, bucket: Bucket, slot: str) -> None:
        """Let the place come back a window from now. Does nothing for a place that Redis gave."""
        with self._lock:
            held = self._held.get((hub_id, bucket), {})
            if slot in held:
                held[slot] = self._clock() + self._window_s(bucket)

    def unused(self, hub_id: int | None, bucket: Bucket, slot: str) -> None:
        """Give the place back. Does nothing for a place that Redis gave."""
        with self._lock:
            self._held.get((hub_id, bucket), {}).pop(slot, None)

    def used(self, hub_id: int | None, bucket: Bucket) -> tuple[int, int]:
        """Return how many places are taken, and of how many."""
        with self._lock:
            return len(self._current(hub_id, bucket, self._clock())), self._share(bucket)

    def places(self) -> list[Place]:
        """Return all places that are taken."""
        with self._lock:
            now = self._clock()
            return [
                Place(hub_id, bucket, slot, max(1, round((back - now) * 1000)))
                for hub_id, bucket in list(self._held)
                for slot, back in self._current(hub_id, bucket, now).items()
            ]

    def _earliest(self, asked: Asked, bucket: Bucket, heard_at: float, now: float) -> float:
        backs = sorted(self._current(asked.hub_id, bucket, now).values())
        missing = len(backs) + asked.calls - self._share(bucket)
        if missing > len(backs):  # more calls at once than this process may ever make alone
            return now + self._window_s(bucket)
        trusted = heard_at + self._limits.window_ms(bucket) / 1000 + UNDER_WAY_S
        return max(trusted, backs[missing - 1]) if missing > 0 else trusted

    def _current(self, hub_id: int | None, bucket: Bucket, now: float) -> dict[str, float]:
        held = self._held.get((hub_id, bucket), {})
        current = {slot: back for slot, back in held.items() if back > now}
        if current:
            self._held[hub_id, bucket] = current
        else:
            self._held.pop((hub_id, bucket), None)
        return current

    def _share(self, bucket: Bucket) -> int:
        return max(1, self._limits.of(bucket).calls // (2 * self._limits.processes))

    def _window_s(self, bucket: Bucket) -> float:
        """A share below one call is one call in a longer window."""
        calls, parts = self._limits.of(bucket).calls, 2 * self._limits.processes
        return self._limits.window_ms(bucket) / 1000 * max(1, -(-parts // calls))
