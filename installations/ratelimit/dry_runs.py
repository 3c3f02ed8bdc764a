"""Limits that staff try out before they are enforced, and what is counted against them, in Redis.

Apart from the limiter's own connection and script: whatever goes wrong here costs figures and nothing else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from hubspot_api.ports import Bucket

from .asked import Asked
from .limits import OF_THE_APP, Limits, WorkClass
from .shared import keys

TRIED = (Bucket.BURST, Bucket.SEARCH, Bucket.ASSOCIATIONS, Bucket.OAUTH)  # a day cannot be tried within a week
MOST_CALLS = 10_000
TIMEOUT_S = 0.5
KEPT_MS = 24 * 3600 * 1000  # figures outlive their dry run by this
_PREFIX = "hubapp:dry-run"
_LIST = f"{_PREFIX}:tried"
_NAMES = ("calls", "waited", "put_back", "longest")  # of figures, as the script writes them


class Whose(StrEnum):
    """Whose calls count. The burst of a private app is that of its account's tier, as HubSpot's headers tell it."""

    ALL = "all"
    INSTALLED = "installed"
    PRIVATE_APPS = "private_apps"
    TIER_100 = "100"
    TIER_190 = "190"
    TIER_250 = "250"

    @property
    def tier(self) -> int:
        """The tier's burst; 0: any."""
        return int(self) if self.isdecimal() else 0


class TriedInvalid(ValueError):
    """What Redis has for a dry run is none of ours."""


@dataclass(frozen=True, slots=True)
class TriedLimits:
    """So many `calls` in each bucket's window, tried on one account (None: on all) until `ends_at` (aware)."""

    name: str
    hub_id: int | None
    whose: Whose
    calls: Mapping[Bucket, int]
    ends_at: datetime

    def buckets_of(self, asked: Asked) -> list[Bucket]:
        """Return those of a call's buckets that are tried on it."""
        return [bucket for bucket in asked.buckets if bucket in self.calls] if self._concerns(asked) else []

    def _concerns(self, asked: Asked) -> bool:
        if asked.hub_id is None:  # the app's own allowances
            return self.hub_id is None and self.whose is Whose.ALL
        if self.hub_id is not None and self.hub_id != asked.hub_id:
            return False
        return self.whose is Whose.ALL or (self.whose is Whose.INSTALLED) == (asked.private_app is None)

    def as_json(self) -> dict[str, object]:
        calls = {bucket.value: most for bucket, most in self.calls.items()}
        return {
            "name": self.name,
            "hub_id": self.hub_id,
            "whose": self.whose.value,
            "calls": calls,
            "ends_at": self.ends_at.timestamp(),
        }

    @classmethod
    def from_json(cls, said: Any) -> TriedLimits:
        """Raises TriedInvalid."""
        try:
            calls = {Bucket(name): int(most) for name, most in said["calls"].items()}
            hub_id = None if said["hub_id"] is None else int(said["hub_id"])
            ends_at = datetime.fromtimestamp(float(said["ends_at"]), UTC)
            run = cls(str(said["name"]), hub_id, Whose(said["whose"]), calls, ends_at)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
            raise TriedInvalid(f"{said!r:.200} is no dry run.") from error
        if not calls.keys() <= set(TRIED) or not all(0 < most <= MOST_CALLS for most in calls.values()):
            raise TriedInvalid(f"{said!r:.200} tries what cannot be tried.")
        return run


@dataclass(frozen=True, slots=True)
class Counted:
    """Calls of one bucket and work class: let through in fact; those that would have waited, or been put back."""

    calls: int = 0
    waited: int = 0
    put_back: int = 0
    longest_ms: int = 0

    @property
    def held_up(self) -> int:
        return self.waited + self.put_back


@dataclass(frozen=True, slots=True)
class AccountCount:
    hub_id: int
    calls: int
    held_up: int


@dataclass(frozen=True, slots=True)
class DryRunFigures:
    """What was counted since `since` (None: nothing yet). `lost` calls are known not to have been counted."""

    since: datetime | None
    lost: int
    counted: Mapping[tuple[Bucket, WorkClass], Counted]
    accounts: Sequence[AccountCount] = field(default_factory=tuple)  # most held up first


@dataclass(frozen=True, slots=True)
class Count:
    """One run of the script."""

    keys: Sequence[str]
    arguments: Sequence[str | int]


class DryRunStore:
    """The script, and a connection of its own to run it on. Threads may share it. Every method raises RedisError."""

    source: ClassVar[str] = Path(__file__).with_name("dry_run.lua").read_text(encoding="utf-8")

    def __init__(self, url: str, limits: Limits) -> None:
        self._limits = limits
        self._redis: redis.Redis = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        self._script = self._redis.register_script(self.source)

    def publish(self, runs: Iterable[TriedLimits]) -> None:
        """Say what is tried from now on. Every process finds out within seconds."""
        text = json.dumps([run.as_json() for run in runs])
        self._redis.set(_LIST, text)

    def tried(self) -> list[TriedLimits]:
        """Return what is tried. Raises TriedInvalid as well."""
        text: Any = self._redis.get(_LIST)
        try:
            said = json.loads(text or "[]")
        except ValueError as error:
            raise TriedInvalid("The list of dry runs is no JSON.") from error
        if not isinstance(said, list):
            raise TriedInvalid("The list of dry runs is no list.")
        return [TriedLimits.from_json(one) for one in said]

    def begun(self, run: TriedLimits, bucket: Bucket, asked: Asked, age_ms: int, wait_ms: int, now: datetime) -> Count:
        """Return how to count calls let through `age_ms` ago, which could have waited for `wait_ms`."""
        allowance = self._limits.of(bucket, asked.private_app)
        tried = run.calls[bucket]
        kept = math.ceil(allowance.shares[asked.work_class].kept * tried / allowance.calls)
        tier = run.whose.tier
        assumed = self._limits.of(Bucket.BURST, asked.private_app).at_first
        window_ms = self._limits.window_ms(bucket)
        sizes = [tried, kept, window_ms, asked.hold_ms, wait_ms, asked.work_class.value, asked.calls, tier, assumed]
        arguments = ["begun", _ttl_ms(run, now), age_ms, *sizes, asked.ticket, _account(asked), bucket.value]
        return Count(_keys(run, bucket, asked), arguments)

    def answered(self, run: TriedLimits, bucket: Bucket, asked: Asked, slot: str, took_ms: int) -> Count:
        """Return how to let a place come back a window after its call's answer, `took_ms` after it was let through."""
        return Count(_keys(run, bucket, asked), ["answered", asked.hold_ms, took_ms, slot])

    def unused(self, run: TriedLimits, bucket: Bucket, asked: Asked, slot: str) -> Count:
        """Return how to give a place back."""
        return Count(_keys(run, bucket, asked), ["unused", slot])

    def lost(self, run: TriedLimits, calls: int, now: datetime) -> Count:
        """Return how to say that so many calls were not counted. Of none, it says since when it is counted."""
        return Count([_figures(run.name)], ["lost", _ttl_ms(run, now), calls])

    def count(self, counts: Sequence[Count]) -> list[object]:
        """Run the script for each, and return answers or errors."""
        found = self._run(counts)
        if any(isinstance(answer, redis.exceptions.NoScriptError) for answer in found):
            self._redis.script_load(self.source)
            found = self._run(counts)
        return found

    def _run(self, counts: Sequence[Count]) -> list[object]:
        with self._redis.pipeline(transaction=False) as pipe:
            for count in counts:
                pipe.evalsha(self._script.sha, len(count.keys), *count.keys, *count.arguments)
            return pipe.execute(raise_on_error=False)

    def figures(self, name: str, most_accounts: int = 10) -> DryRunFigures:
        """Return what was counted of a dry run, with the accounts that would have been held up most."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hgetall(_figures(name))
            pipe.zrevrange(f"{_figures(name)}:held", 0, most_accounts - 1, withscores=True)
            figures, held = pipe.execute()
            ids = [account for account, _ in held]
            for account in ids:
                pipe.zscore(f"{_figures(name)}:calls", account)
            calls = pipe.execute()
        accounts = [
            AccountCount(int(account), int(made or 0), int(held_up))
            for (account, held_up), made in zip(held, calls, strict=True)
        ]
        return _read({key.decode(): int(value) for key, value in figures.items()}, accounts)


def _read(figures: Mapping[str, int], accounts: Sequence[AccountCount]) -> DryRunFigures:
    since = figures.get("since")
    counted = {
        (bucket, work_class): Counted(*(figures.get(f"{bucket}:{work_class.value}:{name}", 0) for name in _NAMES))
        for bucket in TRIED
        for work_class in WorkClass
        if f"{bucket}:{work_class.value}:calls" in figures
    }
    at = None if since is None else datetime.fromtimestamp(since / 1000, UTC)
    return DryRunFigures(at, figures.get("lost", 0), counted, accounts)


def _figures(name: str) -> str:
    return f"{_PREFIX}:{{{name}}}"


def _account(asked: Asked) -> int:
    """Calls of the app itself belong to no account."""
    return asked.hub_id or 0


def _keys(run: TriedLimits, bucket: Bucket, asked: Asked) -> list[str]:
    figures = _figures(run.name)
    places = f"{figures}:{_account(asked):d}:{bucket.value}"
    of_the_app = bucket in OF_THE_APP
    tier = keys(None if of_the_app else asked.hub_id, [Bucket.BURST])[1]
    return [figures, f"{figures}:calls", f"{figures}:held", places, f"{places}:waiting", tier]


def _ttl_ms(run: TriedLimits, now: datetime) -> int:
    return max(1, round((run.ends_at - now).total_seconds() * 1000)) + KEPT_MS
