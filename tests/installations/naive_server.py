"""Limits that are used up after a few calls, and a server that counts naively."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import redis

from demo.redis import Redis
from hubspot_api.ports import Bucket
from installations.ratelimit import Allowance, Limits, PrivateApp, Share
from installations.ratelimit.limits import UNPACED_MS

from .limiter_world import PlainWorld, patient

PROCESSES = 3
BURST, SEARCH, DAILY = Bucket.BURST, Bucket.SEARCH, Bucket.DAILY
APP = PrivateApp("UTC")
DEADLINE_S = 4.0
DAY_S = 86_400.0

# Small, so that all is used up after a few steps; otherwise as HubSpot's.
ASSUMED, BURST_LIMIT, BURST_S = 5, 8, 2.0
SEARCH_LIMIT, SEARCH_S = 3, 1.0
DAY_ASSUMED, DAY_LIMIT = 14, 20
PACED = (Share(0, UNPACED_MS), Share(1, 1000), Share(1, 500), Share(1, 500))
FEW_OF_DAY = (Share(0, UNPACED_MS), Share(2, UNPACED_MS), Share(2, UNPACED_MS), Share(5, UNPACED_MS))
SMALL = Limits(
    burst=Allowance(BURST_LIMIT, int(BURST_S * 1000), PACED, tells=True),
    private_burst=Allowance(BURST_LIMIT + 4, int(BURST_S * 1000), PACED, tells=True, assumed=ASSUMED),
    search=Allowance(SEARCH_LIMIT, int(SEARCH_S * 1000), PACED),
    daily=Allowance(DAY_LIMIT * 2, 0, FEW_OF_DAY, tells=True, assumed=DAY_ASSUMED),
    processes=PROCESSES,
)


@dataclass
class NaiveServer:
    """Keeps the time of every call, and counts them all again for each."""

    world: PlainWorld
    by_day: bool
    burst: int = BURST_LIMIT
    arrivals: dict[Bucket, list[float]] = field(default_factory=lambda: {BURST: [], SEARCH: []})
    days: dict[int, int] = field(default_factory=dict)
    fullest: dict[Bucket, int] = field(default_factory=lambda: {BURST: 0, SEARCH: 0})

    @property
    def today(self) -> int:
        return int(self.world.wall().timestamp() // DAY_S)

    def arrive(self, bucket: Bucket) -> tuple[int, dict[str, str], str]:
        """Take a call in; return status, headers and the policy that a 429's body names."""
        if self.by_day and self.days.get(self.today, 0) >= DAY_LIMIT:
            return 429, self.headers(bucket, 0), "DAILY"
        self.days[self.today] = self.days.get(self.today, 0) + 1
        count = self.count(bucket)
        limit = self.burst if bucket is BURST else SEARCH_LIMIT
        policy = "" if count <= limit else "TEN_SECONDLY_ROLLING" if bucket is BURST else "SECONDLY"
        return (429 if policy else 200), self.headers(bucket, max(0, self.burst - count)), policy

    def count(self, bucket: Bucket) -> int:
        now = self.world.now
        self.arrivals[bucket].append(now)
        count = sum(time > now - (BURST_S if bucket is BURST else SEARCH_S) for time in self.arrivals[bucket])
        self.fullest[bucket] = max(self.fullest[bucket], count)
        return count

    def headers(self, bucket: Bucket, left: int) -> dict[str, str]:
        if bucket is not BURST:
            return {}
        found = {"x-hubspot-ratelimit-max": str(self.burst), "x-hubspot-ratelimit-remaining": str(left)}
        if self.by_day:
            left_today = max(0, DAY_LIMIT - self.days.get(self.today, 0))
            found |= {
                "x-hubspot-ratelimit-daily": str(DAY_LIMIT),
                "x-hubspot-ratelimit-daily-remaining": str(left_today),
            }
        return found


@pytest.fixture(scope="module")
def url(redis_server: Redis) -> Iterator[str]:
    url = patient(redis_server.url, 11)
    yield url
    with redis.Redis.from_url(url) as client:
        client.flushdb()
