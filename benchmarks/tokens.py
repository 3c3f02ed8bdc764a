"""What renewing tokens costs when all expire at once, how fast keys rotate, and how soon a stop is obeyed.

Everything is real but HubSpot, which is the emulator: its ledger says how often and when its token endpoint was asked.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2

from demo.stack import Stack

from .wait_until import wait_until

ROOT = Path(__file__).parent.parent
TOKEN = "/oauth/2026-03/token"
FIRST = 7_700_001
PROCESSES, THREADS = 8, 8
LIMIT_PER_S = 20  # our own: HubSpot publishes none
LOAD = 8  # portals called without a pause, in each of two processes
HERD_LATENCY_MS = 150
READY_S = 20.0  # until every process is up: its start is not what is measured


def main(arguments: Sequence[str] = ()) -> int:
    """Print one JSON object; 1 if a figure misses its aim."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks tokens", description=__doc__)
    parser.add_argument("--portals", type=int, default=500, help="that expire within the seconds")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rewrapped", type=int, default=10_000, help="data keys of the rotation")
    parser.add_argument("--stops", type=int, default=5, help="times that all calls are stopped")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="hubapp-bench-") as folder:
        stack = Stack(Path(folder), names=("postgres", "redis", "emulator", "beat"), emulator_seed="none")
        try:
            with stack:
                figures = _Bench(stack).figures(options)
        finally:
            stack.erase()
    print(json.dumps(figures))
    return 0 if figures["aims_met"] else 1


class _Bench:
    """The measurements, on one stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._http = httpx2.Client(base_url=stack.emulator, trust_env=False, timeout=60)

    def figures(self, options: argparse.Namespace) -> dict[str, Any]:
        self._alone("install", FIRST, options.portals + 1)
        fault = {"match": {"path": TOKEN}, "action": "latency", "params": {"ms": HERD_LATENCY_MS}}
        self._http.post("/_emulator/faults", json=fault).raise_for_status()
        herd, many = self._herd(), self._spread(options.portals, float(options.seconds))
        stops = [self._stop() for _ in range(options.stops)]
        # Last: the others do not have the key that all is wrapped with then.
        rotation = float(self._alone("rewrap", options.rewrapped)) if options.rewrapped else 0.0
        return {
            "benchmark": "tokens",
            "options": vars(options),
            "herd": herd,
            "spread": many,
            "rewrapped": {"data_keys": options.rewrapped, "seconds": round(rotation, 1)},
            "last_call_after_stop_s": sorted(round(one, 2) for one in stops),
            "aims_met": herd["token_calls"] == 1
            and many["most_token_calls_of_a_portal"] == 1
            and many["most_token_calls_in_a_second"] <= LIMIT_PER_S
            and rotation < 60
            and max(stops, default=0.0) <= 5,
        }

    def _herd(self) -> dict[str, Any]:
        before = self._latest()
        waits = self._all("herd", FIRST, THREADS, time.time() + READY_S)
        return {"callers": len(waits), "token_calls": len(self._renewals(before)), "wait_s": _shown(waits)}

    def _spread(self, portals: int, seconds: float) -> dict[str, Any]:
        before = self._latest()
        waits = self._all("spread", FIRST + 1, portals, THREADS, time.time() + READY_S, seconds)
        renewals = self._renewals(before)
        of_portal = Counter(call["hub_id"] for call in renewals)
        return {
            "portals": portals,
            "callers": len(waits),
            "token_calls": len(renewals),
            "most_token_calls_of_a_portal": max(of_portal.values()),
            "most_token_calls_in_a_second": _most_in_a_second(call["arrived_at_ms"] for call in renewals),
            "wait_s": _shown(waits),
        }

    def _stop(self) -> float:
        """Return how long after the switch was thrown the last call arrived, in seconds."""
        before = self._latest()
        callers = [self._begin("load", FIRST + number * LOAD, LOAD) for number in range(2)]
        try:
            wait_until(lambda: self._loaded(before) >= 100, "a hundred calls of the load")
            thrown_at = float(self._alone("stop"))
            for caller in callers:
                _output(caller)
        finally:
            for caller in callers:
                caller.kill()
        last_ms = max(call["arrived_at_ms"] for call in self._since(before))
        self._alone("resume")
        return max(0.0, float(last_ms) / 1000 - thrown_at)

    def _loaded(self, since: int) -> int:
        return sum(call["path"].startswith("/crm/") for call in self._since(since))

    def _begin(self, *words: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "benchmarks.tokens_callers", *map(str, words)]
        return subprocess.Popen(command, cwd=ROOT, env=self._stack.plan.environment, stdout=subprocess.PIPE)

    def _alone(self, *words: object) -> Any:
        return _output(self._begin(*words))

    def _all(self, *words: object) -> list[float]:
        return [wait for caller in [self._begin(*words) for _ in range(PROCESSES)] for wait in _output(caller)]

    def _renewals(self, since: int) -> list[dict[str, Any]]:
        return [call for call in self._since(since) if call["path"] == TOKEN]

    def _since(self, since: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = (
                self._http.get("/_emulator/requests", params={"since": since, "limit": 1000}).raise_for_status().json()
            )
            if not page["items"]:
                return found
            found += page["items"]
            since = page["next"]

    def _latest(self) -> int:
        calls = self._since(0)
        return int(calls[-1]["seq"]) if calls else 0


def _output(caller: subprocess.Popen[bytes]) -> Any:
    try:
        out, _ = caller.communicate(timeout=900)
    finally:
        caller.kill()
    if caller.returncode:
        raise RuntimeError(f"A process of callers failed ({caller.returncode}).")
    return json.loads(out)


def _shown(waits: list[float]) -> dict[str, float]:
    ordered = sorted(waits)
    parts = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * part))], 2) for name, part in parts.items()}


def _most_in_a_second(arrivals_ms: Any) -> int:
    ordered = sorted(arrivals_ms)
    most, first = 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= 1000:
            first += 1
        most = max(most, last - first + 1)
    return most
