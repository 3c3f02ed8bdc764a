"""A window of calls as a naive mind keeps it, to count against."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hubspot_api.ports import Bucket
from installations.ratelimit import WorkClass
from installations.ratelimit.dry_runs import Counted

from .dry_run_world import BURST, HOLD_MS, KEPT, WINDOW_MS


@dataclass
class Place:
    """A place as a naive mind keeps it: when its call would begin, and when it comes back."""

    rank: int
    begins_ms: int
    back_ms: int


@dataclass
class NaiveWindow:
    """Looks at every place there ever was, for every call, and tries one moment after the other."""

    limit: int
    places: dict[str, Place] = field(default_factory=dict)
    counted: dict[int, Counter[str]] = field(default_factory=dict)

    def call(self, name: str, at_ms: int, rank: int, wait_ms: int) -> None:
        kept = min(KEPT if rank else 0, self.limit - 1)
        ours = [p for p in self.places.values() if not (p.begins_ms > at_ms and p.rank > rank)]
        moments = sorted({at_ms, *(min(p.back_ms, at_ms + WINDOW_MS) for p in self.places.values())})
        begins_ms = next(
            (one for one in moments if one >= at_ms and self._room(ours, one, at_ms) > kept), at_ms + WINDOW_MS
        )
        waits_ms = begins_ms - at_ms
        figures = self.counted.setdefault(rank, Counter())
        figures["calls"] += 1
        figures["longest"] = max(figures["longest"], waits_ms)
        if waits_ms > wait_ms:
            figures["put_back"] += 1
            return
        figures["waited"] += waits_ms > 0
        self.places[name] = Place(rank, begins_ms, begins_ms + HOLD_MS + WINDOW_MS)

    def _room(self, ours: list[Place], moment_ms: int, at_ms: int) -> int:
        """How many places are free at a moment. One that is taken now comes back a window from now at the latest."""
        return self.limit - sum(p.back_ms > at_ms and min(p.back_ms, at_ms + WINDOW_MS) > moment_ms for p in ours)

    def answered(self, name: str, took_ms: int) -> None:
        if place := self.places.get(name):
            place.back_ms -= HOLD_MS - took_ms

    def unused(self, name: str) -> None:
        self.places.pop(name, None)

    @property
    def figures(self) -> dict[tuple[Bucket, WorkClass], Counted]:
        return {
            (BURST, WorkClass(rank)): Counted(found["calls"], found["waited"], found["put_back"], found["longest"])
            for rank, found in self.counted.items()
        }
