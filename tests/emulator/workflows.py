"""Workflows by the control API, and what comes of them."""

from __future__ import annotations

from typing import Any

from emulator.workflows.wire import Outgoing
from tests.emulator.hub import HUB, Hub, fresh_email

Json = dict[str, Any]
URL = "http://localhost:8000/workflow?from=hubspot"


def webhook(**changes: Any) -> Json:
    return {"type": "send_webhook", "url": URL} | changes


def define(hub: Hub, *actions: Json, **changes: Any) -> int:
    body = {"name": "Welcome", "actions": list(actions)} | changes
    workflow_id: int = hub.control("POST", f"portals/{HUB}/workflows", body)["id"]
    return workflow_id


def enroll(hub: Hub, workflow_id: int, *ids: str) -> Json:
    answer: Json = hub.control("POST", f"portals/{HUB}/workflows/{workflow_id}/enroll", {"ids": list(ids)})
    return answer


def run(hub: Hub, *actions: Json, **properties: str) -> tuple[str, list[Outgoing]]:
    """A new contact through a new workflow."""
    contact = hub.create(**({"email": fresh_email()} | properties))
    enroll(hub, define(hub, *actions), contact)
    hub.emulator.deliver()
    return contact, hub.actions.took()


def executions(hub: Hub, since: int = 0) -> list[Json]:
    items: list[Json] = hub.control("GET", f"workflow_executions?since={since}")["items"]
    return items
