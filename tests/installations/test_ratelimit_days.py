"""Days of a private app that are short of calls, against a server that counts naively."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from installations.ratelimit import Allowance, LimiterFull, Limits, Permit, RateLimiter, WorkClass

from .limiter_world import HUB_ID, PlainWorld, limiter_in
from .naive_server import APP, BURST, BURST_S, DAILY, DAY_LIMIT, DAY_S, DEADLINE_S, PACED, PROCESSES, SMALL, NaiveServer
from .naive_server import url as url  # the fixture

pytestmark = pytest.mark.chaos

DAYS = 1000 if os.environ.get("CHAOS") == "long" else 25
WIDE = Limits(
    burst=SMALL.burst,
    private_burst=Allowance(40, int(BURST_S * 1000), PACED, tells=True),
    daily=SMALL.daily,
    processes=PROCESSES,
)


@dataclass
class Day:
    """Calls of a private app whose day is short of calls, each some time under way, its answer reported even later."""

    url: str
    world: PlainWorld
    server: NaiveServer
    limiter: RateLimiter
    waiting: list[Permit] = field(default_factory=list)
    put_off: int = 0
    refused: int = 0
    forgotten: int = 0
    over: bool = False  # answers are reported at once

    def call(self) -> None:
        try:
            permit = self.limiter.admit(
                HUB_ID, BURST, WorkClass.URGENT, wait_s=0, deadline_s=DEADLINE_S, private_app=APP
            )
        except LimiterFull as full:
            self.put_off += full.bucket is DAILY
            return
        assert isinstance(permit, Permit)
        permit.__enter__()
        self.world.at(self.world.now + self.world.chance.choice([0.0, 0.01, 0.2, 1.0]), lambda: self.arrive(permit))

    def arrive(self, permit: Permit) -> None:
        status, headers, _ = self.server.arrive(BURST)
        self.refused += status == 429
        assert self.refused <= 2 * self.forgotten  # only who has to find out what is left
        lasts = self.world.chance.choice([0.0, 0.01, 0.2, 1.0, 2.9] if not self.over else [0.0])
        self.world.at(self.world.now + lasts, lambda: permit.answered(status, headers))

    def redis_forgets(self, client: redis.Redis) -> None:
        client.flushdb()
        self.forgotten += 1
        self.limiter.usage(HUB_ID, APP)  # somebody notices
        self.world.sleep(BURST_S + 1.1)

    def midnight_comes(self) -> None:
        """With calls under way; a quarter of an hour later it is certain that HubSpot's clock shows the new day too."""
        now = self.world.wall().timestamp()
        self.world.sleep((now // DAY_S + 1) * DAY_S - now - 0.02)
        for _ in range(4):
            self.call()
        self.world.sleep(16 * 60)


@settings(max_examples=DAYS, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_no_call_of_a_day_is_refused_and_all_are_made(url: str, seed: int) -> None:
    world = PlainWorld(seed)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        day = Day(url, world, NaiveServer(world, True, 40), limiter_in(world, url, WIDE))
        day.limiter.declare_idle()
        for _ in range(200):
            match world.chance.random():
                case roll if roll < 0.003:
                    day.redis_forgets(client)
                case roll if roll < 0.02:
                    day.midnight_comes()
                case roll if roll < 0.3:
                    world.sleep(world.chance.choice([0.005, 0.05, 1.2]))
                case _:
                    day.call()
        day.over = True
        world.sleep(DAY_S)
        for _ in range(2 * DAY_LIMIT):
            day.call()
            world.sleep(1.1)
    assert max(day.server.days.values()) == DAY_LIMIT
    assert day.put_off >= DAY_LIMIT
