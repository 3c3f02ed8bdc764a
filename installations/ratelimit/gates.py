"""The limiter as a client sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hubspot_api.ports import Bucket

from .limits import PrivateApp, WorkClass
from .permits import FreePermit, Permit, Reservation

if TYPE_CHECKING:
    from .limiter import RateLimiter

WAIT_S = 1.0
DEADLINE_S = 10.0


class PortalGate:
    """The limiter as a client sees it: bound to a portal and a class of work.

    `limiter` is asked for each time, so that a gate made before a fork is good after it.
    """

    def __init__(
        self,
        limiter: Callable[[], RateLimiter],
        hub_id: int,
        work_class: WorkClass,
        wait_s: float,
        private_app: PrivateApp | None = None,
    ) -> None:
        self._limiter = limiter
        self._hub_id = hub_id
        self._work_class = work_class
        self._wait_s = wait_s
        self._private_app = private_app

    def admit(self, bucket: Bucket, longest: float) -> Permit | FreePermit:
        """Return leave for one call that takes at most `longest` seconds. Raises LimiterFull."""
        return self._limiter().admit(
            self._hub_id,
            bucket,
            self._work_class,
            wait_s=self._wait_s,
            deadline_s=longest,
            private_app=self._private_app,
        )

    def reserve(self, bucket: Bucket, calls: int, longest: float = DEADLINE_S) -> Reservation:
        """Take leave for several calls at once. Raises LimiterFull.

        Places come back one by one: whoever needs several waits for them in the queue, and so a little longer.
        """
        limiter = self._limiter()
        interval_s = limiter.limits.of(bucket, self._private_app).interval_ms / 1000
        return limiter.reserve(
            self._hub_id,
            bucket,
            self._work_class,
            calls=calls,
            wait_s=self._wait_s + calls * interval_s,
            deadline_s=longest,
            private_app=self._private_app,
        )
