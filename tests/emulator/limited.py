"""Calls that draw on one allowance or another."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.emulator.hub import Hub

CONTACTS = "/crm/objects/2026-03/contacts"
SEARCH = f"{CONTACTS}/search"
ASSOCIATIONS = "/crm/associations/2026-03/contacts/companies/batch/read"


def ask(hub: Hub, path: str = CONTACTS, body: Any = None) -> httpx2.Response:
    """A call that takes no time."""
    method = "POST" if body is not None else "GET"
    return hub.http.request(method, path, json=body, headers={"Authorization": f"Bearer {hub.token}"})
