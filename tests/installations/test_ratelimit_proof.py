"""Never more than the limit in any window as the server counts, whatever happens to callers, network and Redis."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.redis import Redis
from hubspot_api.ports import Bucket
from installations.ratelimit import Allowance, LimiterFull, Limits, Permit, RateLimiter, Share, WorkClass
from installations.ratelimit.limits import UNPACED_MS
from installations.ratelimit.shared import ERA

from .limiter_world import HUB_ID, StrictServer, World, limiter_in, patient

pytestmark = pytest.mark.chaos

UNTIL = 40.0  # virtual seconds
EXAMPLES = 1000 if os.environ.get("CHAOS") == "long" else 40
# Small, so that it is nearly always exhausted; otherwise as HubSpot's.
LIMIT, WINDOW_S = 8, 2.0
SHARES = (Share(0, UNPACED_MS), Share(1, 1000), Share(1, 500), Share(1, 500))
SMALL = Limits(burst=Allowance(LIMIT, int(WINDOW_S * 1000), SHARES, tells=True), processes=2)


@dataclass(frozen=True)
class Caller:
    """Calls again and again, `calls` at a time, and pauses."""

    process: int
    work_class: WorkClass
    calls: int
    pause_s: float
    dawdle_s: float  # between getting leave and calling
    wait_s: float


@dataclass(frozen=True)
class Trouble:
    """Something that happens `at`, for `lasts`."""

    kind: str
    at: float
    lasts: float


BUSY = [Caller(process, work_class, 1, 0.0, 0.0, 1.0) for process in (0, 1) for work_class in WorkClass]
CALLERS = st.builds(
    Caller,
    process=st.integers(0, 1),
    work_class=st.sampled_from(WorkClass),
    calls=st.integers(1, 3),
    pause_s=st.sampled_from([0.0, 0.0, 0.1, 3.0]),
    dawdle_s=st.sampled_from([0.0, 0.0, 0.5, 3.0, 15.0]),
    wait_s=st.sampled_from([0.0, 1.0, 5.0]),
)
TROUBLES = st.builds(
    Trouble,
    kind=st.sampled_from(
        ["flush", "restart", "away", "flush while away", "set forward", "set back", "crash", "answers lost", "silence"]
    ),
    at=st.floats(3, 30),
    lasts=st.sampled_from([0.3, 1.0, 4.0, 12.0]),
)


@dataclass
class Scenario:
    """Two processes call one portal while things go wrong."""

    url: str
    seed: int
    world: World = field(init=False)
    server: StrictServer = field(init=False)
    limiters: list[RateLimiter] = field(init=False)

    def __post_init__(self) -> None:
        self.client = redis.Redis.from_url(self.url)
        self.client.flushdb()
        self.world = World(self.seed)
        self.server = StrictServer(LIMIT, WINDOW_S)
        self.limiters = [limiter_in(self.world, self.url, SMALL, ahead_s=n * 12345.0) for n in range(2)]
        self.limiters[0].declare_idle()
        self.limiters[1].usage(HUB_ID)
        self.silent = False
        self.alive = [0, 0]  # how often each process has crashed
        self.written: dict[bytes | str, bytes] = {}  # what Redis has on its disk
        for second in range(int(UNTIL)):
            self.world.at(second + 0.5, self.write)

    def run(self, callers: list[Caller], troubles: list[Trouble]) -> None:
        for caller in [*BUSY, *callers]:
            self.world.spawn(lambda caller=caller: self.live(caller))  # type: ignore[misc]
        for trouble in troubles:
            self.world.at(trouble.at, lambda trouble=trouble: self.strike(trouble))  # type: ignore[misc]
        try:
            self.world.run(UNTIL)
        finally:
            self.world.end()
            self.client.close()

    def live(self, caller: Caller) -> None:
        born = self.alive[caller.process]
        limiter = self.limiters[caller.process]
        while self.alive[caller.process] == born:
            try:
                self.work(limiter, caller, born)
            except LimiterFull as full:
                self.world.sleep((full.retry_at - self.world.wall()).total_seconds() + 0.001)
            self.world.sleep(caller.pause_s)

    def work(self, limiter: RateLimiter, caller: Caller, born: int) -> None:
        reservation = limiter.reserve(HUB_ID, Bucket.BURST, caller.work_class, calls=caller.calls, wait_s=caller.wait_s)
        with reservation as gate:
            for _ in range(caller.calls):
                self.world.sleep(caller.dawdle_s)
                if self.alive[caller.process] != born:
                    return
                permit = gate.admit(Bucket.BURST, longest=10)
                assert isinstance(permit, Permit)
                with permit:
                    self.call(permit, caller.process, born)

    def call(self, permit: Permit, process: int, born: int) -> None:
        """The call arrives within 300 ms, whether or not its caller lives on. The answer may be late, or be none."""
        chance = self.world.chance
        there = self.world.now + chance.choice([0.0, 0.0, chance.uniform(0.0, 0.3), 0.3])
        said: list[tuple[int, dict[str, str]]] = []
        self.world.at(there, lambda: said.append((self.server.arrive(self.world.now)[0], {})))
        back = there + chance.choice([0.001, 0.001, 0.05, 0.05, 0.2, 2.0])
        if self.silent or chance.random() < 0.003:
            self.world.sleep(10)
            return
        self.world.sleep(back - self.world.now)
        if self.alive[process] == born:
            permit.answered(*said[0])

    def strike(self, trouble: Trouble) -> None:
        world, end = self.world, self.world.now + trouble.lasts
        match trouble.kind:
            case "flush":
                self.client.flushdb()
            case "restart":
                self.restart()
            case "away" | "flush while away":
                world.redis_away = True
                if trouble.kind != "away":
                    self.client.flushdb()
                world.at(end, lambda: setattr(world, "redis_away", False))
            case "set forward":
                world.redis_set_s += trouble.lasts * 50 if self.world.chance.random() < 0.5 else 2 + trouble.lasts
            case "set back":
                world.redis_set_s -= trouble.lasts * 50
            case "crash":
                self.alive[world.chance.randrange(2)] += 1
            case "answers lost":
                world.lost = 0.3
                world.at(end, lambda: setattr(world, "lost", 0.0))
            case "silence":
                self.silent = True
                world.at(end, lambda: setattr(self, "silent", False))

    def write(self) -> None:
        self.written = {key: self.client.dump(key) or b"" for key in self.client.scan_iter("hubapp:*")}

    def restart(self) -> None:
        """Redis comes back as another server, with what it had written up to a second ago."""
        self.client.flushdb()
        for key, value in self.written.items():
            self.client.restore(key, 0, value)
        self.client.hset(ERA, "run", "another")


@pytest.fixture(scope="module")
def url(redis_server: Redis) -> Iterator[str]:
    url = patient(redis_server.url, 10)
    yield url
    with redis.Redis.from_url(url) as client:
        client.flushdb()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    callers=st.lists(CALLERS, max_size=6),
    troubles=st.lists(TROUBLES, max_size=4),
    seed=st.integers(0, 2**32),
)
def test_no_window_ever_holds_more_than_the_limit(
    url: str, callers: list[Caller], troubles: list[Trouble], seed: int
) -> None:
    scenario = Scenario(url, seed)
    scenario.run(callers, troubles)
    assert scenario.server.fullest <= LIMIT, (callers, troubles)
