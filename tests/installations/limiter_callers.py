"""Processes that call a portal as fast as a limiter lets them, and say when each call arrived."""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from contextlib import suppress

from hubspot_api.ports import Bucket
from installations.ratelimit import Allowance, LimiterFull, Limits, RateLimiter, Share, WorkClass
from installations.ratelimit.limits import UNPACED_MS

LIMIT, WINDOW_S = 20, 2.0
SMALL = Limits(
    burst=Allowance(LIMIT, 2000, (Share(0, UNPACED_MS), Share(1, 1000), Share(1, 300), Share(1, 300))), processes=3
)


def call_until(limiter: RateLimiter, end: float, arrivals: list[float]) -> None:
    """Call again and again until `end` of the system's monotonic clock."""
    while time.monotonic() < end:
        with suppress(LimiterFull), limiter.admit(1, Bucket.BURST, random.choice(list(WorkClass))) as permit:
            time.sleep(random.uniform(0.0, 0.03))
            arrivals.append(time.monotonic())
            time.sleep(random.uniform(0.0, 0.06))
            permit.answered(200, {})


def main(url: str, threads: int, seconds: float) -> None:
    """Print the arrivals as JSON."""
    limiter = RateLimiter(url, SMALL)
    arrivals: list[float] = []
    end = time.monotonic() + seconds
    callers = [threading.Thread(target=call_until, args=(limiter, end, arrivals)) for _ in range(threads)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    json.dump(arrivals, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
