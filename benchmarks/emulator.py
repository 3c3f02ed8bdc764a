"""How fast the emulator is, and how large: it must never be the slower side of another measurement."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from demo import children
from demo.ports import free_ports

from .wait_until import wait_until
from .webhooks_receivers import null

ROOT = Path(__file__).parent.parent
SMALL, LARGE = 4_000_001, 4_000_002
APPS = 8
SCOPES = [f"crm.objects.{kind}.read" for kind in ("contacts", "companies", "deals")]
MILLION = {"contacts": 700_000, "companies": 100_000, "deals": 150_000, "tickets": 50_000}
SEED = {"contacts": 80_000, "companies": 10_000, "deals": 8_000, "tickets": 2_000}


@dataclass(frozen=True)
class Aim:
    """A figure and the least, or the most, that it may be."""

    wanted: float
    at_least: bool

    def met(self, figure: float) -> bool:
        return figure >= self.wanted if self.at_least else figure <= self.wanted


AIMS = {
    "start_s": Aim(1.0, at_least=False),
    "reads_per_s": Aim(10_000, at_least=True),
    "events_per_min": Aim(300_000, at_least=True),
    "seed_100k_s": Aim(10.0, at_least=False),
    "million_gb": Aim(3.0, at_least=False),
    "filter_over_a_million_s": Aim(1.0, at_least=False),
    "page_cost_ratio": Aim(2.0, at_least=False),
}


def main(arguments: Sequence[str] = ()) -> int:
    """Print one JSON object; 1 if a figure misses its aim."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks emulator", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="measured time of the reads")
    parser.add_argument("--events", type=int, default=100_000, help="webhook events to push")
    options = parser.parse_args(arguments)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="hubapp-bench-") as folder:
        for measure in (_starting, _reading, _pushing, _holding):
            figures |= measure(Path(folder), options)
    met = {name: aim.met(figures[name]) for name, aim in AIMS.items()}
    print(json.dumps({"benchmark": "emulator", "figures": figures, "aims_met": met}))
    return 0 if all(met.values()) else 1


class Hub:
    """An emulator in a process of its own."""

    def __init__(self) -> None:
        self.port = free_ports(2)
        command = [sys.executable, "-m", "emulator", "--port", str(self.port)]
        started = time.perf_counter()
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self.start_s = time.perf_counter() - started
        self.http = httpx2.Client(base_url=f"http://localhost:{self.port}", timeout=600)

    def control(self, path: str, body: Any) -> Any:
        answer = self.http.post(f"/_emulator/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def app(self, number: int = 0, **more: Any) -> str:
        client_id = f"b0000000-0000-4000-8000-00000000000{number}"
        self.control(
            "apps",
            {
                "client_id": client_id,
                "client_secret": "benchmark",
                "app_id": 4_000_000 + number,
                "redirect_uris": ["http://localhost:8000/oauth/callback"],
                "conditional_scopes": SCOPES,
                **more,
            },
        )
        return client_id

    def token(self, hub_id: int, client_id: str) -> str:
        token: str = self.control(f"portals/{hub_id}/tokens", {"client_id": client_id})["access_token"]
        return token

    def memory_gb(self) -> float:
        """Resident memory; Linux tells."""
        text = Path(f"/proc/{self._process.pid}/status").read_text()
        kilobytes = next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS"))
        return kilobytes / 1024**2

    def close(self) -> None:
        self.http.close()
        children.stop(self._process)


@contextmanager
def _hub() -> Iterator[Hub]:
    hub = Hub()
    try:
        yield hub
    finally:
        hub.close()


def _starting(_folder: Path, _options: argparse.Namespace) -> dict[str, float]:
    times = []
    for _ in range(5):
        with _hub() as hub:
            times.append(hub.start_s)
    return {"start_s": round(statistics.median(times), 2)}


def _reading(_folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Single records, with token, rolling window and ledger; many accounts, for each app has its allowance in each."""
    with _hub() as hub:
        apps = [hub.app(number) for number in range(APPS)]
        # An allowance lasts ten seconds, longer than the measurement.
        portals = range(SMALL, SMALL + 1 + int(options.seconds * 40_000 / (APPS * 110)))
        for hub_id in portals:
            hub.control("portals", {"hub_id": hub_id, "seed": {"contacts": 20}})
        tokens = [hub.token(hub_id, client_id) for hub_id in portals for client_id in apps]
        command = [sys.executable, "-m", "benchmarks.emulator_reader", str(hub.port), str(options.seconds)]
        reader = subprocess.run(command, cwd=ROOT, input=json.dumps(tokens).encode(), capture_output=True, check=True)
        answers = json.loads(reader.stdout)
        if set(answers["statuses"]) != {"200"}:
            raise RuntimeError(f"Reads were not answered with 200: {answers['statuses']}")
        return {"reads_per_s": round(answers["reads_per_s"])}


def _pushing(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """From the first write to the last acknowledgement: ten events for each contact that is made."""
    names = ("email", "firstname", "lastname", "phone", "city", "state", "country", "jobtitle", "website")
    with null(folder) as receiver, _hub() as hub:
        subscriptions: list[dict[str, str]] = [{"event_type": "contact.creation"}]
        subscriptions += [{"event_type": "contact.propertyChange", "property": name} for name in names]
        target = f"http://localhost:{receiver.port}/webhooks/hubspot"
        client_id = hub.app(webhook={"target_url": target}, subscriptions=subscriptions)
        hub.control("portals", {"hub_id": SMALL})
        hub.token(SMALL, client_id)
        changes = [_made(number, names) for number in range(options.events // 10)]
        started = time.perf_counter()
        for first in range(0, len(changes), 2_000):
            hub.control(f"portals/{SMALL}/changes", {"changes": changes[first : first + 2_000]})
        wait_until(lambda: not _pending(hub), "the last delivery", 600)
        took = time.perf_counter() - started
        last = hub.http.get("/_emulator/deliveries", params={"limit": 100_000}).json()["items"]
        delivered = sum(len(each["events"]) for each in last if each.get("status") == 204)
        if delivered != options.events // 10 * 10:
            raise RuntimeError(f"{delivered} of {options.events} events were acknowledged.")
        return {"events_per_min": round(delivered / took * 60)}


def _pending(hub: Hub) -> int:
    return int(hub.http.get("/_emulator/state").json()["portals"][0]["pending_deliveries"])


def _made(number: int, names: Sequence[str]) -> dict[str, Any]:
    values = {name: f"{name} {number}" for name in names} | {"email": f"c{number}@bench.example"}
    return {"op": "create", "object_type": "contact", "properties": values}


def _holding(_folder: Path, _options: argparse.Namespace) -> dict[str, float]:
    with _hub() as hub:
        client_id = hub.app()
        started = time.perf_counter()
        hub.control("portals", {"hub_id": SMALL, "seed": SEED})
        seeded = time.perf_counter() - started
        hub.control("portals", {"hub_id": LARGE, "seed": MILLION})
        figures = {"seed_100k_s": round(seeded, 2), "million_gb": round(hub.memory_gb(), 2)}
        hub.control("portals", {"hub_id": SMALL + 10, "seed": {"contacts": 1_000, "companies": 200}})
        large, small = (_Reader(hub, hub.token(hub_id, client_id)) for hub_id in (LARGE, SMALL + 10))
        figures["filter_over_a_million_s"] = round(large.filter_s(), 3)
        figures["page_cost_ratio"] = round(large.page_s() / small.page_s(), 2)
        return figures


class _Reader:
    def __init__(self, hub: Hub, token: str) -> None:
        self._http = hub.http
        self._headers = {"Authorization": f"Bearer {token}"}

    def filter_s(self) -> float:
        """A filter that no index helps with, nor an answer of before: every record is looked at."""
        numbers = iter(range(1_000))

        def call() -> httpx2.Response:
            wanted = {"propertyName": "city", "operator": "NEQ", "value": f"Nowhere {next(numbers)}"}
            other = {"propertyName": "jobtitle", "operator": "EQ", "value": f"Nothing {next(numbers)}"}
            body = {"filterGroups": [{"filters": [wanted, other]}], "limit": 100}
            url = "/crm/v3/objects/contacts/search"
            return self._http.post(url, json=body, headers=self._headers)  # noqa: HS002 - one page is what is timed

        return self._timed(call, 3)

    def page_s(self) -> float:
        """A page of a list with associations."""
        path = "/crm/v3/objects/contacts?limit=50&associations=companies"
        return self._timed(
            lambda: self._http.get(path, headers=self._headers),  # noqa: HS002 - one page is what is timed
            60,
        )

    def _timed(self, call: Callable[[], httpx2.Response], times: int) -> float:
        took = []
        for _ in range(times):
            started = time.perf_counter()
            call().raise_for_status()
            took.append(time.perf_counter() - started)
        return statistics.median(took)
