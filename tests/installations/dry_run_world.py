"""Limits that are tried out, in a world of one limiter that lets everything through."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis

from demo.redis import Redis
from hubspot_api.ports import Bucket
from installations.ratelimit import Allowance, Limits, Permit, RateLimiter, Share, WorkClass
from installations.ratelimit.dry_runs import DryRunStore, TriedLimits, Whose
from installations.ratelimit.limits import UNPACED_MS

from .limiter_world import HUB_ID, World, limiter_in, patient

BURST, SEARCH = Bucket.BURST, Bucket.SEARCH
KEPT = 1
LEFT = Share(KEPT, UNPACED_MS)
UNPACED = (Share(0, UNPACED_MS), LEFT, LEFT, LEFT)
WINDOW_MS, DEADLINE_S, HOLD_MS = 2_000, 4.0, 4_500
# Wide, so that the real limiter lets everything through and only what is tried can be full.
WIDE = Limits(burst=Allowance(1000, WINDOW_MS, UNPACED), search=Allowance(1000, 1_000, UNPACED), margin_ms=0)


@pytest.fixture(scope="module")
def url(redis_server: Redis) -> Iterator[str]:
    url = patient(redis_server.url, 12)
    yield url
    with redis.Redis.from_url(url) as client:
        client.flushdb()


@pytest.fixture
def client(url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield client


def tried(world: World, **fields: Any) -> TriedLimits:
    values = {"name": "run", "hub_id": None, "whose": Whose.ALL, "calls": {BURST: 3}}
    return TriedLimits(**values | {"ends_at": world.wall() + timedelta(days=1)} | fields)


def begin(url: str, *runs: TriedLimits) -> DryRunStore:
    store = DryRunStore(url, WIDE)
    store.publish(runs)
    return store


def admit(limiter: RateLimiter, hub_id: int = HUB_ID, bucket: Bucket = BURST, **more: Any) -> Permit:
    permit = limiter.admit(hub_id, bucket, WorkClass.EVENTS, **more)
    assert isinstance(permit, Permit)
    return permit


def in_world(world: World, url: str, *runs: TriedLimits) -> tuple[RateLimiter, DryRunStore]:
    store = begin(url, *runs)
    limiter = limiter_in(world, url, WIDE)
    limiter.declare_idle()
    limiter._counting.flush()
    return limiter, store


def calls(store: DryRunStore, name: str = "run") -> int:
    return sum(one.calls for one in store.figures(name).counted.values())
