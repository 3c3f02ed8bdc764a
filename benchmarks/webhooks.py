"""How many events a second are acknowledged, beside the usual way to do it with Node: Express and BullMQ on Redis.

Signed deliveries of 100 events for 50 installed portals. Ours count when PostgreSQL has committed them, with fsync, and
their lanes are signalled; the peer's when Redis has taken their jobs. Receivers take turns, so that what else the
machine does meets them all alike; a ratio is between two rates of one turn.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .webhooks_receivers import PEER, PORTALS, Missing, Receiver, app, null, peers, require_programs

OURS, NULL, ADD_ALWAYS, BEST = "hubapp", "null receiver", "add, always", "the peer's best"
AIMS = {ADD_ALWAYS: 4.0, BEST: 1.5}  # so many times the peer's rate
BATCH = 100
WARM_S = 5.0
ROOT = Path(__file__).parent.parent


class Lost(Exception):
    """A receiver acknowledged something else than it holds."""


@dataclass(frozen=True)
class Round:
    events_per_s: float
    p99_ms: float


def main(arguments: Sequence[str] = ()) -> int:
    """Print a table and one JSON object; with --strict, 1 if a ratio misses its aim."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks webhooks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="turns of every receiver")
    parser.add_argument("--seconds", type=float, default=4.0, help="measured time of a turn")
    parser.add_argument("--connections", type=int, default=10, help="deliveries under way at once")
    parser.add_argument("--strict", action="store_true", help="fail if an aim is missed")
    options = parser.parse_args(arguments)
    try:
        require_programs()
        report = _report(options)
    except (Missing, Lost) as error:
        print(error, file=sys.stderr)
        return 2
    print(_table(report))
    print(json.dumps(report))
    return 0 if report["aims_met"] or not options.strict else 1


def _report(options: argparse.Namespace) -> dict[str, Any]:
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="hubapp-bench-") as name, ExitStack() as running:
        folder = Path(name)
        receivers = {OURS: running.enter_context(app(folder / "app"))}
        receivers |= running.enter_context(peers(folder))
        receivers[NULL] = running.enter_context(null(folder))
        rounds = _rounds(receivers, options)
        facts = {one: dict(receiver.facts) for one, receiver in receivers.items() if receiver.facts}
    ratios = _ratios(rounds)
    return {
        "benchmark": "webhooks",
        "options": vars(options) | {"batch": BATCH, "portals": PORTALS},
        "machine": _machine() | {"load_before": round(load_before, 1)},
        "facts": facts,
        "receivers": {one: _summary(found) for one, found in rounds.items()},
        "ratios": ratios,
        "aims_met": all(ratios[one]["met"] for one in AIMS),
    }


# ── Measuring ───────────────────────────────────────────────────────────────────────────────────────────────
def _rounds(receivers: Mapping[str, Receiver], options: argparse.Namespace) -> dict[str, list[Round]]:
    for name, receiver in receivers.items():
        _round(name, receiver, options, WARM_S)
    rounds: dict[str, list[Round]] = {name: [] for name in receivers}
    for turn in range(options.rounds):
        for name, receiver in receivers.items():
            rounds[name].append(_round(name, receiver, options, options.seconds))
        rates = ", ".join(f"{name} {found[-1].events_per_s:,.0f}" for name, found in rounds.items())
        print(f"turn {turn + 1} of {options.rounds}, events/s: {rates}", file=sys.stderr, flush=True)
    return rounds


def _round(name: str, receiver: Receiver, options: argparse.Namespace, seconds: float) -> Round:
    """Raises Lost."""
    receiver.prepare()
    before = receiver.kept() if receiver.kept else 0
    sent = _send(receiver, options, seconds)
    if set(sent["statuses"]) != {"204"}:
        raise Lost(f"{name} answered {sent['statuses']}")
    if receiver.kept and receiver.kept() - before != sent["events"]:
        raise Lost(f"{name} acknowledged {sent['events']} events and holds {receiver.kept() - before}")
    return Round(sent["events_per_s"], sent["p99_ms"])


def _send(receiver: Receiver, options: argparse.Namespace, seconds: float) -> dict[str, Any]:
    wanted = {
        "--port": receiver.port,
        "--seconds": seconds,
        "--batch": BATCH,
        "--connections": options.connections,
        "--portals": PORTALS,
        "--app-id": receiver.app_id,
    }
    command = [
        sys.executable,
        "-m",
        "benchmarks.webhooks_sender",
        *(str(word) for pair in wanted.items() for word in pair),
    ]
    done = subprocess.run(command, input=receiver.secret, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


# ── Reporting ───────────────────────────────────────────────────────────────────────────────────────────────
def _summary(rounds: Sequence[Round]) -> dict[str, float]:
    rates = [found.events_per_s for found in rounds]
    return {
        "events_per_s": statistics.median(rates),
        "least": min(rates),
        "most": max(rates),
        "p99_ms": statistics.median(found.p99_ms for found in rounds),
    }


def _ratios(rounds: Mapping[str, Sequence[Round]]) -> dict[str, dict[str, Any]]:
    """Compare our rate with each way of the peer, turn by turn; the best way is the one with the best median."""
    ways = [name for name in rounds if name not in {OURS, NULL}]
    best = max(ways, key=lambda name: _summary(rounds[name])["events_per_s"])
    ratios = {name: _ratio(rounds[OURS], rounds[name], AIMS.get(name)) for name in ways}
    return ratios | {BEST: _ratio(rounds[OURS], rounds[best], AIMS[BEST]) | {"way": best}}


def _ratio(ours: Sequence[Round], theirs: Sequence[Round], aim: float | None) -> dict[str, Any]:
    ratios = [one.events_per_s / other.events_per_s for one, other in zip(ours, theirs, strict=True)]
    median = statistics.median(ratios)
    found = {"median": round(median, 2), "least": round(min(ratios), 2), "most": round(max(ratios), 2)}
    return found if aim is None else found | {"aim": aim, "met": median >= aim}


def _machine() -> dict[str, Any]:
    wanted = json.loads((PEER / "package.json").read_text())["dependencies"]
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return {"cores": os.cpu_count(), "python": platform.python_version(), "node": node, "packages": wanted}


def _table(report: Mapping[str, Any]) -> str:
    lines = [f"{'receiver':<20}{'events/s':>12}{'least–most':>24}{'p99 ms':>9}{'hubapp is':>12}"]
    for name, found in report["receivers"].items():
        ratio = report["ratios"].get(name)
        span = f"{found['least']:,.0f}–{found['most']:,.0f}"
        times = f"{ratio['median']:.2f} ×" if ratio else ""
        lines.append(f"{name:<20}{found['events_per_s']:>12,.0f}{span:>24}{found['p99_ms']:>9.1f}{times:>12}")
    for name, aim in AIMS.items():
        ratio = report["ratios"][name]
        said = "met" if ratio["met"] else "missed"
        lines.append(f"{ratio['median']:.2f} times {ratio.get('way', name)} ({name}), aimed at {aim}: {said}")
    return "\n".join(lines)
