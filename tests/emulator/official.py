"""HubSpot's own client, unmodified, at an emulator on a real port: one for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from tests.emulator.hub import APP_ID, CLIENT_ID, CRM_SCOPES, HUB, REDIRECT, SECRET
from tests.emulator.process import Process, free_ports

SCOPES = [
    *CRM_SCOPES,
    "crm.lists.read",
    "crm.lists.write",
    "crm.export",
    "crm.import",
    "settings.users.read",
    "settings.users.write",
    "settings.users.teams.read",
    "settings.users.teams.write",
]


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    started = Process(free_ports(), "--seed", "demo")
    app = {
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "app_id": APP_ID,
        "redirect_uris": [REDIRECT],
        "conditional_scopes": SCOPES,
    }
    started.control("POST", "apps", app)
    yield started
    assert started.end() == (0, "")


@pytest.fixture(scope="module")
def official(process: Process) -> Any:
    hubspot = import_module("hubspot")
    token = process.control("POST", f"portals/{HUB}/tokens", {"client_id": CLIENT_ID})["access_token"]
    return hubspot.HubSpot(access_token=token, host=f"http://127.0.0.1:{process.port}")
