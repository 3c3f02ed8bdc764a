"""When HubSpot switches old APIs off; from then on they answer 404."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.instants import date_of, parse_date

PIPELINES_V1 = "pipelines_v1"
OWNERS_V2 = "owners_v2"

# developers.hubspot.com/changelog: "Pipelines API v1 sunset", "Final Reminder: Sunset of v2 Owners API"
ANNOUNCED = {PIPELINES_V1: "2026-12-04", OWNERS_V2: "2025-03-24"}


class Sunsets:
    """By the virtual clock. A date can be moved, or taken away."""

    def __init__(self) -> None:
        self._at: dict[str, int | None] = {}
        self.restore()

    def restore(self) -> None:
        self._at = {name: parse_date(day) for name, day in ANNOUNCED.items()}

    def move(self, days: Mapping[str, str | None]) -> None:
        """Dates as YYYY-MM-DD; None keeps an API alive.

        Raises ValueError for what is not a date.
        """
        self._at |= {name: None if day is None else parse_date(day) for name, day in days.items()}

    def over(self, name: str, now: int) -> bool:
        at = self._at[name]
        return at is not None and now >= at

    def as_json(self) -> dict[str, str | None]:
        return {name: None if at is None else date_of(at) for name, at in self._at.items()}
