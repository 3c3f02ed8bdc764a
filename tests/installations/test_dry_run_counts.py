"""What is counted against limits that are tried out is true, and nothing of it reaches a real call."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.redis import Redis
from hubspot_api.errors import NotSent
from hubspot_api.ports import Bucket
from installations.ratelimit import Allowance, LimiterFull, Limits, Permit, PrivateApp, RateLimiter, Share, WorkClass
from installations.ratelimit import counting as counting_module
from installations.ratelimit.dry_runs import Counted, DryRunFigures, DryRunStore, TriedLimits, Whose
from installations.ratelimit.limits import UNPACED_MS
from tests.hubspot import wait_for

from .limiter_world import HUB_ID, PlainWorld, PromptCounting, World, limiter_in, patient

BURST, SEARCH = Bucket.BURST, Bucket.SEARCH
KEPT = 1
LEFT = Share(KEPT, UNPACED_MS)
UNPACED = (Share(0, UNPACED_MS), LEFT, LEFT, LEFT)
WINDOW_MS, DEADLINE_S, HOLD_MS = 2_000, 4.0, 4_500
# Wide, so that the real limiter lets everything through and only what is tried can be full.
WIDE = Limits(burst=Allowance(1000, WINDOW_MS, UNPACED), search=Allowance(1000, 1_000, UNPACED), margin_ms=0)
STORE = "hubapp:dry-run:tried"


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


@dataclass
class Place:
    """A place as a naive mind keeps it: when its call would begin, and when it comes back."""

    rank: int
    begins_ms: int
    back_ms: int


@dataclass
class NaiveWindow:
    """Looks at every place there ever was, for every call, and tries one moment after the other."""

    limit: int
    places: dict[str, Place] = field(default_factory=dict)
    counted: dict[int, Counter[str]] = field(default_factory=dict)

    def call(self, name: str, at_ms: int, rank: int, wait_ms: int) -> None:
        kept = min(KEPT if rank else 0, self.limit - 1)
        ours = [p for p in self.places.values() if not (p.begins_ms > at_ms and p.rank > rank)]
        moments = sorted({at_ms, *(min(p.back_ms, at_ms + WINDOW_MS) for p in self.places.values())})
        begins_ms = next(
            (one for one in moments if one >= at_ms and self._room(ours, one, at_ms) > kept), at_ms + WINDOW_MS
        )
        waits_ms = begins_ms - at_ms
        figures = self.counted.setdefault(rank, Counter())
        figures["calls"] += 1
        figures["longest"] = max(figures["longest"], waits_ms)
        if waits_ms > wait_ms:
            figures["put_back"] += 1
            return
        figures["waited"] += waits_ms > 0
        self.places[name] = Place(rank, begins_ms, begins_ms + HOLD_MS + WINDOW_MS)

    def _room(self, ours: list[Place], moment_ms: int, at_ms: int) -> int:
        """How many places are free at a moment. One that is taken now comes back a window from now at the latest."""
        return self.limit - sum(p.back_ms > at_ms and min(p.back_ms, at_ms + WINDOW_MS) > moment_ms for p in ours)

    def answered(self, name: str, took_ms: int) -> None:
        if place := self.places.get(name):
            place.back_ms -= HOLD_MS - took_ms

    def unused(self, name: str) -> None:
        self.places.pop(name, None)

    @property
    def figures(self) -> dict[tuple[Bucket, WorkClass], Counted]:
        return {
            (BURST, WorkClass(rank)): Counted(found["calls"], found["waited"], found["put_back"], found["longest"])
            for rank, found in self.counted.items()
        }


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


# ── The losing side: whatever becomes of a dry run, real calls fare as without one ──

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


def test_threads_of_a_real_limiter_are_counted(redis_server: Redis) -> None:
    """With the thread that production has, and the real clock."""
    limiter = RateLimiter(redis_server.url)
    limiter.declare_idle()
    run = TriedLimits("threads", 77, Whose.ALL, {BURST: 5}, limiter.now() + timedelta(hours=1))
    store = DryRunStore(redis_server.url, limiter.limits)
    store.publish([run])
    counting = limiter._counting
    admit(limiter, 77)
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
