"""The emulator as a process of its own, with its proxy and one account, for programs that take it for HubSpot."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from compat.environments import PLACE
from demo import ports

Json = dict[str, Any]

HUB_ID = 7_654_321
LEAVING_USER_ID = 3
CLIENT_ID = "5c0ffee5-0000-4000-8000-000000000001"
CLIENT_SECRET = "5c0ffee5-0000-4000-8000-000000000002"  # noqa: S105 - known to this emulator only
REDIRECT_URI = "https://sync.example/callback"
# More than any one program's documentation asks for: what is compared is data, not grants.
SCOPES = (
    "automation",
    "business-intelligence",
    "communication_preferences.read",
    "contacts",
    "content",
    "crm.lists.read",
    "crm.objects.companies.read",
    "crm.objects.contacts.read",
    "crm.objects.custom.read",
    "crm.objects.deals.read",
    "crm.objects.feedback_submissions.read",
    "crm.objects.goals.read",
    "crm.objects.leads.read",
    "crm.objects.line_items.read",
    "crm.objects.marketing_events.read",
    "crm.objects.owners.read",
    "crm.objects.products.read",
    "crm.objects.quotes.read",
    "crm.objects.users.read",
    "crm.schemas.companies.read",
    "crm.schemas.contacts.read",
    "crm.schemas.custom.read",
    "crm.schemas.deals.read",
    "crm.schemas.line_items.read",
    "crm.schemas.quotes.read",
    "e-commerce",
    "files",
    "forms",
    "forms-uploaded-files",
    "sales-email-read",
    "settings.users.read",
    "settings.users.teams.read",
    "tickets",
    "transactional-email",
)


_PATIENCE_S = 900


class ProgramFailed(Exception):
    """The message has the end of what the program said."""


@dataclass(frozen=True)
class Hub:
    url: str
    proxy: str
    bundle: Path
    http: httpx2.Client

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"/_emulator/{path}", json=body)
        assert answer.is_success, f"{path}: {answer.text[:500]}"
        return answer.json() if answer.content else None

    def refresh_token(self) -> str:
        """As if a user had just installed the app."""
        answer = self.control("POST", f"portals/{HUB_ID}/tokens", {"client_id": CLIENT_ID})
        token: str = answer["refresh_token"]
        return token

    def private_token(self) -> str:
        writing = [scope.replace(".read", ".write") for scope in SCOPES if scope.endswith(".read")]
        body = {"private_app": True, "scopes": [*SCOPES, *writing]}
        token: str = self.control("POST", f"portals/{HUB_ID}/tokens", body)["access_token"]
        return token

    def change(self, *changes: Json) -> list[Json]:
        results: list[Json] = self.control("POST", f"portals/{HUB_ID}/changes", {"changes": list(changes)})["results"]
        assert not any(each.get("error") for each in results), results
        return results

    def counts(self) -> dict[str, int]:
        """How many records of each kind there are, by the emulator's own account."""
        [portal] = self.control("GET", "state")["portals"]
        found: dict[str, int] = portal["records"]
        return found

    def refused(self) -> list[str]:
        """Calls that the emulator did not serve, rate limits aside: what it lacks, or got wrong."""
        rows = self.control("GET", "requests?limit=100000")["items"]
        bad = [row for row in rows if row["status"] >= 400 and row["status"] != 429]
        return sorted({f"{row['status']} {row['method']} {row['path']}" for row in bad})

    def run(self, command: Sequence[str | Path], folder: Path, **settings: str) -> str:
        """Let a program talk to HubSpot; return what it wrote to standard output.

        Raises ProgramFailed.
        """
        log = folder / f"{Path(command[0]).name}.log"
        with log.open("ab") as errors:
            done = subprocess.run(
                [str(part) for part in command],
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**self._environment(folder), **settings},
                cwd=folder,
                timeout=_PATIENCE_S,
                check=False,
            )
        output = done.stdout.decode()
        if done.returncode:
            raise ProgramFailed(
                f"{command[0]} ended with {done.returncode}\n{log.read_text()[-4000:]}\n{output[-4000:]}"
            )
        return output

    def _environment(self, folder: Path) -> Mapping[str, str]:
        """Nothing of ours but the way to HubSpot: whatever else a program wants from the network is refused."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "HTTPS_PROXY": self.proxy,
            "REQUESTS_CA_BUNDLE": str(self.bundle),
            "SSL_CERT_FILE": str(self.bundle),
        }


@contextmanager
def running(seed: Mapping[str, int]) -> Iterator[Hub]:
    """An emulator with one account, until the block ends."""
    port = ports.free_ports(2)  # one for each region
    command = [
        sys.executable,
        "-m",
        "emulator",
        "--port",
        str(port),
        "--https-proxy",
        "0",
        "--ca-dir",
        str(PLACE / "ca"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        announced = json.loads(process.stdout.readline())
        way = announced["https_proxy"]
        with httpx2.Client(base_url=announced["emulator"]["na1"], timeout=60, trust_env=False) as http:
            hub = Hub(announced["emulator"]["na1"], way["address"], Path(way["ca"]), http)
            _furnish(hub, seed)
            yield hub
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)


def _furnish(hub: Hub, seed: Mapping[str, int]) -> None:
    app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "app_id": 1, "redirect_uris": [REDIRECT_URI]}
    hub.control("POST", "apps", app | {"name": "Sync", "conditional_scopes": list(SCOPES)})
    users = [
        {"user_id": 1, "email": "ada@acme.example", "super_admin": True},
        {"user_id": 2, "email": "grace@acme.example"},
        {"user_id": LEAVING_USER_ID, "email": "edsger@acme.example"},
    ]
    portal = {"hub_id": HUB_ID, "name": "Acme", "tier": "enterprise", "users": users, "random_seed": 11}
    hub.control("POST", "portals", portal | {"seed": dict(seed)})
