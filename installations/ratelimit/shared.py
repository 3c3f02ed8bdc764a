"""The buckets that all processes share, in Redis; and the knowledge of when they cannot be asked or trusted.

Redis must not evict keys (`maxmemory-policy noeviction`): a place that is evicted is a call not counted. One primary,
with or without replicas; not Redis Cluster, whose keys know nothing of a common era.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from hubspot_api.ports import Bucket

from .asked import Asked, Place, Verdict
from .limits import Limits, PrivateApp, WorkClass
from .meeting import HOLDS_S, Meeting

logger = logging.getLogger(__name__)

TIMEOUT_S = 0.1  # Redis answers in less than a millisecond; a call to HubSpot must not wait for one that hangs
RETRY_S = 0.25  # between two looks whether Redis is back
ERA = "hubapp:limit:era"
_GO, _PROMISED, _LATE = 1, 0, -2
_REASONS = {
    "full": "all places are taken",
    "paced": "calls are spread evenly",
    "frozen": "HubSpot answered 429",
    "cold": "what was called within the last window is not known",
    "late": "the question was too old",
    "full today": "today's allowance is used up, or left to more urgent work",
    "untold": "HubSpot has yet to tell what is left of today's allowance",
}

Clock = Callable[[], float]


class RedisAway(Exception):
    """Redis is down, hangs or refuses: the local buckets have to do for a moment."""


@dataclass(frozen=True, slots=True)
class Command:
    """One run of the script. Arguments follow the command's name there."""

    name: str
    keys: Sequence[str]
    arguments: Sequence[str | int]


def keys(hub_id: int | None, buckets: Iterable[Bucket]) -> list[str]:
    """Return the keys of an account's buckets, two each. None stands for all accounts together."""
    owner = "app" if hub_id is None else f"{hub_id:d}"
    slots = [f"hubapp:limit:{{{owner}}}:{bucket.value}" for bucket in buckets]
    return [key for name in slots for key in (name, f"{name}:state")]


class SharedBuckets:
    """The script and the connections to run it on. Threads may share it; a forked process needs its own.

    `places()` says what this process let through without Redis, to be told when Redis is back. `now()` is about the
    time of day, aware: a day's end is told by Redis' clock, of those around it.
    """

    source: ClassVar[str] = Path(__file__).with_name("buckets.lua").read_text(encoding="utf-8")

    def __init__(
        self,
        url: str,
        limits: Limits,
        clock: Clock,
        now: Callable[[], datetime],
        places: Callable[[], Sequence[Place]],
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._now = now
        self._places = places
        self._redis: redis.Redis = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        self._script = self._redis.register_script(self.source)
        self._joining = threading.Lock()
        self._joined = False
        self._next_try = clock()
        self._met: Meeting | None = None
        self._lost_at: float | None = None  # since when we have found Redis away

    @property
    def away(self) -> bool:
        """Whether Redis did not answer when last asked, or was not yet asked."""
        return not self._joined

    @property
    def lost_at(self) -> float:
        """Since when Redis has been found away: now, if it has not."""
        lost_at = self._lost_at
        return self._clock() if lost_at is None else lost_at

    def take(self, asked: Asked, wait_s: float) -> Verdict:
        """Ask for leave; a promised start at most `wait_s` away is kept for the ticket. Raises RedisAway."""
        met = self.join()
        asked_at = self._clock()
        command = Command("take", keys(asked.hub_id, asked.buckets), self._question(asked, wait_s, met, asked_at))
        verdict, now, start, slowest, reason, *counts = self._run(command)
        self._check_clock(met, Meeting(asked_at, self._clock(), now))
        return Verdict(
            go=verdict == _GO,
            promised=verdict in {_PROMISED, _LATE},
            delay_s=(start - now) / 1000,
            bucket=asked.buckets[slowest - 1],
            reason=_REASONS.get(reason.decode(), ""),
            counts=tuple(zip(counts[::2], counts[1::2], strict=True)),
        )

    def _question(self, asked: Asked, wait_s: float, met: Meeting, asked_at: float) -> list[str | int]:
        not_after = met.latest_ms(asked_at + TIMEOUT_S)
        rules = self._rules(asked.buckets, asked.work_class, asked.private_app)
        wait_ms = round(wait_s * 1000)
        return [not_after, asked.ticket, asked.work_class.value, asked.calls, wait_ms, asked.hold_ms, *rules]

    def _rules(self, buckets: Sequence[Bucket], work_class: WorkClass, private_app: PrivateApp | None) -> list[int]:
        now = self._now()
        return [n for bucket in buckets for n in self._limits.rule(bucket, work_class, private_app, now)]

    def renew(self, asked: Asked, slot: str) -> bool:
        """Keep a place as if it were given now. False when it has come back already. Raises RedisAway."""
        self.join()
        longest = max(self._limits.window_ms(bucket) for bucket in asked.buckets)
        return bool(self._run(Command("renew", keys(asked.hub_id, asked.buckets), [asked.hold_ms + longest, slot])))

    def look(
        self, hub_id: int | None, buckets: Sequence[Bucket], private_app: PrivateApp | None = None
    ) -> list[list[int]]:
        """Return used, usable, waiting, frozen_ms, cold_ms, rejected, rejected_ms_ago and four counts of each.

        The counts are of the used places by work class. Raises RedisAway.
        """
        self.join()
        rules = self._rules(buckets, WorkClass.URGENT, private_app)
        found: list[list[int]] = self._run(Command("look", keys(hub_id, buckets), rules))
        return found

    def others(self) -> dict[int, int]:
        """Return, once, how many calls of others headers told of, by account. Raises RedisAway."""
        self.join()
        found: list[bytes] = self._run(Command("others", [], []))
        return {int(hub_id): int(calls) for hub_id, calls in zip(found[::2], found[1::2], strict=True)}

    def trust(self) -> None:
        """Forget that the limiter's memory is new. Raises RedisAway."""
        self.join()
        self._run(Command("trust", [], []))

    def send(self, commands: Sequence[Command]) -> None:
        """Run commands whose answers nobody waits for, in one go. Raises RedisAway; each may then have run."""
        self.join()
        self._pipeline(commands)

    def join(self) -> Meeting:
        """Meet Redis if we have not, or not since it was away. Raises RedisAway, at once if it has just been tried."""
        if self._met is None or not self._joined:
            with self._joining:
                if self._met is None or self.away:  # another thread may have been quicker
                    self._met = self._meet()
        return self._met

    def _meet(self) -> Meeting:
        asked_at = self._clock()
        if asked_at < self._next_try:
            raise RedisAway("Redis did not answer a moment ago.")
        holds = [Command("hold", keys(p.hub_id, [p.bucket]), [p.ms, p.slot]) for p in self._places()]
        long_away = asked_at - self.lost_at > self._limits.longest_window_ms / 1000
        now, *_ = self._pipeline([Command("meet", [], [int(long_away)]), *holds])
        meeting = Meeting(asked_at, self._clock(), now)
        if self._met is not None:
            self._check_clock(self._met, meeting)
        self._joined, self._lost_at = True, None
        logger.info("The rate limiter has met Redis; %d calls made without it were reported", len(holds))
        return meeting

    def _pipeline(self, commands: Sequence[Command]) -> list[Any]:
        try:
            answers = self._pipelined(commands)
            if any(isinstance(answer, redis.exceptions.NoScriptError) for answer in answers):
                self._redis.script_load(self.source)
                answers = self._pipelined(commands)
        except redis.RedisError as error:
            raise self._lost(error) from error
        for answer in answers:
            if isinstance(answer, redis.RedisError):
                raise self._lost(answer) from answer
        return answers

    def _pipelined(self, commands: Sequence[Command]) -> list[Any]:
        with self._redis.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.evalsha(
                    self._script.sha, 1 + len(command.keys), ERA, *command.keys, command.name, *command.arguments
                )
            return pipe.execute(raise_on_error=False)

    def _run(self, command: Command) -> Any:
        try:
            answer = self._answer(command)
        except redis.RedisError as error:
            raise self._lost(error) from error
        return answer

    def _answer(self, command: Command) -> Any:
        return self._script([ERA, *command.keys], [command.name, *command.arguments])

    def _check_clock(self, before: Meeting, now: Meeting) -> None:
        """Raise RedisAway if Redis' clock was set forward: places came back before their time, so none is trusted."""
        ahead_ms = now.now_ms - before.latest_ms(now.answered_at)
        if ahead_ms > 0:
            logger.warning("Redis' clock was set %.1f s ahead; the rate limiter starts anew", ahead_ms / 1000)
            asked_at = self._clock()
            expected = [before.earliest_ms(asked_at), before.latest_ms(asked_at + TIMEOUT_S, leap_s=0)]
            self._run(Command("distrust", [], expected))
            raise RedisAway("Redis' clock was set.")
        # A clock behind what we expect is another server's: a leap of it shows only beside what it said itself.
        if now.now_ms < before.earliest_ms(now.asked_at) or now.asked_at - before.asked_at > HOLDS_S:
            self._met = now

    def _lost(self, error: redis.RedisError) -> RedisAway:
        now = self._clock()
        if self._lost_at is None:
            logger.warning("The rate limiter lost Redis: %s: %s", type(error).__name__, error)
            self._lost_at = now
        self._joined = False
        self._next_try = now + RETRY_S
        self._redis.connection_pool.disconnect(inuse_connections=False)
        return RedisAway(f"Redis is away ({type(error).__name__}).")
