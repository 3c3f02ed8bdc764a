"""A world in virtual time for the limiter: callers that sleep, a Redis that is told the time, a server that judges."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import redis

from hubspot_api.ports import Bucket
from installations.ratelimit import LimiterFull, Limits, RateLimiter, WorkClass
from installations.ratelimit.counting import Counting
from installations.ratelimit.dry_runs import Count, DryRunStore, TriedLimits
from installations.ratelimit.permits import FreePermit, Permit
from installations.ratelimit.returns import Returns
from installations.ratelimit.shared import Command, SharedBuckets

START_MS = 1_800_000_000_000
HUB_ID = 7
_TIME = "redis.call('TIME')"
_TOLD = "{ math.floor(redis.call('GET', 'told:ms') / 1000), redis.call('GET', 'told:ms') % 1000 * 1000 }"


class Ended(BaseException):
    """Unwinds a caller whose world is over."""


class World:
    """Runs callers, each in a thread, but one at a time: whoever's sleep ends first, in virtual seconds.

    `redis_set_s`: how far Redis' clock has been set wrong. `redis_away`: nobody reaches Redis. `lost`: the share of
    Redis' answers that get lost on the way back.
    """

    def __init__(self, seed: int = 0) -> None:
        self.now = 0.0
        self.chance = Random(seed)
        self.redis_set_s = 0.0
        self.redis_away = False
        self.lost = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._baton = threading.Event()
        self._callers: list[tuple[threading.Thread, threading.Event]] = []
        self._failure: BaseException | None = None
        self._over = False

    def clock(self) -> float:
        return self.now

    def wall(self) -> datetime:
        return datetime.fromtimestamp(START_MS / 1000, UTC) + timedelta(seconds=self.now)

    def redis_ms(self) -> int:
        return START_MS + int((self.now + self.redis_set_s) * 1000)

    def at(self, time: float, action: Callable[[], None]) -> None:
        """Have something happen at `time`; it must not sleep."""
        heapq.heappush(self._due, (time, next(self._order), action))

    def spawn(self, work: Callable[[], None], at: float = 0.0) -> None:
        """Have `work`, which may sleep, begin at `at`."""
        turn = threading.Event()
        thread = threading.Thread(target=self._live, args=(work, turn), daemon=True)
        self._callers.append((thread, turn))
        thread.start()
        self.at(at, lambda: self._give_turn(turn))

    def sleep(self, seconds: float) -> None:
        turn = threading.Event()
        self._callers.append((threading.current_thread(), turn))
        self.at(self.now + max(seconds, 0.0), lambda: self._give_turn(turn))
        self._baton.set()
        turn.wait()
        if self._over:
            raise Ended

    def run(self, until: float) -> None:
        """Let time pass. Raises what a caller raised."""
        while self._due and self._due[0][0] <= until:
            time, _, action = heapq.heappop(self._due)
            self.now = max(self.now, time)
            action()
            if self._failure is not None:
                raise self._failure
        self.now = max(self.now, until)

    def end(self) -> None:
        """Unwind all callers."""
        self._over = True
        for _, turn in self._callers:
            turn.set()
        for thread in {thread for thread, _ in self._callers}:
            thread.join()

    def _give_turn(self, turn: threading.Event) -> None:
        self._baton.clear()
        turn.set()
        self._baton.wait()

    def _live(self, work: Callable[[], None], turn: threading.Event) -> None:
        turn.wait()
        try:
            if not self._over:
                work()
        except Ended:
            return
        except BaseException as error:  # noqa: BLE001 - run() raises it
            self._failure = error
        finally:
            self._baton.set()


class PlainWorld(World):
    """Everybody takes turns, so whoever sleeps just lets time pass."""

    def sleep(self, seconds: float) -> None:
        self.run(self.now + max(seconds, 0.0))


class StrictServer:
    """Counts as HubSpot does: at most `limit` calls in any `window_s`, by when they arrive. Refused ones count."""

    def __init__(self, limit: int = 110, window_s: float = 10.0) -> None:
        self.limit = limit
        self.window_s = window_s
        self.served: list[float] = []
        self.refused: list[float] = []
        self.fullest = 0
        self._recent: deque[float] = deque()

    def arrive(self, now: float) -> tuple[int, Mapping[str, str]]:
        """Take a call in; return status and headers of the answer."""
        while self._recent and self._recent[0] <= now - self.window_s:
            self._recent.popleft()
        self._recent.append(now)
        count = len(self._recent)
        self.fullest = max(self.fullest, count)
        (self.served if count <= self.limit else self.refused).append(now)
        headers = {
            "x-hubspot-ratelimit-max": str(self.limit),
            "x-hubspot-ratelimit-remaining": str(max(0, self.limit - count)),
        }
        return (200 if count <= self.limit else 429), headers

    def share(self, start: float, end: float) -> float:
        """Calls served from `start` to `end`, as a share of what the limit allows in the long run."""
        return sum(start <= time < end for time in self.served) / (self.limit * (end - start) / self.window_s)


class ToldBuckets(SharedBuckets):
    """The very script of production, but for the one expression that asks the time."""

    source = SharedBuckets.source.replace(_TIME, _TOLD)
    world: World

    def _answer(self, command: Command) -> Any:
        return self._over_the_network(lambda: super(ToldBuckets, self)._answer(command))

    def _pipelined(self, commands: Sequence[Command]) -> list[Any]:
        found: list[Any] = self._over_the_network(lambda: super(ToldBuckets, self)._pipelined(commands))
        return found

    def _over_the_network(self, ask: Callable[[], Any]) -> Any:
        if self.world.redis_away:
            raise redis.exceptions.ConnectionError("away")
        self._redis.set("told:ms", self.world.redis_ms())
        answer = ask()
        if self.world.chance.random() < self.world.lost:
            raise redis.exceptions.TimeoutError("lost")
        return answer


class PromptReturns(Returns):
    """Sends at once, in the caller's thread, and with whatever is said next what could not be sent."""

    def _start(self) -> None:
        with suppress(Exception):
            self.flush()


class ToldDryRuns(DryRunStore):
    """The very script of production here too."""

    source = DryRunStore.source.replace(_TIME, _TOLD)
    world: World

    def tried(self) -> list[TriedLimits]:
        if self.world.redis_away:
            raise redis.exceptions.ConnectionError("away")
        return super().tried()

    def _run(self, counts: Sequence[Count]) -> list[object]:
        if self.world.redis_away:
            raise redis.exceptions.ConnectionError("away")
        self._redis.set("told:ms", self.world.redis_ms())
        return super()._run(counts)


class PromptCounting(Counting):
    """Counts at once, in the caller's thread."""

    def _ring(self) -> None:
        self.flush()


def patient(url: str, database: int) -> str:
    """Return the address of another database, for limiters who wait as long as a busy machine takes."""
    return f"{url.split('?')[0]}?db={database}&socket_timeout=20&socket_connect_timeout=20"


def limiter_in(world: World, url: str, limits: Limits | None = None, ahead_s: float = 0.0) -> RateLimiter:
    """Return the limiter of one process of `world`, whose clock is `ahead_s` ahead of the others'."""
    assert SharedBuckets.source.count(_TIME) == 1
    assert DryRunStore.source.count(_TIME) == 1
    told = {
        "shared_buckets": type("Told", (ToldBuckets,), {"world": world}),
        "returns": PromptReturns,
        "dry_runs": type("ToldDryRuns", (ToldDryRuns,), {"world": world}),
        "counting": PromptCounting,
    }
    limiter = type("Limiter", (RateLimiter,), told)
    with redis.Redis.from_url(url) as client:
        client.script_load(ToldBuckets.source)  # else the first history of all would ask once more, and go differently
    made: RateLimiter = limiter(url, limits, clock=lambda: world.now + ahead_s, now=world.wall, sleep=world.sleep)
    return made


class Network:
    """Carries calls to the server and answers back, each taking its time; stands still when frozen."""

    def __init__(self, world: World, server: StrictServer, latency_s: tuple[float, float] = (0.05, 0.3)) -> None:
        self._world = world
        self._server = server
        self._latency_s = latency_s
        self.frozen = (0.0, 0.0)

    def call(self, permit: Permit | FreePermit) -> int:
        """Make a call with leave for it; return its status."""
        with permit:
            latency = self._world.chance.uniform(*self._latency_s)
            there = latency * self._world.chance.random()
            self._travel(there)
            status, headers = self._server.arrive(self._world.now)
            self._travel(latency - there)
            permit.answered(status, headers)
        return status

    def _travel(self, seconds: float) -> None:
        self._world.sleep(seconds)
        start, end = self.frozen
        if start <= self._world.now < end:
            self._world.sleep(end - self._world.now + self._world.chance.uniform(0.0, 0.3))


class Portal:
    """A portal that several processes call, and how long the calls of each class waited, in seconds."""

    def __init__(self, world: World, network: Network) -> None:
        self.world = world
        self.network = network
        self.waits: dict[WorkClass, list[float]] = {work_class: [] for work_class in WorkClass}

    def call(self, limiter: RateLimiter, work_class: WorkClass, bucket: Bucket = Bucket.BURST) -> None:
        """Make one call, put off by as long as the limiter says."""
        asked = self.world.now
        while True:
            try:
                permit = limiter.admit(HUB_ID, bucket, work_class)
            except LimiterFull as full:
                self.world.sleep((full.retry_at - self.world.wall()).total_seconds())
            else:
                break
        self.waits[work_class].append(self.world.now - asked)
        self.network.call(permit)

    def saturate(self, limiter: RateLimiter, threads: int) -> None:
        """Have bulk work call as often as it may."""

        def endlessly() -> None:
            while True:
                self.call(limiter, WorkClass.BULK)

        for _ in range(threads):
            self.world.spawn(endlessly, at=self.world.now + self.world.chance.uniform(0.0, 0.1))

    def call_now_and_then(self, limiter: RateLimiter, work_class: WorkClass, per_s: float, until: float) -> None:
        """Have calls come at random, `per_s` on average."""
        time = self.world.now
        while time < until:
            time += self.world.chance.expovariate(per_s)
            self.world.spawn(lambda: self.call(limiter, work_class), at=time)

    def p95_ms(self, work_class: WorkClass) -> float:
        """Return the wait that 95 of 100 calls of a class did not exceed."""
        waits = sorted(self.waits[work_class])
        return 1000 * waits[int(len(waits) * 0.95)]
