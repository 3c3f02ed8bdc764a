"""Airbyte's HubSpot source: check, discovery, read, and read from a state."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compat.environments import installed, trust
from compat.hub import CLIENT_ID, CLIENT_SECRET, Hub, Json, ProgramFailed
from compat.streams import Again, Stream, Streams
from compat.truth import Truth, milliseconds

PROGRAM = "airbyte-source-hubspot"
START_DATE = "2024-01-01T00:00:00Z"


def _records(plural: str) -> Stream:
    return Stream(lambda truth: truth.records(plural), lambda row: row["id"])


def _history(plural: str, key: str) -> Stream:
    return Stream(
        lambda truth: truth.history(plural),
        lambda row: f"{row[key]}/{row['property']}/{milliseconds(row['timestamp'])}",
    )


STREAMS: Streams = {
    "contacts": _records("contacts"),
    "companies": _records("companies"),
    "deals": _records("deals"),
    "tickets": _records("tickets"),
    "shuttle": _records("shuttle"),
    "products": _records("products"),
    "line_items": _records("line_items"),
    "leads": _records("leads"),
    "goals": _records("goal_targets"),
    "deal_splits": _records("deal_splits"),
    "engagements_notes": _records("notes"),
    "engagements_tasks": _records("tasks"),
    "engagements_calls": _records("calls"),
    "engagements_emails": _records("emails"),
    "engagements_meetings": _records("meetings"),
    "engagements": Stream(Truth.activities, lambda row: f"{row['type']}/{row['id']}"),
    "deals_archived": Stream(lambda truth: truth.records("deals", archived=True), lambda row: row["id"]),
    "contacts_property_history": _history("contacts", "vid"),
    "companies_property_history": _history("companies", "companyId"),
    "deals_property_history": _history("deals", "dealId"),
    "owners": Stream(Truth.owners, lambda row: row["id"]),
    "owners_archived": Stream(lambda truth: truth.owners(archived=True), lambda row: row["id"]),
    "deal_pipelines": Stream(lambda truth: truth.pipelines("deals", START_DATE), lambda row: row["pipelineId"]),
    "ticket_pipelines": Stream(lambda truth: truth.pipelines("tickets", START_DATE), lambda row: row["id"]),
    "contact_lists": Stream(Truth.lists, lambda row: row["listId"]),
    "workflows": Stream(Truth.workflows, lambda row: str(row["id"])),
    "forms": Stream(Truth.forms, lambda row: row["id"]),
    "form_submissions": Stream(
        lambda truth: truth.submissions(truth.forms()), lambda row: f"{row['formId']}/{row['conversionId']}"
    ),
    "marketing_emails": Stream(Truth.marketing_emails, lambda row: str(row["id"]), Again.EVERYTHING),
    "campaigns": Stream(Truth.email_campaigns, lambda row: str(row["id"])),
    "email_events": Stream(Truth.email_events, lambda row: row["id"]),
    "email_subscriptions": Stream(Truth.email_subscriptions, lambda row: str(row["id"]), Again.EVERYTHING),
    "subscription_changes": Stream(
        Truth.subscription_changes, lambda row: f"{milliseconds(row['timestamp'])}/{row['recipient']}"
    ),
}


@dataclass
class Source:
    hub: Hub
    folder: Path

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        installed(PROGRAM)
        trust(PROGRAM, self.hub.bundle)
        credentials = {
            "credentials_title": "OAuth Credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": self.hub.refresh_token(),
        }
        self._write("config", {"start_date": START_DATE, "credentials": credentials})
        self._check()
        self._select_all()

    def _check(self) -> None:
        """Raises ProgramFailed."""
        [status] = self._messages("CONNECTION_STATUS", self._run("check"))
        if status["connectionStatus"]["status"] != "SUCCEEDED":
            raise ProgramFailed(f"check: {status['connectionStatus']}")

    def _select_all(self) -> None:
        [message] = self._messages("CATALOG", self._run("discover"))
        streams = message["catalog"]["streams"]
        self._write("catalog", {"streams": [_selected(stream) for stream in streams]})

    def sync(self) -> dict[str, list[Json]]:
        """Records by stream; goes on from where the sync before ended."""
        path = self.folder / "state.json"
        states = {_name(each): each for each in json.loads(path.read_text())} if path.exists() else {}
        state = ["--state", "state.json"] if states else []
        output = self._run("read", "--catalog", "catalog.json", *state)
        records: dict[str, list[Json]] = defaultdict(list)
        for message in self._messages("RECORD", output):
            records[message["record"]["stream"]].append(message["record"]["data"])
        for message in self._messages("STATE", output):
            states[_name(message["state"])] = message["state"]
        self._write("state", list(states.values()))
        return records

    def _run(self, command: str, *arguments: str) -> str:
        return self.hub.run(
            [installed(PROGRAM) / "source-hubspot", command, "--config", "config.json", *arguments], self.folder
        )

    def _messages(self, kind: str, output: str) -> Iterator[Json]:
        for line in output.splitlines():
            message = json.loads(line)
            if message["type"] == kind:
                yield message

    def _write(self, name: str, content: Any) -> None:
        (self.folder / f"{name}.json").write_text(json.dumps(content))


def _name(state: Json) -> str:
    name: str = state["stream"]["stream_descriptor"]["name"]
    return name


def _selected(stream: Json) -> Json:
    modes = stream["supported_sync_modes"]
    return {
        "stream": stream,
        "sync_mode": "incremental" if "incremental" in modes else "full_refresh",
        "destination_sync_mode": "append",
    }
