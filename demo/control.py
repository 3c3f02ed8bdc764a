"""Speak with the emulator's control API: register the app, make portals, change records, save and load everything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

Answer = dict[str, Any]


class EmulatorRefused(Exception):
    """The emulator answered an order with an error; the message says which and why."""


class Control:
    """A client of one emulator. Every method raises EmulatorRefused, or httpx2.TransportError when nobody answers."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._http = httpx2.Client(base_url=address, timeout=30, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def is_ready(self) -> bool:
        try:
            return self._http.get("/_emulator/state", timeout=2).is_success
        except httpx2.TransportError:
            return False

    def state(self) -> Answer:
        return self._object("GET", "/_emulator/state")

    def hub_ids(self) -> list[int]:
        return [int(portal["hub_id"]) for portal in self.state()["portals"]]

    def account(self, hub_id: int) -> Answer:
        """Return everything about an account as the snapshot has it: users, records, associations."""
        found: list[Answer] = json.loads(self.snapshot())["portals"]
        return next(portal for portal in found if portal["hub_id"] == hub_id)

    def register_app(self, app: Mapping[str, object]) -> Answer:
        return self._object("POST", "/_emulator/apps", app)

    def make_portal(self, portal: Mapping[str, object]) -> Answer:
        return self._object("POST", "/_emulator/portals", portal)

    def change(self, hub_id: int, user_id: int, changes: Sequence[Mapping[str, object]]) -> list[Answer]:
        """Change records as a user of HubSpot would. Raises EmulatorRefused also when one of the changes fails."""
        body = {"user_id": user_id, "changes": list(changes)}
        results: list[Answer] = self._object("POST", f"/_emulator/portals/{hub_id}/changes", body)["results"]
        failed = [result for result in results if result.get("error")]
        if failed:
            raise EmulatorRefused(f"The emulator refused a change: {failed[0]}")
        return results

    def uninstall(self, hub_id: int, client_id: str) -> None:
        self._call("POST", f"/_emulator/portals/{hub_id}/uninstall", {"client_id": client_id})

    def snapshot(self) -> bytes:
        return self._call("GET", "/_emulator/snapshot").content

    def restore(self, snapshot: bytes) -> None:
        answer = self._http.put(
            "/_emulator/snapshot", content=snapshot, headers={"content-type": "application/json"}, timeout=120
        )
        _require_success(answer)

    def _object(self, method: str, path: str, body: object = None) -> Answer:
        found = self._call(method, path, body).json()
        if not isinstance(found, dict):
            raise EmulatorRefused(f"{method} {path} answered {json.dumps(found)[:200]}, not an object")
        return found

    def _call(self, method: str, path: str, body: object = None) -> httpx2.Response:
        answer = self._http.request(method, path, json=body) if body is not None else self._http.request(method, path)
        _require_success(answer)
        return answer


def _require_success(answer: httpx2.Response) -> None:
    if not answer.is_success:
        request = answer.request
        raise EmulatorRefused(f"{request.method} {request.url.path} answered {answer.status_code}: {answer.text[:300]}")
