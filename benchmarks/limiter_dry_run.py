"""What a dry run of other limits costs: the same calls with none on, with one and with three, in turns."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import redis

from demo.redis import Redis
from hubspot_api.ports import Bucket
from installations.ratelimit import RateLimiter, WorkClass
from installations.ratelimit.dry_runs import DryRunStore, TriedLimits, Whose

from .wait_until import wait_until

CALLS = 160  # of a turn
PAUSE_S = 0.005  # between calls: 200 a second are more than a process makes that waits for answers
CALLS_OF_A_PORTAL = 80
ON = (0, 1, 3)
AIM = 1.2  # of the median wait of a caller


@dataclass
class Turns:
    """What callers waited for leave, in microseconds; what Redis worked on each call, and what was not counted."""

    waits: list[float] = field(default_factory=list)
    redis_us: list[float] = field(default_factory=list)
    counted: int = 0


def measure(turns: int) -> dict[str, Any]:
    """Return the figures, with ratios to those without a dry run."""
    with tempfile.TemporaryDirectory(prefix="hubapp-bench-") as folder:
        server = Redis(Path(folder) / "redis", Path(folder))
        server.start()
        try:
            return _figures(_measured(server.url, turns))
        finally:
            server.stop()


def table(figures: dict[str, Any]) -> str:
    """Return the figures for people."""
    lines = [f"{'dry runs':8} {'wait p50':>9} {'p95':>8} {'Redis per call':>15}  ratios to none"]
    for on in ON:
        one = figures[f"{on}_on"]
        ratios = " / ".join(str(one.get(f"{name}_ratio", 1.0)) for name in ("wait_p50", "wait_p95", "redis"))
        waits = f"{one['wait_p50_us']:6} µs {one['wait_p95_us']:5} µs"
        lines.append(f"{on:8} {waits} {one['redis_us_per_call']:12} µs  {ratios}")
    return "\n".join(lines)


def _measured(url: str, turns: int) -> dict[int, Turns]:
    limiter = RateLimiter(url)
    limiter.declare_idle()
    store = DryRunStore(url, limiter.limits)
    hub_ids = itertools.count(1)
    found = {on: Turns() for on in ON}
    _turn(limiter, store, url, 0, hub_ids, Turns())  # connections and scripts
    for _ in range(turns):
        for on, seen in found.items():
            _turn(limiter, store, url, on, hub_ids, seen)
    return found


def _turn(
    limiter: RateLimiter, store: DryRunStore, url: str, on: int, hub_ids: itertools.count[int], seen: Turns
) -> None:
    ends_at = limiter.now() + timedelta(hours=1)
    runs = [TriedLimits(f"bench{n}", None, Whose.ALL, {Bucket.BURST: 30 + n}, ends_at) for n in range(on)]
    store.publish(runs)
    counting = limiter._counting
    counting._look_at = 0.0
    counting.flush()
    before = sum(_counted(store, run) for run in runs)
    with redis.Redis.from_url(url) as client:
        client.config_resetstat()
        for _ in range(CALLS // CALLS_OF_A_PORTAL):
            _call(limiter, next(hub_ids), seen.waits)
        limiter._returns.flush()
        _wait_until_told(limiter)
        seen.redis_us.append(_scripts_us(client) / CALLS)
    seen.counted += sum(_counted(store, run) for run in runs) - before


def _call(limiter: RateLimiter, hub_id: int, waits: list[float]) -> None:
    for _ in range(CALLS_OF_A_PORTAL):
        asked_at = time.perf_counter()
        with limiter.admit(hub_id, Bucket.BURST, WorkClass.URGENT) as permit:
            waits.append((time.perf_counter() - asked_at) * 1e6)
            permit.answered(200, {})
        time.sleep(PAUSE_S)


def _wait_until_told(limiter: RateLimiter) -> None:
    wait_until(lambda: not limiter._counting._waiting, "Redis to be told")
    time.sleep(0.02)


def _counted(store: DryRunStore, run: TriedLimits) -> int:
    return sum(one.calls for one in store.figures(run.name).counted.values())


def _scripts_us(client: redis.Redis) -> float:
    stats: dict[str, Any] = client.info("commandstats")
    return float(sum(stats.get(f"cmdstat_{name}", {}).get("usec", 0) for name in ("evalsha", "eval")))


def _figures(found: dict[int, Turns]) -> dict[str, Any]:
    figures: dict[str, Any] = {f"{on}_on": _of(seen, on) for on, seen in found.items()}
    none = figures["0_on"]
    for on in ON[1:]:
        one = figures[f"{on}_on"]
        one["wait_p50_ratio"] = round(one["wait_p50_us"] / none["wait_p50_us"], 2)
        one["wait_p95_ratio"] = round(one["wait_p95_us"] / none["wait_p95_us"], 2)
        one["redis_ratio"] = round(one["redis_us_per_call"] / none["redis_us_per_call"], 2)
    return figures | {"aim": AIM, "aims_met": figures["1_on"]["wait_p50_ratio"] <= AIM}


def _of(seen: Turns, on: int) -> dict[str, float]:
    waits = sorted(seen.waits)
    return {
        "wait_p50_us": round(statistics.median(waits)),
        "wait_p95_us": round(waits[int(len(waits) * 0.95)]),
        "redis_us_per_call": round(statistics.median(seen.redis_us), 1),
        "counted_share": round(seen.counted / (on * len(waits)), 4) if on else 1.0,
    }
