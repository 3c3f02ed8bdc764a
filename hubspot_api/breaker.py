"""Leave HubSpot alone while it fails: per account and part of its API, calls stop and one looks now and then."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from hubspot_api.errors import (
    AnswerUnreadable,
    HubSpotError,
    Migrating,
    NoAnswer,
    RateLimited,
    ServerFailed,
    Suspended,
)
from hubspot_api.said import Call, Said

_ILL = (NoAnswer, ServerFailed, AnswerUnreadable, Migrating)
Key = tuple[int | None, str]


@dataclass(slots=True)
class _Trouble:
    """Failures in a row, and until when calls are held back; `looking_until`: one is under way to see."""

    failures: int = 0
    closed_until: float = float("-inf")
    looking_until: float = float("-inf")


def family_of(path: str, object_type: str = "", *, is_search: bool = False) -> str:
    """Return what fails together: "crm/objects 0-1" of "/crm/objects/{version}/…". Searches fail by themselves.

    So does each object type: what HubSpot cannot read of one kind of record must not hold up the others.
    """
    words = [word for word in path.split("/") if word and not word.startswith("{")]
    return " ".join(filter(None, ("/".join(words[:2]), object_type, "search" if is_search else "")))


class Breaker:
    """Counts failures in a row of this process, per account and family. Threads share one.

    After `TOLERATED` of them calls end at once with Suspended, without leaving this process. When the pause is over
    one call goes to look: if it fails the pause doubles, if HubSpot answers, with whatever but a 5xx, all may go again.
    A time that HubSpot names counts as the pause. 429s neither harm nor heal: they are for the limiter.
    """

    TOLERATED: ClassVar[int] = 5
    FIRST_PAUSE_S: ClassVar[float] = 2.0
    LONGEST_PAUSE_S: ClassVar[float] = 60.0
    LONGEST_NAMED_S: ClassVar[float] = 300.0
    LOOK_S: ClassVar[float] = 30.0  # after which a look that nobody heard of again is given up

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._now = now
        self._chance = chance
        self._lock = threading.Lock()
        self._troubles: dict[Key, _Trouble] = {}

    @contextmanager
    def watching(self, call: Call, family: str) -> Iterator[None]:
        """Let one attempt through, and learn from how it ends. Raises Suspended."""
        key = (call.hub_id, family)
        self._enter(key, call)
        try:
            yield
        except RateLimited:
            self._looked_away(key)
            raise
        except _ILL as error:
            self._failed(key, error)
            raise
        except HubSpotError:  # a refusal is an answer
            self._answered(key)
            raise
        except BaseException:
            self._looked_away(key)
            raise
        self._answered(key)

    def _enter(self, key: Key, call: Call) -> None:
        if key not in self._troubles:  # nearly always
            return
        with self._lock:
            trouble, now = self._troubles.get(key), self._clock()
            if trouble is None or trouble.failures < self.TOLERATED:
                return
            held_until = max(trouble.closed_until, trouble.looking_until)
            if now >= held_until:
                trouble.looking_until = now + self.LOOK_S
                return
            seconds = max(min(held_until, trouble.closed_until) - now, 1.0)
        raise Suspended("", call, Said(retry_at=self._now() + timedelta(seconds=seconds)))

    def _failed(self, key: Key, error: HubSpotError) -> None:
        with self._lock:
            trouble = self._troubles.setdefault(key, _Trouble())
            trouble.failures += 1
            trouble.looking_until = float("-inf")
            named = self._named_s(error)
            if named > self.FIRST_PAUSE_S:  # HubSpot itself says that trying makes no sense
                trouble.failures = max(trouble.failures, self.TOLERATED)
            if trouble.failures >= self.TOLERATED:
                trouble.closed_until = self._clock() + max(self._pause(trouble.failures), named)

    def _pause(self, failures: int) -> float:
        """Doubling, and drawn from its upper half, so that many accounts do not look at the same moment."""
        longest = min(self.FIRST_PAUSE_S * 2.0 ** (failures - self.TOLERATED), self.LONGEST_PAUSE_S)
        return longest * (0.5 + self._chance() / 2)

    def _named_s(self, error: HubSpotError) -> float:
        """Seconds that HubSpot wants to be left alone, so many at most: it may be back before."""
        named = (error.retry_at - self._now()).total_seconds() if error.retry_at else 0.0
        return min(max(named, 0.0), self.LONGEST_NAMED_S)

    def _answered(self, key: Key) -> None:
        if key in self._troubles:
            with self._lock:
                self._troubles.pop(key, None)

    def _looked_away(self, key: Key) -> None:
        if key in self._troubles:
            with self._lock:
                trouble = self._troubles.get(key)
                if trouble is not None:
                    trouble.looking_until = float("-inf")
