"""How much of a portal's allowance bulk work can use while urgent calls hardly wait and HubSpot refuses nothing.

The emulator is the judge: its window rolls and its ledger says how full it was. Calls take 50–300 ms.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx2
import redis

from demo import children
from demo.control import Control
from demo.ports import free_ports
from demo.redis import Redis
from installations.ratelimit import RateLimiter

from . import limiter_dry_run
from .limiter_callers import Work

HUB_ID = 8_800_001
LIMIT_PER_S = 11.0
WARM_S = 12.0  # until the first places have come back
FREEZE_S = 3.0
COLD_S = 11.1  # after a flush nothing may be called for a window, and the time calls may be under way
ROOT = Path(__file__).parent.parent
APP = {
    "client_id": "8c1c5f6e-0000-4000-8000-000000000001",
    "client_secret": "8c1c5f6e-0000-4000-8000-000000000002",
    "app_id": 8_800_000,
    "name": "limiter benchmark",
    "redirect_uris": ["http://localhost:8000/oauth/callback"],
    "conditional_scopes": ["crm.objects.contacts.read"],
}


@dataclass(frozen=True)
class Options:
    seconds: float
    processes: int
    threads: int
    per_s: dict[str, float]


@dataclass(frozen=True)
class Variant:
    """What happens in the middle, and for how long nobody can call because of it."""

    lost_s: float = 0.0
    freezes: bool = False
    flushes: bool = False


_VARIANTS = {
    "steady": Variant(),
    "freeze": Variant(FREEZE_S, freezes=True),
    "flush": Variant(COLD_S, flushes=True),
}


@dataclass
class Stage:
    """The servers of a run."""

    redis_url: str
    api_url: str
    token: str
    http: httpx2.Client


def main(arguments: Sequence[str] = ()) -> int:
    """Print one JSON object; 1 if a figure misses its aim."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks limiter", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="measured time of each variant")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=8, help="bulk threads of each process")
    for name in ("urgent", "events", "routing"):
        parser.add_argument(f"--{name}-per-s", type=float, default=1.0, help=f"{name} calls a second, on average")
    parser.add_argument("--variants", nargs="*", choices=_VARIANTS, default=list(_VARIANTS))
    parser.add_argument(
        "--dry-run-turns", type=int, default=6, help="for what a dry run of other limits costs; 0: none"
    )
    wanted = parser.parse_args(arguments)
    per_s = {"urgent": wanted.urgent_per_s, "events": wanted.events_per_s, "routing": wanted.routing_per_s}
    often = {name: calls for name, calls in per_s.items() if calls > 0}
    options = Options(wanted.seconds, wanted.processes, wanted.threads, often)
    figures = {name: _measured(_VARIANTS[name], options) for name in wanted.variants}
    dry_run = limiter_dry_run.measure(wanted.dry_run_turns) if wanted.dry_run_turns else None
    met = all(figure["aims_met"] for figure in [*figures.values(), *([dry_run] if dry_run else [])])
    print(_table(figures))
    if dry_run:
        print(limiter_dry_run.table(dry_run))
    said = {"options": asdict(options), "variants": figures, "dry_run": dry_run}
    print(json.dumps({"benchmark": "limiter"} | said | {"aims_met": met}))
    return 0 if met else 1


def _measured(variant: Variant, options: Options) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hubapp-bench-") as folder, _stage(Path(folder)) as stage:
        begins_at = time.monotonic() + 3.0
        measured_from = begins_at + WARM_S
        middle = measured_from + options.seconds / 2
        if variant.flushes:
            _flush_at(middle, stage)
        frozen = (middle, middle + FREEZE_S) if variant.freezes else (0.0, 0.0)
        since_ms = (time.time() + measured_from - time.monotonic()) * 1000
        seen = _run(_works(stage, options, begins_at, frozen))
        calls = [call for call in _ledger(stage) if 0 <= call["arrived_at_ms"] - since_ms < options.seconds * 1000]
        return _figures(variant, options.seconds, calls, seen, middle)


def _flush_at(moment: float, stage: Stage) -> None:
    def flush() -> None:
        with redis.Redis.from_url(stage.redis_url) as client:
            client.flushall()

    threading.Timer(moment - time.monotonic(), flush).start()


def _works(stage: Stage, options: Options, begins_at: float, frozen: tuple[float, float]) -> list[Work]:
    return [
        Work(
            redis_url=stage.redis_url,
            api_url=stage.api_url,
            token=stage.token,
            hub_id=HUB_ID,
            bulk_threads=options.threads,
            per_s={name: calls / options.processes for name, calls in options.per_s.items()},
            back_s=(0.025, 0.15),
            begins_at=begins_at,
            measured_from=begins_at + WARM_S,
            ends_at=begins_at + WARM_S + options.seconds,
            frozen_at=frozen[0],
            thaws_at=frozen[1],
        )
        for _ in range(options.processes)
    ]


def _run(works: list[Work]) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.limiter_callers"]
    callers = [
        subprocess.Popen([*command, json.dumps(asdict(work))], cwd=ROOT, stdout=subprocess.PIPE) for work in works
    ]
    said = [caller.communicate()[0] for caller in callers]
    if any(caller.returncode for caller in callers):
        raise RuntimeError("A process of callers failed.")
    return [json.loads(text) for text in said]


def _figures(
    variant: Variant, seconds: float, calls: list[dict[str, Any]], seen: list[dict[str, Any]], middle: float
) -> dict[str, Any]:
    served = sum(call["status"] == 200 for call in calls)
    refused = sum(call["status"] == 429 for call in calls)
    share = served / (LIMIT_PER_S * seconds)
    able = served / (LIMIT_PER_S * (seconds - variant.lost_s))
    waits = {name: _waits(seen, name, middle, variant) for name in ("urgent", "events", "routing", "bulk")}
    return {
        "share_of_allowance": round(share, 4),
        "share_of_allowance_when_calls_could_be_made": round(able, 4),
        "refused_429": refused,
        "fullest_window": max(call["burst_in_window"] for call in calls),
        "waits_ms_of_calls_begun_when_calls_could_be_made": waits,
        "put_off": {name: sum(one["put_off"].get(name, 0) for one in seen) for name in waits},
        "errors": [one["errors"] for one in seen if one["errors"]],
        "aims_met": able >= 0.96 and not refused and waits["urgent"]["p95"] < 50,
    }


def _waits(seen: list[dict[str, Any]], name: str, middle: float, variant: Variant) -> dict[str, float]:
    """Percentiles of a class, without the calls begun while nobody could call."""
    waits = sorted(
        wait for one in seen for at, wait in one["waits"][name] if not middle <= at < middle + variant.lost_s
    )
    percentiles = {f"p{round(part * 100)}": _percentile(waits, part) for part in (0.5, 0.95, 0.99)}
    return {"calls": len(waits), **percentiles}


def _table(figures: dict[str, Any]) -> str:
    lines = [f"{'variant':8} {'share':>7} {'when possible':>14} {'429s':>5}  waits at p95, ms"]
    for name, figure in figures.items():
        waits = figure["waits_ms_of_calls_begun_when_calls_could_be_made"]
        said = ", ".join(f"{work_class} {found['p95']}" for work_class, found in waits.items())
        shares = f"{figure['share_of_allowance']:7.1%} {figure['share_of_allowance_when_calls_could_be_made']:14.1%}"
        lines.append(f"{name:8} {shares} {figure['refused_429']:5}  {said}")
    return "\n".join(lines)


def _percentile(ordered: list[float], part: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * part))], 1) if ordered else 0.0


@contextmanager
def _stage(folder: Path) -> Iterator[Stage]:
    server = Redis(folder / "redis", folder)
    server.start()
    port = free_ports(2)
    with (folder / "emulator.log").open("wb") as log:
        emulator = children.start([sys.executable, "-m", "emulator", "--port", str(port)], log=log, cwd=ROOT)
    try:
        RateLimiter(server.url).declare_idle()
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            yield Stage(server.url, str(http.base_url).rstrip("/"), _token(http), http)
    finally:
        children.stop(emulator)
        server.stop()


def _token(http: httpx2.Client) -> str:
    """Make app, portal, latency and a token."""
    control = Control(str(http.base_url))
    deadline = time.monotonic() + 30
    while not control.is_ready():
        if time.monotonic() > deadline:
            raise RuntimeError("The emulator did not start.")
        time.sleep(0.1)
    control.register_app(APP)
    control.make_portal({"hub_id": HUB_ID, "users": [{"user_id": 1, "email": "a@example.com", "super_admin": True}]})
    control.close()
    fault = {"match": {"path": "/crm/"}, "action": "latency", "params": {"min_ms": 25, "max_ms": 150}}
    _ok(http.post("/_emulator/faults", json=fault))
    wanted = {"client_id": APP["client_id"], "user_id": 1, "scopes": ["oauth", "crm.objects.contacts.read"]}
    answer = _ok(http.post(f"/_emulator/portals/{HUB_ID}/tokens", json=wanted))
    return str(answer.json()["access_token"])


def _ledger(stage: Stage) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    since = 0
    while True:
        page = _ok(
            stage.http.get("/_emulator/requests", params={"since": since, "hub_id": HUB_ID, "limit": 500})
        ).json()
        calls += page["items"]
        if not page["items"]:
            return calls
        since = page["next"]


def _ok(answer: httpx2.Response) -> httpx2.Response:
    return answer.raise_for_status()
