"""One record's way through one workflow, and what can come of an action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    # Until it is due.
    WAITING = "waiting"
    # Some thread performs an action for it.
    UNDER_WAY = "under_way"
    # Until its callback is completed, or it is due.
    BLOCKED = "blocked"
    # The record left the workflow.
    ENDED = "ended"


@dataclass(eq=False)
class Run:
    # HubSpot's enrolment id.
    id: int
    hub_id: int
    workflow_id: int
    type_id: str
    record_id: int
    due: int
    # Which action comes next, from 0.
    position: int = 0
    # Of that action.
    attempts: int = 0
    # None: the action was not tried yet.
    first_tried_at: int | None = None
    state: State = State.WAITING
    # What earlier actions put out, by their number from 1.
    outputs: dict[int, dict[str, str]] = field(default_factory=dict)
    # What the webhook that enrolled the record said.
    event: dict[str, str] = field(default_factory=dict)

    @property
    def callback_id(self) -> str:
        """The same for all attempts of an action, another for every action."""
        return f"ap-{self.hub_id}-{self.id}-{self.position}-0"

    def move_on(self, due: int, outputs: Mapping[str, str] | None = None) -> None:
        self.outputs[self.position + 1] = dict(outputs or {})
        self.position += 1
        self.attempts = 0
        self.first_tried_at = None
        self.due = due
        self.state = State.WAITING


@dataclass(frozen=True)
class Succeeded:
    outputs: Mapping[str, str]
    wait_ms: int = 0
    message: str | None = None


@dataclass(frozen=True)
class Failed:
    """The record goes on with the next action all the same."""

    message: str
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TryAgain:
    wait_ms: int
    message: str


@dataclass(frozen=True)
class Blocked:
    for_ms: int


@dataclass(frozen=True)
class Gone:
    """The record is no longer there: it leaves the workflow."""


Outcome = Succeeded | Failed | TryAgain | Blocked | Gone
