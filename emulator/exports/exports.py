"""The exports of one portal: one runs at a time, thirty in a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emulator.errors import HubSpotError, ResourceNotFound
from emulator.instants import DAY_MS, iso

MOST_IN_A_DAY = 30
# Files can be downloaded for a month. Not documented.
KEPT_MS = 30 * DAY_MS

_TASK_STATES = {"ENQUEUED": "PENDING", "PROCESSING": "PROCESSING", "DONE": "COMPLETE", "DELETED": "COMPLETE"}


class ExportsExhausted(HubSpotError):
    status = 429
    category = "RATE_LIMITS"

    def __init__(self) -> None:
        super().__init__(
            f"You have reached the limit of {MOST_IN_A_DAY} exports in 24 hours.",
            errorType="RATE_LIMIT",
            policyName="DAILY",
        )


@dataclass(frozen=True)
class Export:
    export_id: int
    app_id: int
    name: str
    type: str
    object_type: str
    properties: tuple[str, ...]
    rows: int
    requested_at: int
    # When it begins and ends is settled when it is requested: one runs at a time, each for as long as its rows take.
    started_at: int
    done_at: int
    file_name: str
    content: bytes = field(repr=False)

    def state(self, now: int) -> str:
        if now < self.started_at:
            return "ENQUEUED"
        if now < self.done_at:
            return "PROCESSING"
        return "DONE" if now < self.done_at + KEPT_MS else "DELETED"

    def as_json(self, now: int) -> dict[str, Any]:
        state = self.state(now)
        answer: dict[str, Any] = {
            "id": str(self.export_id),
            "exportName": self.name,
            "exportType": self.type,
            "exportState": state,
            "objectType": self.object_type,
            "objectProperties": list(self.properties),
            "createdAt": iso(self.requested_at),
            "updatedAt": iso(min(now, self.done_at)),
        }
        if state in ("DONE", "DELETED"):
            answer["recordCount"] = self.rows
        return answer

    def task_json(self, now: int) -> dict[str, Any]:
        """Clients insist on both times, so they are there before they have come."""
        return {
            "status": _TASK_STATES[self.state(now)],
            "requestedAt": iso(self.requested_at),
            "startedAt": iso(min(now, self.started_at)),
            "completedAt": iso(min(now, self.done_at)),
        }


@dataclass
class Exports:
    """Read and changed under the portal's `crm.lock` only."""

    by_id: dict[int, Export] = field(default_factory=dict)
    next_id: int = 478_408_617

    def find(self, text: str) -> Export:
        """Raises ResourceNotFound."""
        known = text.isascii() and text.isdigit() and len(text) < 18
        export = self.by_id.get(int(text)) if known else None
        if export is None:
            raise ResourceNotFound(f"Export {text[:50]} does not exist.")
        return export

    def check_allowance(self, now: int) -> None:
        """Raises ExportsExhausted."""
        recent = [each for each in self.by_id.values() if each.requested_at > now - DAY_MS]
        if len(recent) >= MOST_IN_A_DAY:
            raise ExportsExhausted

    def begins_at(self, now: int) -> int:
        """After those that were asked for before."""
        return max((each.done_at for each in self.by_id.values()), default=now) if self._busy(now) else now

    def _busy(self, now: int) -> bool:
        return any(each.done_at > now for each in self.by_id.values())

    def add(self, export: Export) -> None:
        self.by_id[export.export_id] = export
        self.next_id = export.export_id + 1
