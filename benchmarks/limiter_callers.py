"""One process that calls a portal through the client and the limiter: python -m benchmarks.limiter_callers JSON."""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2

from hubspot_api.attempts import Surroundings
from hubspot_api.client import Client
from hubspot_api.errors import HubSpotError
from hubspot_api.ports import Bucket, Gate, Permit, StaticToken
from hubspot_api.retrying import NO_RETRIES
from hubspot_api.transport import PooledTransport
from installations.ratelimit import LimiterFull, RateLimiter, WorkClass


@dataclass(frozen=True)
class Work:
    """What to do. Times are of the system's monotonic clock; from `frozen_at` nothing travels until `thaws_at`."""

    redis_url: str
    api_url: str
    token: str
    hub_id: int
    bulk_threads: int
    per_s: dict[str, float]  # calls that come at random, by work class
    back_s: tuple[float, float]  # how long answers travel
    begins_at: float
    measured_from: float
    ends_at: float
    frozen_at: float = 0.0
    thaws_at: float = 0.0


@dataclass
class Seen:
    """What happened: when calls asked in the measured time, and milliseconds waited, by work class; errors by name.

    `put_off` counts how often calls were told to come back later, by work class.
    """

    waits: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    put_off: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


class Network(httpx2.BaseTransport):
    """The way to HubSpot and back: it takes time, and stands still while frozen."""

    def __init__(self, work: Work) -> None:
        self._inner = PooledTransport()
        self._work = work

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self._hold()
        answer = self._inner.handle_request(request)
        time.sleep(random.uniform(*self._work.back_s))
        self._hold()
        return answer

    def _hold(self) -> None:
        if self._work.frozen_at <= time.monotonic() < self._work.thaws_at:
            time.sleep(self._work.thaws_at - time.monotonic() + random.uniform(0.0, 0.3))


class TimedGate:
    """Notes how long each call waited for leave."""

    def __init__(self, gate: Gate, waits: list[tuple[float, float]], measured_from: float) -> None:
        self._gate = gate
        self._waits = waits
        self._measured_from = measured_from

    def admit(self, bucket: Bucket, longest: float) -> Permit:
        """Wait as the gate says."""
        asked_at = time.monotonic()
        permit = self._gate.admit(bucket, longest)
        if asked_at >= self._measured_from:
            self._waits.append((asked_at, (time.monotonic() - asked_at) * 1000))
        return permit


class Callers:
    """The threads of one process."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._limiter = RateLimiter(work.redis_url)
        self._network = Network(work)
        self.seen = Seen({work_class.name.lower(): [] for work_class in WorkClass})

    def run(self) -> None:
        """Call until the end."""
        time.sleep(max(0.0, self._work.begins_at - time.monotonic()))
        threads = [threading.Thread(target=self._bulk) for _ in range(self._work.bulk_threads)]
        for name, per_s in self._work.per_s.items():
            threads.append(threading.Thread(target=self._now_and_then, args=(WorkClass[name.upper()], per_s)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _bulk(self) -> None:
        call = self._caller(WorkClass.BULK)
        while time.monotonic() < self._work.ends_at:
            call()

    def _now_and_then(self, work_class: WorkClass, per_s: float) -> None:
        """People click, and events come, at random; they do not wait for each other."""
        call = self._caller(work_class)
        while time.monotonic() < self._work.ends_at:
            threading.Thread(target=call).start()
            time.sleep(random.expovariate(per_s))

    def _caller(self, work_class: WorkClass) -> Callable[[], None]:
        waits = self.seen.waits[work_class.name.lower()]
        gate = TimedGate(self._limiter.gate_for(self._work.hub_id, work_class), waits, self._work.measured_from)
        surroundings = Surroundings(gate=gate, retries=NO_RETRIES)
        client = Client(
            StaticToken(self._work.token),
            hub_id=self._work.hub_id,
            surroundings=surroundings,
            transport=self._network,
            api_url=self._work.api_url,
        )
        return lambda: self._call(client, work_class.name.lower())

    def _call(self, client: Client, work_class: str) -> None:
        try:
            client.request("GET", "/crm/objects/{version}/contacts", params={"limit": 1})
        except LimiterFull as full:
            self.seen.put_off[work_class] += 1
            wanted, left = (full.retry_at - datetime.now(UTC)).total_seconds(), self._work.ends_at - time.monotonic()
            time.sleep(max(0.0, min(wanted, left)))
        except HubSpotError as error:
            self.seen.errors[type(error).__name__] += 1


def main(argument: str) -> None:
    """Do the work described as JSON, and print as JSON what was seen."""
    callers = Callers(Work(**json.loads(argument)))
    callers.run()
    json.dump(vars(callers.seen), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
