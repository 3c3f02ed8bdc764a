"""The losing side: whatever becomes of a dry run, real calls fare as without one."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import redis

from installations.ratelimit import LimiterFull, Permit, WorkClass

from .dry_run_world import BURST, SEARCH, begin, tried
from .dry_run_world import url as url  # the fixture
from .limiter_world import HUB_ID, PlainWorld, World, limiter_in

STORE = "hubapp:dry-run:tried"
Spoil = Callable[[redis.Redis, World], None]


def junk_list(client: redis.Redis, world: World) -> None:
    client.set(STORE, "{nothing")


def other_list(client: redis.Redis, world: World) -> None:
    client.set(STORE, json.dumps([{"name": "run", "calls": {"burst": -1}}, 7]))


def list_of_another_kind(client: redis.Redis, world: World) -> None:
    client.delete(STORE)
    client.lpush(STORE, "what?")


def figures_of_another_kind(client: redis.Redis, world: World) -> None:
    client.delete("hubapp:dry-run:{run}")
    client.set("hubapp:dry-run:{run}", "what?")


def places_of_another_kind(client: redis.Redis, world: World) -> None:
    client.set(f"hubapp:dry-run:{{run}}:{HUB_ID}:burst", "what?")


def figures_that_are_no_numbers(client: redis.Redis, world: World) -> None:
    client.hset("hubapp:dry-run:{run}", mapping={"burst:1:calls": "many", "burst:1:longest": "long"})


def nothing_wrong(client: redis.Redis, world: World) -> None:
    """A dry run that works must not change a verdict either."""


SPOILS = [
    *(junk_list, other_list, list_of_another_kind, figures_of_another_kind, places_of_another_kind),
    *(figures_that_are_no_numbers, nothing_wrong),
]


def verdicts(url: str, spoil: Spoil | None) -> list[str]:
    """Return what the limiter says to the same history of calls, one of them a minute after the other ones."""
    world = PlainWorld(seed=5)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        if spoil:
            begin(url, tried(world, calls={BURST: 2, SEARCH: 1}))
        limiter = limiter_in(world, url)
        limiter.declare_idle()
        limiter._counting.flush()
        said, permits = [], list[Permit]()
        for number in range(150):
            if spoil and number % 40 == 5:
                spoil(client, world)
            world.now += world.chance.choice([0.0, 0.01, 0.3])
            work_class = WorkClass(world.chance.randrange(4))
            try:
                permit = limiter.admit(HUB_ID, world.chance.choice([BURST, SEARCH]), work_class, wait_s=0)
            except LimiterFull as full:
                said.append(f"{full.bucket} {full.reason} {full.retry_at}")
                continue
            assert isinstance(permit, Permit)
            permits.append(permit)
            said.append(f"{permit.asked.buckets} {permit.verdict.counts}")
            if world.chance.random() < 0.7:
                permits.pop(0).answered(world.chance.choice([200, 200, 200, 429]), {})
    return said


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_broken_dry_run_changes_no_verdict(url: str, spoil: Spoil) -> None:
    without = verdicts(url, None)
    assert len(set(without)) > 50
    assert any("taken" in one for one in without)
    assert verdicts(url, spoil) == without


def test_a_script_that_is_broken_changes_no_verdict(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without = verdicts(url, None)
    monkeypatch.setattr("tests.installations.limiter_world.ToldDryRuns.source", "local x = redis.call('TIME') + nil")
    assert verdicts(url, nothing_wrong) == without
