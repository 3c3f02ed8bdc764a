"""An export by HubSpot's own client."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import httpx2

from tests.emulator.official import official as official  # fixtures
from tests.emulator.official import process as process
from tests.emulator.process import Process

exports = import_module("hubspot.crm.exports")


def test_an_export(official: Any, process: Process) -> None:
    api = official.crm.exports.public_exports_api
    request = exports.PublicExportRequest(
        export_type="VIEW",
        format="CSV",
        export_name="Official export",
        object_properties=["name", "domain"],
        object_type="COMPANY",
        language="EN",
    )
    task = api.start(request)
    process.control("POST", "clock", {"advance_s": 60})
    status = api.get_status(int(task.id))
    assert status.status == "COMPLETE"
    lines = httpx2.get(status.result, trust_env=False).text.splitlines()
    assert lines[0] == '"Record ID","Company name","Company Domain Name"'
    assert len(lines) == 1 + len(official.crm.companies.get_all())
