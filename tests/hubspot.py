"""The emulator as tests use it: a real process, steered through its control API."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
from django.conf import settings

from demo import children
from installations.ratelimit import limiter
from installations.ratelimit.shared import RedisAway
from tests.settings import EMULATOR_PORT, EMULATOR_URL, PLACE

T = TypeVar("T")
_hub_ids = itertools.count(5_000_001)


@dataclass(frozen=True)
class Account:
    """One HubSpot account with its people: a super admin and an ordinary user."""

    hub_id: int
    admin_id: int
    user_id: int


class HubSpot:
    """The emulator's control API. Every answer is checked."""

    def __init__(self, url: str = EMULATOR_URL) -> None:
        self.url = url
        self.http = httpx2.Client(base_url=url, timeout=30)

    def call(self, method: str, path: str, json: object = None) -> Any:
        answer = self.http.request(method, path, json=json)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def reset(self) -> None:
        """Begin anew with our app and no accounts."""
        self.call("POST", "/_emulator/reset")
        self.add_app()

    def add_app(self, **changes: Any) -> None:
        app = {
            "client_id": settings.HUBSPOT_CLIENT_ID,
            "client_secret": settings.HUBSPOT_CLIENT_SECRET,
            "app_id": settings.HUBSPOT_APP_ID,
            "name": "hubapp",
            "redirect_uris": [f"{settings.PUBLIC_URL}/oauth/callback"],
            "required_scopes": ["oauth"],
            "conditional_scopes": [scope for scope in settings.HUBSPOT_SCOPES if scope != "oauth"],
            "optional_scopes": [],
            "webhook": {
                "target_url": f"{settings.PUBLIC_URL}/webhooks/hubspot",
                "max_concurrent_requests": 10,
                "timeout_ms": 5000,
            },
            "subscriptions": [],
            "access_token_ttl_s": 1800,
            "code_ttl_s": 600,
            "rotate_refresh_tokens": False,
        }
        self.call("POST", "/_emulator/apps", app | changes)

    def add_account(
        self, *, name: str = "", hublet: str = "na1", time_zone: str = "US/Eastern", **seed: int
    ) -> Account:
        hub_id = next(_hub_ids)
        account = Account(hub_id, hub_id * 10 + 1, hub_id * 10 + 2)
        users = [
            {"user_id": account.admin_id, "email": f"admin@{hub_id}.example", "super_admin": True},
            {"user_id": account.user_id, "email": f"user@{hub_id}.example", "super_admin": False},
        ]
        portal = {"hub_id": hub_id, "hublet": hublet, "time_zone": time_zone, "users": users}
        portal |= {"name": name or f"Account {hub_id}", "seed": seed, "random_seed": 7}
        self.call("POST", "/_emulator/portals", portal)
        return account

    def tokens(self, account: Account, scopes: Sequence[str] | None = None) -> dict[str, Any]:
        """Return a token response, as if the admin had installed the app."""
        body = {
            "client_id": settings.HUBSPOT_CLIENT_ID,
            "user_id": account.admin_id,
            "scopes": list(scopes or settings.HUBSPOT_SCOPES),
        }
        found: dict[str, Any] = self.call("POST", f"/_emulator/portals/{account.hub_id}/tokens", body)
        return found

    def private_token(self, account: Account, scopes: Sequence[str] | None = None, **who: int) -> dict[str, Any]:
        """Make a private app in the account; return its `access_token` and `app_id`."""
        read = [scope for scope in settings.HUBSPOT_SCOPES if scope != "oauth"] if scopes is None else list(scopes)
        body = {"private_app": True, "scopes": read, "user_id": account.admin_id} | who
        found: dict[str, Any] = self.call("POST", f"/_emulator/portals/{account.hub_id}/tokens", body)
        return found

    def rotate_private_token(self, account: Account, app_id: int) -> str:
        """Let the app's token expire now; return its new one."""
        path = f"/_emulator/portals/{account.hub_id}/private_apps/{app_id}/rotate"
        return str(self.call("POST", path)["access_token"])

    def change(self, account: Account, *changes: dict[str, Any]) -> list[dict[str, Any]]:
        """Change records as the admin would in HubSpot's pages; return a result per change."""
        body = {"user_id": account.admin_id, "changes": list(changes)}
        results: list[dict[str, Any]] = self.call("POST", f"/_emulator/portals/{account.hub_id}/changes", body)[
            "results"
        ]
        assert not any(result.get("error") for result in results), results
        return results

    def uninstall(self, account: Account, **how: Any) -> None:
        self.call("POST", f"/_emulator/portals/{account.hub_id}/uninstall", how)

    def fault(self, action: str, match: dict[str, Any], **more: Any) -> None:
        self.call("POST", "/_emulator/faults", {"match": match, "action": action, "params": {}} | more)

    def requests(self, hub_id: int | None = None, path: str = "") -> list[dict[str, Any]]:
        """Return what was asked, oldest first, of one account and beginning with a path."""
        query = "?limit=100000" + (f"&hub_id={hub_id}" if hub_id else "")
        items: list[dict[str, Any]] = self.call("GET", f"/_emulator/requests{query}")["items"]
        return [item for item in items if item["path"].startswith(path)]

    def advance(self, seconds: float) -> None:
        self.call("POST", "/_emulator/clock", {"advance_s": seconds})


def trust_limiter() -> None:
    """Let calls begin at once. Redis may take longer than the limiter waits, on a machine that is busy."""
    wait_for(_is_trusted, what="Redis")


def _is_trusted() -> bool:
    try:
        limiter().declare_idle()
    except RedisAway:
        return False
    return True


def start_emulator() -> Any:
    """Start the process; the caller ends it."""
    arguments = [sys.executable, "-m", "emulator", "--port", str(EMULATOR_PORT), "--webhook-linger-ms", "20"]
    with (PLACE / "emulator.log").open("ab") as log:
        process = children.start(arguments, log=log)
    wait_for(_answers, what="the emulator")
    return process


def _answers() -> bool:
    try:
        return httpx2.get(f"{EMULATOR_URL}/_emulator/state", timeout=5).is_success
    except httpx2.TransportError:
        return False


def wait_for(condition: Callable[[], T], *, what: str, seconds: float = 60) -> T:
    """Wait until a condition is true and return what it returned."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.05)
    return found
