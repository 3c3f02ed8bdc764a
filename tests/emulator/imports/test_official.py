"""An import by HubSpot's own client, carried on in the background by a running emulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.emulator.hub import HUB
from tests.emulator.imports.importing import EMAIL, column, file, request
from tests.emulator.official import official as official  # fixtures
from tests.emulator.official import process as process
from tests.emulator.process import Process, eventually


def contacts(process: Process) -> int:
    [portal] = [each for each in process.control("GET", "state")["portals"] if each["hub_id"] == HUB]
    count: int = portal["records"]["contacts"]
    return count


def test_an_import(official: Any, process: Process, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Email,First\nofficial.import@test.example,Ada\nnobody,Eva\n", encoding="utf-8")
    body = json.dumps(request(file(EMAIL, column("First", "firstname"))))
    api = official.crm.imports.core_api
    before = contacts(process)
    started = api.create(files=[str(path)], import_request=body)
    assert started.state == "STARTED"

    # Without asking the import how far it is: it gets on by itself.
    eventually(lambda: contacts(process) == before + 2)
    done = api.get_by_id(int(started.id))
    assert done.state == "DONE"
    assert done.metadata.counters["CREATED_OBJECTS"] == 2
    assert started.id in {each.id for each in api.get_page(limit=10).results}
    found = official.crm.imports.public_imports_api.get_errors(int(started.id)).results
    assert [each.error_type for each in found] == ["INVALID_EMAIL"]
