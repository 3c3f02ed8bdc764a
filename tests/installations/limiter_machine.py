"""All that callers of one portal may do, and all that may happen to them, in any order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest
import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hubspot_api.errors import NotSent, RateLimited
from hubspot_api.ports import Bucket
from hubspot_api.said import Said
from installations.ratelimit import LimiterFull, Permit, RateLimiter, WorkClass
from installations.ratelimit.permits import Reservation
from installations.ratelimit.shared import ERA

from .limiter_world import HUB_ID, PlainWorld, limiter_in
from .naive_server import (
    APP,
    BURST,
    BURST_LIMIT,
    BURST_S,
    DAY_S,
    DEADLINE_S,
    PROCESSES,
    SEARCH,
    SEARCH_LIMIT,
    SMALL,
    NaiveServer,
)


@dataclass
class Call:
    """A call under way; `answer` is there once it has arrived."""

    process: int
    life: int
    permit: Permit
    answer: tuple[int, dict[str, str], str] | None = None


def one_of(items: list[Call], at: int) -> Call:
    return items.pop(at % len(items))


def trouble(rule: Callable[..., None]) -> Callable[..., None]:
    """Only in half of the runs, for it hides other faults."""
    return precondition(lambda self: self.troubled)(rule)


class LimiterMachine(RuleBasedStateMachine):
    """Processes with a limiter each, one Redis, one portal."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.client = redis.Redis.from_url(self.url)
        self.client.flushdb()
        self.world = PlainWorld()

    @initialize(private=st.booleans(), troubled=st.booleans(), forgetful=st.booleans(), seed=st.integers(0, 2**32))
    def begin(self, private: bool, troubled: bool, forgetful: bool, seed: int) -> None:
        self.forgetful = forgetful
        self.world.chance.seed(seed)
        self.troubled = troubled
        self.app = APP if private else None
        self.server = NaiveServer(self.world, by_day=private)
        self.lives = [0] * PROCESSES
        self.limiters = [self.new_limiter(process) for process in range(PROCESSES)]
        self.limiters[0].declare_idle()
        for limiter in self.limiters:
            limiter.usage(HUB_ID, self.app)
        self.reserved: list[tuple[int, int, Bucket, Reservation]] = []
        self.flying: list[Call] = []
        self.arrived: list[Call] = []
        self.saved: dict[bytes | str, bytes] = {}

    def new_limiter(self, process: int) -> RateLimiter:
        return limiter_in(self.world, self.url, SMALL, ahead_s=process * 12_345.0)

    def teardown(self) -> None:
        self.client.close()

    # What callers do

    @rule(
        process=st.integers(0, PROCESSES - 1),
        work_class=st.sampled_from(WorkClass),
        bucket=st.sampled_from([BURST, BURST, BURST, SEARCH]),
        calls=st.sampled_from([1, 1, 1, 2, 3]),
    )
    def ask(self, process: int, work_class: WorkClass, bucket: Bucket, calls: int) -> None:
        try:
            gate = self.limiters[process].reserve(
                HUB_ID, bucket, work_class, calls=calls, wait_s=0, deadline_s=DEADLINE_S, private_app=self.app
            )
        except LimiterFull as full:
            early = self.world.wall() - full.retry_at
        else:
            early = timedelta()
            self.reserved.append((process, self.lives[process], bucket, gate))
        assert early < timedelta(milliseconds=1)

    @rule(
        process=st.integers(0, PROCESSES - 1),
        hurry=st.sampled_from(["all at once", "answered at once", "mixed"]),
        pauses_s=st.lists(st.sampled_from([0.0, 0.3, 0.99, 1.01, 1.99, 2.02]), max_size=4),
    )
    def call_as_often_as_possible(self, process: int, hurry: str, pauses_s: list[float]) -> None:
        """One process after another, with pauses."""
        for turn, pause_s in enumerate([*pauses_s, 0.0]):
            self.fill((process + turn) % PROCESSES, hurry)
            self.world.run(self.world.now + pause_s)

    def fill(self, process: int, hurry: str) -> None:
        for _ in range(2 * BURST_LIMIT):
            before = len(self.reserved)
            self.ask(process, WorkClass.URGENT, BURST, 1)
            if len(self.reserved) == before:
                return
            mixed = hurry == "mixed"
            self.send(-1, self.world.chance.choice([0.0, 0.0, 0.01, 0.3]) if mixed else 0.0, leave=True)
            self.world.run(self.world.now + (0.01 if mixed else 0.0))
            if self.arrived and hurry != "all at once" and (not mixed or self.world.chance.random() < 0.7):
                self.answer(self.world.chance.randrange(99), all_of_them=False)

    @precondition(lambda self: self.reserved)
    @rule(at=st.integers(0, 99), late_s=st.sampled_from([0.0, 0.0, 0.01, 0.3, 2.0, 3.999]), leave=st.booleans())
    def send(self, at: int, late_s: float, leave: bool) -> None:
        """Make one of the calls reserved; it arrives so much later. Whoever leaves gives the others back."""
        at %= len(self.reserved)
        process, life, bucket, gate = self.reserved[at]
        if self.forgetful or self.troubled:  # what is under way when Redis forgets or goes must arrive within a second
            late_s = min(late_s, 0.49)
        if self.lives[process] != life:
            self.reserved.pop(at)
            return
        try:
            permit = gate.admit(bucket, DEADLINE_S)
            assert isinstance(permit, Permit)
            permit.__enter__()
        except LimiterFull:
            self.reserved.pop(at)
            gate.__exit__(None, None, None)
            return
        call = Call(process, life, permit)
        self.flying.append(call)
        self.world.at(self.world.now + late_s, lambda: self.arrive(call, bucket))
        self.world.run(self.world.now)
        if leave or not gate.left:
            gate.__exit__(None, None, None)
            self.reserved = [item for item in self.reserved if item[3] is not gate]

    def arrive(self, call: Call, bucket: Bucket) -> None:
        call.answer = self.server.arrive(bucket)
        if call in self.flying:
            self.flying.remove(call)
            self.arrived.append(call)

    @precondition(lambda self: self.arrived)
    @rule(at=st.integers(0, 99), all_of_them=st.booleans())
    def answer(self, at: int, all_of_them: bool) -> None:
        while self.arrived:
            call = one_of(self.arrived, at)
            assert call.answer
            status, headers, policy = call.answer
            if self.lives[call.process] == call.life:
                call.permit.answered(status, headers)
                error = RateLimited(said=Said(status=429, policy=policy)) if policy else None
                call.permit.__exit__(None, error, None)
            if not all_of_them:
                return

    @precondition(lambda self: self.flying or self.arrived)
    @rule(at=st.integers(0, 99))
    def give_up(self, at: int) -> None:
        """Nobody hears the answer. The call may arrive all the same."""
        call = one_of(self.flying or self.arrived, at)
        if self.lives[call.process] == call.life:
            call.permit.__exit__(None, None, None)

    @rule(process=st.integers(0, PROCESSES - 1))
    def begin_and_not_send(self, process: int) -> None:
        try:
            permit = self.limiters[process].admit(HUB_ID, BURST, WorkClass.URGENT, wait_s=0, private_app=self.app)
        except LimiterFull:
            return
        with pytest.raises(NotSent), permit:
            raise NotSent

    # What happens to them

    @rule(seconds=st.sampled_from([0.001, 0.01, 0.2, 0.5, 0.99, 1.01, 1.99, 2.02, 3.0, 6.0, 11.5, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.run(self.world.now + seconds)

    @rule(seconds=st.sampled_from([-3.0, -0.01, 0.01, 30.0]))
    def midnight_comes(self, seconds: float) -> None:
        now = self.world.wall().timestamp()
        midnight = (now // DAY_S + 1) * DAY_S
        self.world.run(self.world.now + max(0.0, midnight + seconds - now))

    @rule(process=st.integers(0, PROCESSES - 1))
    def process_dies(self, process: int) -> None:
        self.lives[process] += 1
        self.limiters[process] = self.new_limiter(process)

    @precondition(lambda self: self.forgetful)
    @rule()
    def redis_is_flushed(self) -> None:
        self.client.flushdb()

    @rule()
    def redis_writes_to_its_disk(self) -> None:
        self.saved = {key: self.client.dump(key) or b"" for key in self.client.scan_iter("hubapp:*")}
        self.saved_at = self.world.now

    @precondition(lambda self: self.forgetful and self.saved and self.world.now - self.saved_at <= 1)
    @rule()
    def redis_restarts(self) -> None:
        """With what it had written up to a second ago."""
        self.client.flushdb()
        for key, value in self.saved.items():
            self.client.restore(key, 0, value)
        self.client.hset(ERA, "run", f"another{self.world.now}")

    @precondition(lambda self: self.forgetful)
    @rule()
    def redis_fails_over_to_an_empty_replica(self) -> None:
        self.redis_is_flushed()
        self.client.hset(ERA, "run", f"another{self.world.now}")

    @trouble
    @rule(seconds=st.sampled_from([0.5, 5.0, 20.0]))
    def redis_is_away(self, seconds: float) -> None:
        self.world.redis_away = True
        self.world.at(self.world.now + seconds, lambda: setattr(self.world, "redis_away", False))

    @trouble
    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0]))
    def answers_of_redis_get_lost(self, seconds: float) -> None:
        self.world.lost = 0.5
        self.world.at(self.world.now + seconds, lambda: setattr(self.world, "lost", 0.0))

    @precondition(lambda self: self.forgetful and not self.world.redis_away and not self.world.lost)
    @rule(seconds=st.sampled_from([-36_000.0, -600.0, -1.0, -0.2, 0.003, 600.0, 36_000.0]))
    def redis_clock_is_set(self, seconds: float) -> None:
        """And one of those who knew it before asks first: a newcomer could not tell a leap from a quiet night."""
        self.world.redis_set_s += seconds
        for limiter in self.limiters:
            self.call_nobody(limiter)

    @trouble
    @rule(calls=st.integers(1, 10))
    def others_call(self, calls: int) -> None:
        """Other private apps of the account, which share its day."""
        self.server.days[self.server.today] = self.server.days.get(self.server.today, 0) + calls

    # What must hold

    @invariant()
    def no_window_is_over_the_limit(self) -> None:
        if hasattr(self, "server"):
            assert self.server.fullest[BURST] <= BURST_LIMIT
            assert self.server.fullest[SEARCH] <= SEARCH_LIMIT

    @rule()
    def all_is_quiet_and_all_may_be_used(self) -> None:
        """Nothing leaks: once all is over, whatever happened, every process could use the whole allowance alone."""
        self.world.redis_away, self.world.lost = False, 0.0
        self.world.run(self.world.now + 1)
        for _, _, _, gate in self.reserved:
            gate.__exit__(None, None, None)
        self.reserved.clear()
        while self.flying or self.arrived:
            self.give_up(0)
        self.look_around()
        # Strikes are forgotten, one in ten windows; and a day must have begun.
        self.world.run(self.world.now + 3 * DAY_S)
        self.look_around()
        self.world.run(self.world.now + BURST_S + 1.1)
        for limiter in self.limiters:
            assert self.served_at_once(limiter) == BURST_LIMIT
            self.world.run(self.world.now + DAY_S)

    def look_around(self) -> None:
        for limiter in self.limiters:
            for _ in range(3):  # who notices that a clock was set, finds Redis away for a moment
                self.call_nobody(limiter)
                self.world.run(self.world.now + 0.3)

    def call_nobody(self, limiter: RateLimiter) -> None:
        with suppress(LimiterFull):
            permit = limiter.admit(HUB_ID, BURST, WorkClass.URGENT, wait_s=0, private_app=self.app)
            assert isinstance(permit, Permit)
            limiter.unused(permit)

    def served_at_once(self, limiter: RateLimiter) -> int:
        """Have calls made and answered at once until the limiter is full, the first to learn the tier."""
        served = 0
        while True:
            try:
                permit = limiter.admit(HUB_ID, BURST, WorkClass.URGENT, wait_s=0, private_app=self.app)
            except LimiterFull:
                return served
            with permit:
                status, headers, _ = self.server.arrive(BURST)
                permit.answered(status, headers)
            assert status == 200
            served += 1
