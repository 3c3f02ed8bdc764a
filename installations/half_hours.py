"""The last day in half hours, as a chart that a template draws: a bar for each, of parts on top of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.utils import timezone

STEP = timedelta(minutes=30)
_BARS = 48
_WIDTH, _HEIGHT = 10, 100  # of a bar and of the chart, in the drawing's own units


@dataclass
class HalfHour:
    """A bar. `y` and heights are in the drawing's units, from the top."""

    at: datetime
    place: int
    highest: int = 1  # what the highest bar of the day comes to

    @property
    def kinds(self) -> Sequence[tuple[str, int]]:
        """What is counted, by its class in the style sheet, from the bottom up."""
        raise NotImplementedError

    @property
    def total(self) -> int:
        return sum(count for _, count in self.kinds)

    @property
    def until(self) -> datetime:
        return self.at + STEP

    @property
    def x(self) -> int:
        return self.place * _WIDTH

    @property
    def parts(self) -> list[tuple[str, int, int]]:
        """Kind, y and height of each part, from the bottom up. What there is can be seen, however little it is."""
        drawn, bottom = [], _HEIGHT
        for kind, count in self.kinds:
            if count:
                height = max(1, count * (_HEIGHT - 3) // self.highest)
                bottom -= height
                drawn.append((kind, bottom, height))
        return drawn


H = TypeVar("H", bound=HalfHour)


@dataclass(frozen=True)
class Day(Generic[H]):
    """24 hours, the current half hour last."""

    bars: list[H]

    @property
    def begin(self) -> datetime:
        return self.bars[0].at

    @property
    def width(self) -> int:
        return _WIDTH * len(self.bars)

    @property
    def busy(self) -> list[H]:
        """The bars that are not empty, the latest first: what the table has."""
        return [bar for bar in reversed(self.bars) if bar.total]

    @property
    def total(self) -> int:
        return sum(bar.total for bar in self.bars)

    @property
    def highest(self) -> int:
        return max(bar.total for bar in self.bars)

    def bar(self, at: datetime) -> H | None:
        """Return the bar that begins then; None where that is still to come: a clock is ahead of ours."""
        place = (at - self.begin) // STEP
        return self.bars[place] if place < len(self.bars) else None

    def scale(self) -> None:
        """Fit the bars to the drawing's height, once everything is counted."""
        highest = max(self.highest, 1)
        for bar in self.bars:
            bar.highest = highest


def last_day(half_hour: type[H]) -> list[H]:
    """Return the last 24 hours with nothing in them, the current half hour last."""
    now = timezone.now()
    latest = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    first = latest - (_BARS - 1) * STEP
    return [half_hour(first + place * STEP, place) for place in range(_BARS)]
