"""The story of each program: a full sync, a working day, an incremental sync, each compared with the emulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from compat import airbyte, dlt, singer
from compat.furnishing import furnish, go_on
from compat.hub import Hub, running
from compat.streams import Records, Row, Streams, full, incremental, state_of
from compat.truth import Truth

_MARKETING = {
    "forms": 4,
    "form_submissions": 90,
    "marketing_emails": 6,
    "email_events": 150,
    "subscription_changes": 20,
    "marketing_campaigns": 3,
}
SHORT = {"companies": 12, "contacts": 130, "deals": 20, "tickets": 15, **_MARKETING}
# More companies than calls are allowed in ten seconds, and Singer makes a call for each; a search and a list of several
# pages.
LONG = {"companies": 250, "contacts": 3_000, "deals": 500, "tickets": 400, **_MARKETING}


class Program(Protocol):
    def prepare(self) -> None:
        """Configure, check, and select every stream there is."""

    def sync(self) -> Records:
        """Go on from where the sync before ended."""


def programs(hub: Hub, folder: Path) -> Mapping[str, tuple[Program, Streams]]:
    return {
        singer.PROGRAM: (singer.Tap(hub, folder / "singer"), singer.STREAMS),
        airbyte.PROGRAM: (airbyte.Source(hub, folder / "airbyte"), airbyte.STREAMS),
        dlt.PROGRAM: (dlt.Pipeline(hub, folder / "dlt"), dlt.STREAMS),
    }


@dataclass(frozen=True)
class Comparison:
    rows: list[Row]
    # Streams that nothing is known of to compare them with.
    strangers: list[str]
    # Calls that the emulator did not serve: whatever a program asks for, HubSpot has.
    refused: list[str]

    @property
    def ok(self) -> bool:
        return all(row.ok for row in self.rows) and not self.strangers and not self.refused


def compare(name: str, size: Mapping[str, int], folder: Path) -> Comparison:
    """Run one program against an account of this size.

    Raises NotInstalled, ProgramFailed.
    """
    with running(size) as hub:
        furnish(hub)
        program, streams = programs(hub, folder)[name]
        truth = Truth(hub)
        program.prepare()
        before = state_of(streams, truth)
        first = program.sync()
        rows = full(streams, first, before)
        go_on(hub)
        now = state_of(streams, truth)
        second = program.sync()
        rows += incremental(streams, second, before, now)
        return Comparison(rows, sorted({*first, *second} - set(streams)), hub.refused())
