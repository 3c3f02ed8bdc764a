"""Singer's tap-hubspot: discovery, sync, and sync from a state."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from compat.environments import installed, trust
from compat.hub import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, Hub, Json
from compat.streams import Again, Stream, Streams
from compat.truth import Truth, milliseconds

PROGRAM = "tap-hubspot"
START_DATE = "2024-01-01T00:00:00Z"
# It reads e-mail events by windows of this length, and goes on from the beginning of the last.
_WINDOW_MS = 100 * 86_400_000


def _last_window() -> int:
    start = milliseconds(START_DATE)
    return start + (time.time_ns() // 1_000_000 - start) // _WINDOW_MS * _WINDOW_MS


STREAMS: Streams = {
    "contacts": Stream(lambda truth: truth.records("contacts"), lambda row: row["id"]),
    "companies": Stream(lambda truth: truth.records("companies"), lambda row: str(row["companyId"])),
    "deals": Stream(lambda truth: truth.records("deals"), lambda row: str(row["dealId"])),
    "shuttle": Stream(lambda truth: truth.records("shuttle"), lambda row: row["id"]),
    "tickets": Stream(lambda truth: truth.records("tickets"), lambda row: row["id"]),
    "owners": Stream(Truth.owners, lambda row: row["id"]),
    "engagements": Stream(
        Truth.activities,
        lambda row: f"{row['engagement']['type']}/{row['engagement']['id']}",
        Again.AFTER_LATEST,
    ),
    "contact_lists": Stream(Truth.lists, lambda row: row["listId"]),
    "list_memberships": Stream(Truth.memberships, lambda row: f"{row['listId']}/{row['recordId']}"),
    "workflows": Stream(Truth.workflows, lambda row: str(row["id"])),
    "forms": Stream(Truth.forms_v2, lambda row: row["guid"]),
    "form_submissions": Stream(
        lambda truth: truth.submissions(truth.forms_v2()), lambda row: f"{row['formId']}/{row['conversionId']}"
    ),
    "campaigns": Stream(Truth.email_campaigns, lambda row: str(row["id"]), Again.EVERYTHING),
    "email_events": Stream(Truth.email_events, lambda row: row["id"], cursor=_last_window),
    "subscription_changes": Stream(
        Truth.subscription_changes,
        lambda row: f"{milliseconds(row['timestamp'])}/{row['recipient']}",
        cursor=_last_window,
    ),
    "deal_pipelines": Stream(lambda truth: truth.pipelines("deals"), lambda row: row["pipelineId"], Again.EVERYTHING),
    # It follows no pages of associations, so it never sees more than the first.
    "contacts_by_company": Stream(
        Truth.employments, lambda row: f"{row['company-id']}/{row['contact-id']}", paced_by="companies"
    ),
}


@dataclass
class Tap:
    hub: Hub
    folder: Path

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        installed(PROGRAM)
        trust(PROGRAM, self.hub.bundle)
        config = {
            "start_date": START_DATE,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": REDIRECT_URI,
            "refresh_token": self.hub.refresh_token(),
            "email_chunk_size": _WINDOW_MS,
            "subscription_chunk_size": _WINDOW_MS,
        }
        self._write("config", config)
        self._select_all()

    def _select_all(self) -> None:
        catalog = json.loads(self._run("--config", "config.json", "--discover"))
        for stream in catalog["streams"]:
            [whole] = [each for each in stream["metadata"] if each["breadcrumb"] == []]
            whole["metadata"]["selected"] = True
        self._write("catalog", catalog)

    def sync(self) -> dict[str, list[Json]]:
        """Records by stream; goes on from where the sync before ended."""
        state = ["--state", "state.json"] if (self.folder / "state.json").exists() else []
        output = self._run("--config", "config.json", "--properties", "catalog.json", *state)
        records: dict[str, list[Json]] = defaultdict(list)
        for message in map(json.loads, output.splitlines()):
            if message["type"] == "RECORD":
                records[message["stream"]].append(message["record"])
            elif message["type"] == "STATE":
                self._write("state", message["value"])
        return records

    def _run(self, *arguments: str) -> str:
        return self.hub.run([installed(PROGRAM) / "tap-hubspot", *arguments], self.folder)

    def _write(self, name: str, content: Json) -> None:
        (self.folder / f"{name}.json").write_text(json.dumps(content))
