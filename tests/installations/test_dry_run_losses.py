"""Calls that could not be counted against limits that are tried out are told, and keep no caller waiting."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis

from installations.ratelimit import RateLimiter
from installations.ratelimit import counting as counting_module
from installations.ratelimit.dry_runs import TriedLimits, Whose

from .dry_run_world import BURST, WIDE, admit, begin, calls, in_world, tried
from .dry_run_world import client as client  # the fixture
from .dry_run_world import url as url  # the fixture
from .limiter_world import HUB_ID, PlainWorld, PromptCounting


def test_calls_lost_while_redis_was_away_are_told(url: str, client: redis.Redis) -> None:
    world = PlainWorld()
    limiter, store = in_world(world, url, tried(world))
    admit(limiter)
    counting = limiter._counting
    asked = admit(limiter).given
    world.redis_away = True
    for _ in range(5):
        counting.begun(asked, 1.0)
    world.redis_away = False
    counting.begun(asked, 1.0)
    found = store.figures("run")
    assert (calls(store), found.lost) == (3, 5)
    counting.flush()
    assert store.figures("run").lost == 5, "told once"


def test_a_full_redis_takes_no_figures_and_is_told_of_later(url: str, client: redis.Redis) -> None:
    limiter: RateLimiter = type("Prompt", (RateLimiter,), {"counting": PromptCounting})(url, WIDE)
    store = begin(url, TriedLimits("run", None, Whose.ALL, {BURST: 3}, limiter.now() + timedelta(hours=1)))
    limiter.declare_idle()
    limiter._counting.flush()
    admit(limiter)
    client.config_set("maxmemory", 1)
    try:
        admit(limiter)
        assert limiter.usage(HUB_ID).buckets[BURST].used == 2, "the real limiter counts all the same"
    finally:
        client.config_set("maxmemory", 0)
    admit(limiter)
    found = store.figures("run")
    assert (calls(store), found.lost) == (2, 1)


def test_what_is_told_too_late_is_lost(url: str, client: redis.Redis) -> None:
    """A thread that did not come to it for seconds must not put calls among those that came after them."""
    world = PlainWorld()
    limiter, store = in_world(world, url, tried(world))
    counting = limiter._counting
    asked = admit(limiter).given
    ring, counting._ring = counting._ring, lambda: None  # type: ignore[method-assign]
    counting.begun(asked, 1.0)
    counting._ring = ring  # type: ignore[method-assign]
    world.now += counting_module.LATE_S + 0.1
    counting.begun(asked, 1.0)
    assert (calls(store), store.figures("run").lost) == (2, 1)


def test_more_than_can_wait_is_lost_and_no_caller_waits(
    url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting_module, "MOST_WAITING", 10)
    world = PlainWorld()
    limiter, store = in_world(world, url, tried(world))
    counting = limiter._counting
    asked = admit(limiter).given
    ring, counting._ring = counting._ring, lambda: None  # type: ignore[method-assign]
    for _ in range(25):
        counting.begun(asked, 1.0)
    counting._ring = ring  # type: ignore[method-assign]
    counting.begun(asked, 1.0)
    counting.flush()
    assert (calls(store), store.figures("run").lost) == (11, 16)
