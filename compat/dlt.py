"""dlt's way of reading HubSpot: our pipeline, run by dlt as it comes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from compat.environments import installed, trust
from compat.hub import Hub
from compat.streams import DELETED, Again, Records, Stream, Streams
from compat.truth import Known, Truth

PROGRAM = "dlt"
_PIPELINE = Path(__file__).parent / "pipelines" / "hubspot_to_duckdb.py"


def _records(plural: str) -> Stream:
    def known(truth: Truth) -> Known:
        archived = {key + DELETED: at for key, at in truth.records(plural, archived=True).items()}
        return truth.records(plural) | archived

    return Stream(known, lambda row: row["id"] + DELETED if row["deleted"] else row["id"], Again.PILED_UP)


STREAMS: Streams = {
    "companies": _records("companies"),
    "contacts": _records("contacts"),
    "deals": _records("deals"),
    "tickets": _records("tickets"),
    "products": _records("products"),
    "quotes": _records("quotes"),
    "owners": Stream(Truth.owners, lambda row: row["id"], Again.PILED_UP),
    "pipelines_deals": Stream(lambda truth: truth.pipelines("deals"), lambda row: row["id"], Again.EVERYTHING),
    "pipelines_tickets": Stream(lambda truth: truth.pipelines("tickets"), lambda row: row["id"], Again.EVERYTHING),
}


@dataclass
class Pipeline:
    hub: Hub
    folder: Path
    token: str = field(init=False)

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        installed(PROGRAM)
        trust(PROGRAM, self.hub.bundle)
        self.token = self.hub.private_token()

    def sync(self) -> Records:
        """What is in each table afterwards."""
        settings = {"HUBSPOT_TOKEN": self.token, "RUNTIME__DLTHUB_TELEMETRY": "false"}
        command: list[str | Path] = [installed(PROGRAM) / "python", _PIPELINE, "hubspot.duckdb"]
        found: Records = json.loads(self.hub.run(command, self.folder, **settings))
        return found
