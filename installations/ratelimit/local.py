"""Buckets of one process alone, for while Redis is away: so small that all processes together stay in the limit."""

from __future__ import annotations

import threading

from hubspot_api.ports import Bucket

from .asked import Asked, Place, Verdict
from .limits import Limits, PrivateApp
from .shared import RETRY_S, Clock

UNDER_WAY_S = 1.0  # calls begun before Redis went may arrive this long after
AWAY_RETRY_S = 2.0  # put off for no longer than this
_REASON = "Redis is away"


class LocalBuckets:
    """Places by account and bucket: slot and when it comes back, in seconds of `clock`.

    A process may use its part of half the allowance (of small ones that is nothing), and not before all calls that
    Redis let through have left HubSpot's window: others may have made them.
    """

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[tuple[int | None, Bucket], dict[str, float]] = {}
        self._closed: dict[tuple[int | None, Bucket], float] = {}

    def take(self, asked: Asked, wait_s: float, lost_at: float) -> Verdict:
        """Ask for leave. `lost_at` is when this process first found Redis away.

        Nothing is promised: a caller who can wait does so in short steps, for Redis may be back any moment.
        """
        with self._lock:
            now = self._clock()
            starts = [(self._earliest(asked, bucket, lost_at, now), bucket) for bucket in asked.buckets]
            start, slowest = max(starts, key=lambda pair: pair[0])
            if start > now:
                patient = wait_s >= RETRY_S
                return Verdict(False, patient, min(start - now, RETRY_S if patient else AWAY_RETRY_S), slowest, _REASON)
            for bucket in asked.buckets:
                held = self._held.setdefault((asked.hub_id, bucket), {})
                held |= dict.fromkeys(asked.slots, now + asked.hold_ms / 1000 + self._window_s(bucket))
            return Verdict(True, False, 0.0, slowest, "")

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

    def close(self, hub_id: int | None, bucket: Bucket, seconds: float) -> None:
        """Let nobody call for so long: HubSpot refused, or nothing is left of the day."""
        with self._lock:
            now = self._clock()
            self._closed = {key: until for key, until in self._closed.items() if until > now}
            self._closed[hub_id, bucket] = max(now + seconds, self._closed.get((hub_id, bucket), now))

    def used(self, hub_id: int | None, bucket: Bucket, private_app: PrivateApp | None) -> tuple[int, int]:
        """Return how many places are taken, and of how many."""
        with self._lock:
            return len(self._current(hub_id, bucket, self._clock())), self._share(bucket, private_app)

    def places(self) -> list[Place]:
        """Return all places that are taken."""
        with self._lock:
            now = self._clock()
            return [
                Place(hub_id, bucket, slot, max(1, round((back - now) * 1000)))
                for hub_id, bucket in list(self._held)
                for slot, back in self._current(hub_id, bucket, now).items()
            ]

    def _earliest(self, asked: Asked, bucket: Bucket, lost_at: float, now: float) -> float:
        backs = sorted(self._current(asked.hub_id, bucket, now).values())
        missing = len(backs) + asked.calls - self._share(bucket, asked.private_app)
        if missing > len(backs):  # more calls at once than this process may ever make alone
            return now + self._window_s(bucket)
        trusted = lost_at + self._limits.longest_window_ms / 1000 + UNDER_WAY_S
        opened = max(trusted, self._closed.get((asked.hub_id, bucket), trusted))
        return max(opened, backs[missing - 1]) if missing > 0 else opened

    def _current(self, hub_id: int | None, bucket: Bucket, now: float) -> dict[str, float]:
        held = self._held.get((hub_id, bucket), {})
        current = {slot: back for slot, back in held.items() if back > now}
        if current:
            self._held[hub_id, bucket] = current
        else:
            self._held.pop((hub_id, bucket), None)
        return current

    def _share(self, bucket: Bucket, private_app: PrivateApp | None) -> int:
        return self._limits.of(bucket, private_app).at_first // (2 * self._limits.processes)

    def _window_s(self, bucket: Bucket) -> float:
        return self._limits.window_ms(bucket) / 1000
