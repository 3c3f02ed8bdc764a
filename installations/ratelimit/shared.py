"""The buckets that all processes share, in Redis; and the knowledge of when they cannot be asked or trusted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from hubspot_api.ports import Bucket

from .asked import Asked, Place, Verdict
from .limits import Limits

logger = logging.getLogger(__name__)

TIMEOUT_S = 0.1  # Redis answers in less than a millisecond; a call to HubSpot must not wait for one that hangs
RETRY_S = 0.25  # between two looks whether Redis is back
LEAP_S = 1.0  # Redis' clock running ahead of ours by more than this was set
DRIFT = 0.0005  # by which two good clocks differ
ERA = "hubapp:limit:era"
_LATE = -2
_REASONS = {
    "full": "all places are taken",
    "paced": "calls are spread evenly",
    "frozen": "HubSpot answered 429",
    "cold": "what was called within the last window is not known",
    "late": "the question was too old",
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
    owner = "app" if hub_id is None else int(hub_id)
    slots = [f"hubapp:limit:{{{owner}}}:{bucket.value}" for bucket in buckets]
    return [key for name in slots for key in (name, f"{name}:state")]


class SharedBuckets:
    """The script and the connections to run it on. Threads may share it; a forked process needs its own.

    `places()` says what this process let through without Redis, to be told when Redis is back.
    """

    source: ClassVar[str] = Path(__file__).with_name("buckets.lua").read_text(encoding="utf-8")

    def __init__(self, url: str, limits: Limits, clock: Clock, places: Callable[[], Sequence[Place]]) -> None:
        self._limits = limits
        self._clock = clock
        self._places = places
        self._redis: redis.Redis = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        self._script = self._redis.register_script(self.source)
        self._joining = threading.Lock()
        self._joined = False
        self._next_try = clock()
        self._met = (clock(), 0)  # when we last asked, and what Redis' clock then said in ms
        self.heard_at = clock()  # when Redis last answered

    @property
    def away(self) -> bool:
        """Whether Redis did not answer when last asked."""
        return not self._joined

    def take(self, asked: Asked, wait_s: float) -> Verdict:
        """Ask for leave; a promised start at most `wait_s` away is kept for the ticket. Raises RedisAway."""
        self.join()
        met_at, met_ms = self._met
        patience = (self._clock() - met_at) * (1 + DRIFT) + TIMEOUT_S + LEAP_S
        rules: list[str | int] = []
        for bucket in asked.buckets:
            rules += self._rule(bucket, asked)
        not_after, wait = met_ms + round(patience * 1000), round(wait_s * 1000)
        head: list[str | int] = [not_after, asked.ticket, asked.work_class.value, asked.calls, wait, asked.hold_ms]
        command = Command("take", keys(asked.hub_id, asked.buckets), [*head, *rules])
        verdict, now, start, slowest, reason, held, begun = self._run(command, clock_in=1)
        bucket = asked.buckets[slowest - 1]
        if verdict == _LATE:
            return Verdict(False, 0.0, bucket, _REASONS["late"])
        return Verdict(verdict == 1, (start - now) / 1000, bucket, _REASONS.get(reason.decode(), ""), held, begun)

    def _rule(self, bucket: Bucket, asked: Asked) -> list[str | int]:
        allowance = self._limits.of(bucket)
        share = allowance.shares[asked.work_class]
        window = self._limits.window_ms(bucket)
        return [allowance.calls, window, share.kept, allowance.interval_ms, share.burst_ms]

    def renew(self, asked: Asked, slot: str) -> bool:
        """Keep a place as if it were given now. False when it has come back already. Raises RedisAway."""
        self.join()
        longest = max(self._limits.window_ms(bucket) for bucket in asked.buckets)
        return bool(self._run(Command("renew", keys(asked.hub_id, asked.buckets), [asked.hold_ms + longest, slot])))

    def look(self, hub_id: int | None, bucket: Bucket) -> list[int]:
        """Return held, usable, waiting, frozen_ms, cold_ms, rejected, rejected_ms_ago. Raises RedisAway."""
        self.join()
        allowance = self._limits.of(bucket)
        command = Command("look", keys(hub_id, [bucket]), [allowance.calls, self._limits.window_ms(bucket)])
        found: list[list[int]] = self._run(command)
        return found[0]

    def trust(self) -> None:
        """Forget that the limiter's memory is new. Raises RedisAway."""
        self.join()
        self._run(Command("trust", [], []))

    def send(self, commands: Sequence[Command]) -> None:
        """Run commands whose answers nobody waits for, in one go. Raises RedisAway; each may then have run."""
        self.join()
        self._pipeline(commands)

    def join(self) -> None:
        """Meet Redis if we have not, or not since it was away. Raises RedisAway, at once if it has just been tried."""
        if self._joined:
            return
        with self._joining:
            if self.away:  # still: another thread may have been quicker
                self._meet()

    def _meet(self) -> None:
        asked_at = self._clock()
        holds = [
            Command("hold", keys(place.hub_id, [place.bucket]), [place.ms, place.slot]) for place in self._places()
        ]
        *_, now = self._pipeline([*holds, Command("meet", [], [])])
        self._met = (asked_at, now)
        self._joined = True
        logger.info("The rate limiter has met Redis; %d calls made without it were reported", len(holds))

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
        self.heard_at = self._clock()
        return answers

    def _pipelined(self, commands: Sequence[Command]) -> list[Any]:
        with self._redis.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.evalsha(
                    self._script.sha, 1 + len(command.keys), ERA, *command.keys, command.name, *command.arguments
                )
            return pipe.execute(raise_on_error=False)

    def _run(self, command: Command, clock_in: int | None = None) -> Any:
        met_at, met_ms = self._met
        asked_at = self._clock()
        try:
            answer: Any = self._script([ERA, *command.keys], [command.name, *command.arguments])
        except redis.RedisError as error:
            raise self._lost(error) from error
        self.heard_at = self._clock()
        if clock_in is not None:
            self._check_clock(answer[clock_in], asked_at, (self.heard_at - met_at) * (1 + DRIFT) + met_ms / 1000)
        return answer

    def _check_clock(self, now_ms: int, asked_at: float, latest_s: float) -> None:
        """Redis' clock was set forward: places came back before their time, perhaps, so none can be trusted."""
        self._met = (asked_at, now_ms)
        if now_ms / 1000 > latest_s + LEAP_S:
            logger.warning("Redis' clock leapt %.1f s ahead; the rate limiter starts anew", now_ms / 1000 - latest_s)
            self._run(Command("distrust", [], []))
            raise RedisAway("Redis' clock was set.")

    def _lost(self, error: redis.RedisError) -> RedisAway:
        if self._joined:
            logger.warning("The rate limiter lost Redis: %s: %s", type(error).__name__, error)
        self._joined = False
        self._next_try = self._clock() + RETRY_S
        self._redis.connection_pool.disconnect(inuse_connections=False)
        return RedisAway(f"Redis is away ({type(error).__name__}).")
