"""What a call costs by way of our client, beside bare httpx2 and HubSpot's own `hubspot-api-client`."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2

from hubspot_api import objects
from hubspot_api.client import Client
from hubspot_api.ports import StaticToken

ROOT = Path(__file__).parent.parent
TURN = 50  # calls
AIM = 1.2  # a single read by our client, in bare ones

Call = Callable[[], object]


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    with _hub() as (origin, token):
        medians = {
            what: {who: _median(times) for who, times in _in_turns(calls, options.turns).items()}
            for what, calls in _contenders(origin, token).items()
        }
    found = {what: _told(each) for what, each in medians.items()}
    _print(found)
    print(json.dumps({"client": found}))
    return int(options.strict and found["one record"]["hubapp_by_bare"] > AIM)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks client", description=__doc__)
    parser.add_argument("--turns", type=int, default=8, help=f"of {TURN} calls for each contender (default 8)")
    parser.add_argument("--strict", action="store_true", help="end with 1 when the aim is missed")
    known, _ = parser.parse_known_args(arguments)
    return known


@contextmanager
def _hub() -> Iterator[tuple[str, str]]:
    """An emulator in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.client_hub"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        yield said["origin"], said["token"]
    finally:
        process.communicate(timeout=30)


def _contenders(origin: str, token: str) -> dict[str, dict[str, Call]]:
    bare = httpx2.Client(base_url=origin, headers={"Authorization": f"Bearer {token}"})
    ours = Client(StaticToken(token), api_url=origin)
    theirs = _official(origin, token)
    first = objects.list_page(ours, "contacts", limit=1).results[0].id
    path = "/crm/objects/2026-03/contacts"
    return {
        "one record": {
            "bare": lambda: bare.get(f"{path}/{first}").raise_for_status().json(),
            "hubapp": lambda: objects.get(ours, "contacts", first),
            "official": lambda: theirs.get_by_id(str(first)),
        },
        "page of 100": {
            "bare": lambda: bare.get(path, params={"limit": 100}).raise_for_status().json(),  # noqa: HS002 - one page
            "hubapp": lambda: objects.list_page(ours, "contacts"),  # noqa: HS002 - one page
            "official": lambda: theirs.get_page(limit=100),
        },
    }


def _official(origin: str, token: str) -> Any:
    return import_module("hubspot").HubSpot(access_token=token, host=origin).crm.contacts.basic_api


def _in_turns(calls: dict[str, Call], turns: int) -> dict[str, list[float]]:
    """Seconds per call, turn by turn, so that a slow moment of the machine hits all alike."""
    times: dict[str, list[float]] = {who: [] for who in calls}
    for turn in range(turns + 1):
        for who, call in calls.items():
            started = time.perf_counter()
            for _ in range(TURN):
                call()
            if turn:  # the first one only warms up
                times[who].append((time.perf_counter() - started) / TURN)
    return times


def _median(times: Sequence[float]) -> float:
    return statistics.median(times) * 1_000_000


def _told(medians: dict[str, float]) -> dict[str, float]:
    bare, hubapp, official = (medians[who] for who in ("bare", "hubapp", "official"))
    return {
        **{f"{who}_us": round(median) for who, median in medians.items()},
        "overhead_us": round(hubapp - bare),
        "hubapp_by_bare": round(hubapp / bare, 2),
        "hubapp_by_official": round(hubapp / official, 2),
    }


def _print(found: dict[str, dict[str, float]]) -> None:
    print(
        f"{'microseconds per call':<24}{'bare httpx2':>12}{'hubapp':>10}{'official':>10}{'× bare':>9}{'× official':>12}"
    )
    for what, each in found.items():
        times = f"{each['bare_us']:>12,}{each['hubapp_us']:>10,}{each['official_us']:>10,}"
        print(f"{what:<24}{times}{each['hubapp_by_bare']:>9}{each['hubapp_by_official']:>12}")
