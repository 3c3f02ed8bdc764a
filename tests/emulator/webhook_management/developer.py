"""A developer who manages an app's webhooks."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.emulator.hub import APP_ID, TARGET, Hub

Json = dict[str, Any]
KEY = "11111111-2222-4333-8444-555555555555"
ROOMS = ["/webhooks/v3", "/webhooks/2026-03", "/app-webhooks/2025-09", "/app-webhooks/2026-09"]


class Developer:
    """Calls with the developer's key."""

    def __init__(self, hub: Hub, room: str = ROOMS[0]) -> None:
        self.hub = hub
        self.base = f"{room}/{APP_ID}"

    def call(self, method: str, path: str, body: Any = None, key: str = KEY) -> httpx2.Response:
        return self.hub.http.request(method, f"{self.base}/{path}", json=body, params={"hapikey": key})

    def subscribe(self, event_type: str, **more: Any) -> Json:
        answer = self.call("POST", "subscriptions", {"eventType": event_type, "active": True} | more)
        assert answer.status_code == 201, answer.text
        body: Json = answer.json()
        return body

    def refused(self, method: str, path: str, body: Any = None, status: int = 400) -> str:
        answer = self.call(method, path, body)
        assert answer.status_code == status, answer.text
        assert answer.json()["status"] == "error"
        message: str = answer.json()["message"]
        return message


def settings(most: int = 10, url: str = TARGET) -> Json:
    return {"targetUrl": url, "throttling": {"maxConcurrentRequests": most}}
