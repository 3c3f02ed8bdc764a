from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from demo.control import Control
from demo.emulated import EmulatedHubSpot, registration

PORTAL: dict[str, Any] = {"hub_id": 7, "name": "Seven"}


class Memory(ThreadingHTTPServer):
    """The least that has a control API: it begins with one portal, remembers what it is told, and can be emptied."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.forget()
        self.refuses_snapshots = False

    def forget(self) -> None:
        self.apps: list[dict[str, Any]] = []
        self.portals = [dict(PORTAL)]

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with request:
            super().process_request_thread(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Memory

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(200, {"portals": self.server.portals, "apps": self.server.apps})

    def do_POST(self) -> None:
        kind = self.server.apps if self.path.endswith("/apps") else self.server.portals
        kind.append(self._body())
        self._answer(201, {})

    def do_PUT(self) -> None:
        if self.server.refuses_snapshots:
            self._answer(400, {"error": "another version"})
            return
        told = self._body()
        self.server.portals, self.server.apps = told["portals"], told["apps"]
        self._answer(200, {})

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["content-length"])))

    def _answer(self, status: int, value: object) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def emulator() -> Iterator[Memory]:
    with Memory() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def hubspot(emulator: Memory, tmp_path: Path, said: list[str]) -> Iterator[EmulatedHubSpot]:
    control = Control(f"http://127.0.0.1:{emulator.server_port}")
    found = EmulatedHubSpot(control, tmp_path / "emulator.json", said.append)
    found.app = {"client_id": "c"}
    yield found
    control.close()


def test_a_new_emulator_learns_of_the_app(hubspot: EmulatedHubSpot, emulator: Memory) -> None:
    hubspot.prepare()
    assert hubspot.hub_ids == [7]
    assert emulator.apps == [{"client_id": "c"}]


def test_a_lost_emulator_gets_its_memory_back(
    hubspot: EmulatedHubSpot, emulator: Memory, said: list[str], tmp_path: Path
) -> None:
    hubspot.prepare()
    emulator.portals[0]["installed"] = True
    hubspot.save()
    assert stat.S_IMODE((tmp_path / "emulator.json").stat().st_mode) == 0o600
    emulator.forget()
    hubspot.distrust()
    hubspot.prepare()
    assert emulator.portals == [{**PORTAL, "installed": True}]
    assert "seconds ago" in said[-1]


def test_an_empty_emulator_is_never_saved_over_a_full_one(hubspot: EmulatedHubSpot, emulator: Memory) -> None:
    hubspot.prepare()
    emulator.portals[0]["installed"] = True
    hubspot.save()
    emulator.forget()
    hubspot.distrust()
    hubspot.save()
    hubspot.prepare()
    assert emulator.portals == [{**PORTAL, "installed": True}]


def test_a_refused_memory_is_kept_and_said(
    hubspot: EmulatedHubSpot, emulator: Memory, said: list[str], tmp_path: Path
) -> None:
    hubspot.prepare()
    hubspot.save()
    emulator.forget()
    emulator.refuses_snapshots = True
    hubspot.distrust()
    hubspot.prepare()
    assert emulator.portals == [PORTAL]
    assert "install the app again" in said[-1]
    assert (tmp_path / "emulator.refused.json").exists()


def test_a_save_without_an_answer_keeps_the_older_one(
    hubspot: EmulatedHubSpot, emulator: Memory, said: list[str], tmp_path: Path
) -> None:
    hubspot.prepare()
    hubspot.save()
    before = (tmp_path / "emulator.json").read_bytes()
    emulator.shutdown()
    emulator.server_close()
    hubspot.save()
    assert (tmp_path / "emulator.json").read_bytes() == before
    assert "could not be kept" in said[-1]


def test_the_app_is_registered_with_what_it_asks_for() -> None:
    settings = {
        "PUBLIC_URL": "http://localhost:8000",
        "HUBSPOT_CLIENT_ID": "c",
        "HUBSPOT_CLIENT_SECRET": "s",
        "HUBSPOT_APP_ID": "12",
    }
    scopes = {"asked": ["oauth", "tickets"], "optional": ["forms"]}
    app = registration(settings, scopes, [{"event_type": "contact.creation"}])
    assert app["app_id"] == 12
    assert app["redirect_uris"] == ["http://localhost:8000/oauth/callback"]
    assert (app["required_scopes"], app["conditional_scopes"]) == (["oauth"], ["tickets"])
    assert app["optional_scopes"] == ["forms"]
    assert app["subscriptions"] == [{"event_type": "contact.creation"}]
