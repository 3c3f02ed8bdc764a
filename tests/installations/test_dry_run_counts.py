"""What is counted against limits that are tried out is true."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hubspot_api.errors import NotSent
from hubspot_api.ports import Bucket
from installations.ratelimit import Permit, PrivateApp, RateLimiter, WorkClass
from installations.ratelimit import counting as counting_module
from installations.ratelimit.dry_runs import DryRunFigures, DryRunStore, TriedLimits, Whose
from tests.hubspot import wait_for

from .dry_run_world import BURST, DEADLINE_S, SEARCH, WIDE, WINDOW_MS, admit, begin, calls, in_world, tried
from .dry_run_world import client as client  # the fixture
from .dry_run_world import url as url  # the fixture
from .limiter_world import HUB_ID, PlainWorld, World, limiter_in
from .naive_window import NaiveWindow

# Eighths of a second: a float holds them exactly.
Step = tuple[float, int, int, str]  # seconds until it, rank, ms it could wait, what becomes of the call before it
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.0, 0.125, 0.25, 0.5, 1.125, 2.5]),
        st.integers(0, 3),
        st.sampled_from([0, 250, 1_000]),
        st.sampled_from(["answered", "answered", "unused", "left", "nothing"]),
    ),
    min_size=5,
    max_size=60,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(limit=st.integers(1, 6), steps=STEPS)
def test_it_counts_as_a_naive_window_does(url: str, limit: int, steps: list[Step]) -> None:
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    world = PlainWorld()
    store = begin(url, tried(world, calls={BURST: limit}))
    limiters = [limiter_in(world, url, WIDE) for _ in range(2)]
    for limiter in limiters:
        limiter.declare_idle()
        limiter._counting.flush()
    naive, open_permits = NaiveWindow(limit), list[tuple[Permit, int]]()
    for number, (pause_s, rank, wait_ms, end) in enumerate(steps):
        world.now += pause_s
        end_one(naive, open_permits, end, world)
        permit = limiters[number % 2].admit(
            HUB_ID, BURST, WorkClass(rank), wait_s=wait_ms / 1000, deadline_s=DEADLINE_S
        )
        assert isinstance(permit, Permit)
        naive.call(permit.slot, world.redis_ms(), rank, wait_ms)
        open_permits.append((permit, world.redis_ms()))
    found = store.figures("run")
    assert found.counted == naive.figures
    assert (found.lost, [(one.hub_id, one.calls) for one in found.accounts]) == (
        0,
        [(HUB_ID, len(steps))] * any(one.held_up for one in naive.figures.values()),
    )


def end_one(naive: NaiveWindow, open_permits: list[tuple[Permit, int]], end: str, world: World) -> None:
    """Have the oldest call that is under way end, or not."""
    if end == "nothing" or not open_permits:
        return
    permit, begun_ms = open_permits.pop(0)
    match end:
        case "answered":
            permit.answered(200, {})
            naive.answered(permit.slot, world.redis_ms() - begun_ms)
        case "unused":
            permit.__exit__(NotSent, NotSent("no connection"), None)
            naive.unused(permit.slot)
        case "left":
            permit.__exit__(None, None, None)


def test_no_window_of_calls_that_would_begin_is_over_the_limit(url: str, client: redis.Redis) -> None:
    """The model itself, checked against the plain meaning of a limit: so many in any window."""
    naive = NaiveWindow(4)
    chance, at_ms = PlainWorld(seed=3).chance, 0
    for number in range(600):
        at_ms += chance.choice([0, 3, 90, 300])
        naive.call(str(number), at_ms, 0, 1_000)
        naive.answered(str(number), 0)
    begins = sorted(place.begins_ms for place in naive.places.values())
    assert max(sum(one <= other < one + WINDOW_MS for other in begins) for one in begins) == 4
    assert naive.counted[0]["put_back"] > 100


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 3),
        ({"hub_id": HUB_ID}, 2),
        ({"hub_id": 9}, 0),
        ({"whose": Whose.INSTALLED}, 2),
        ({"whose": Whose.PRIVATE_APPS}, 1),
        ({"whose": Whose.TIER_100}, 1),
        ({"whose": Whose.TIER_190}, 0),
        ({"calls": {SEARCH: 2}}, 0),
    ],
)
def test_only_calls_that_it_is_about_are_counted(
    url: str, client: redis.Redis, fields: dict[str, Any], expected: int
) -> None:
    world = PlainWorld()
    limiter, store = in_world(world, url, tried(world, **fields))
    admit(limiter)
    admit(limiter)
    admit(limiter, 8, private_app=PrivateApp("UTC"))
    assert calls(store) == expected


def test_a_private_app_counts_to_the_tier_that_hubspot_told_of(url: str, client: redis.Redis) -> None:
    world = PlainWorld()
    limiter, store = in_world(world, url, tried(world, whose=Whose.TIER_190))
    private_app = PrivateApp("UTC")
    headers = {"x-hubspot-ratelimit-max": "190", "x-hubspot-ratelimit-remaining": "189"}
    admit(limiter, private_app=private_app).answered(200, headers)
    assert calls(store) == 0
    admit(limiter, private_app=private_app)
    assert calls(store) == 1


def test_the_token_endpoint_can_be_tried_for_all_portals_together(url: str, client: redis.Redis) -> None:
    world = PlainWorld()
    limiter, store = in_world(world, url, tried(world, calls={Bucket.OAUTH: 1}))
    for hub_id in (1, 2):
        admit(limiter, hub_id, Bucket.OAUTH)
    found = store.figures("run").counted[Bucket.OAUTH, WorkClass.EVENTS]
    assert (found.calls, found.held_up) == (2, 1)


def test_several_at_once_are_counted_apart(url: str, client: redis.Redis) -> None:
    world = PlainWorld()
    limiter, store = in_world(world, url, tried(world, name="one"), tried(world, name="two", calls={BURST: 1}))
    for _ in range(3):
        admit(limiter)
    held_up = [store.figures(name).counted[BURST, WorkClass.EVENTS].held_up for name in ("one", "two")]
    assert held_up == [1, 2]  # one place is kept for urgent calls, of three; of one none can be


def test_several_calls_at_once_take_as_many_places(url: str, client: redis.Redis) -> None:
    world = PlainWorld()
    limiter, store = in_world(world, url, tried(world))
    for _ in range(2):
        limiter.reserve(HUB_ID, BURST, WorkClass.URGENT, calls=2)
    found = store.figures("run").counted[BURST, WorkClass.URGENT]
    assert (found.calls, found.put_back) == (4, 2)
    limiter.reserve(9, BURST, WorkClass.URGENT, calls=4)
    assert store.figures("run").counted[BURST, WorkClass.URGENT].put_back == 6, "more than are ever had at once"


def test_a_short_call_does_not_end_the_memory_of_a_long_one(url: str, client: redis.Redis) -> None:
    world = PlainWorld()
    limiter, store = in_world(world, url, tried(world, calls={BURST: 2}))
    for deadline_s, wait_s in ((300.0, 0.0), (1.0, 10.0), (1.0, 10.0)):
        admit(limiter, deadline_s=deadline_s, wait_s=wait_s)
    assert store.figures("run").counted[BURST, WorkClass.EVENTS].waited == 2
    left_ms: Any = client.pttl(f"hubapp:dry-run:{{run}}:{HUB_ID}:burst")
    assert left_ms > 250_000


def test_it_ends_by_itself(url: str, client: redis.Redis) -> None:
    world = PlainWorld()
    limiter, store = in_world(world, url, tried(world, ends_at=world.wall() + timedelta(seconds=30)))
    admit(limiter)
    world.now += 31
    admit(limiter)
    admit(limiter)
    assert calls(store) == 1
    assert 0 < client.pttl("hubapp:dry-run:{run}") <= (24 * 3600 + 30) * 1000
    assert all(client.pttl(key) > 0 for key in client.scan_iter("hubapp:dry-run:{run}*"))


def test_threads_of_a_real_limiter_are_counted(url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the thread that production has, and the real clock."""
    monkeypatch.setattr(counting_module, "LATE_S", 60.0)  # a busy machine's threads stand still for long
    limiter = RateLimiter(url)
    limiter.declare_idle()
    run = TriedLimits("threads", 77, Whose.ALL, {BURST: 5}, limiter.now() + timedelta(hours=1))
    store = DryRunStore(url, limiter.limits)
    store.publish([run])
    counting = limiter._counting
    admit(limiter, 78)  # of another account: the thread may look before this call is noted, or after
    wait_for(lambda: bool(counting._tried), what="the thread to look")

    def call() -> None:
        for _ in range(10):
            with admit(limiter, 77, wait_s=20) as permit:
                permit.answered(200, {})

    threads = [threading.Thread(target=call) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        wait_for(lambda: calls(store, "threads") == 50, what="the counts")
    finally:
        store.publish([])
    found = store.figures("threads")
    assert found.lost == 0
    assert found.counted[BURST, WorkClass.EVENTS].held_up >= 40
    assert [(one.hub_id, one.calls) for one in found.accounts] == [(77, 50)]


def test_no_figures_are_no_error(url: str, client: redis.Redis) -> None:
    assert DryRunStore(url, WIDE).figures("never") == DryRunFigures(None, 0, {}, [])
