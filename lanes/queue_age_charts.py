"""Portals that waited for a worker in the last day as a chart: bars of half an hour. Drawn by a template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

STEP = timedelta(minutes=30)
BARS = 48
WIDTH, HEIGHT = 10, 100  # of a bar and of the chart, in the drawing's own units

_SUMS = """
SELECT date_bin('30 minutes', at, %s) AS begin, sum(waiting) - sum(late), sum(late), max(longest_s)
FROM lanes_waitminute WHERE at >= %s GROUP BY begin
"""


@dataclass
class Bar:
    """Portal-minutes of half an hour in which somebody waited. `y` and heights are in the drawing's units."""

    at: datetime
    place: int
    within: int = 0
    late: int = 0
    longest_s: float = 0.0
    highest: int = 1

    @property
    def until(self) -> datetime:
        return self.at + STEP

    @property
    def waits(self) -> int:
        return self.within + self.late

    @property
    def parts(self) -> list[tuple[str, int, int]]:
        """Kind, y and height of each part, from the bottom up. What there is can be seen, however little it is."""
        drawn, bottom = [], HEIGHT
        for kind, count in (("failed", self.late), ("held", self.within)):
            if count:
                height = max(1, count * (HEIGHT - 3) // self.highest)
                bottom -= height
                drawn.append((kind, bottom, height))
        return drawn

    @property
    def x(self) -> int:
        return self.place * WIDTH


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]

    @property
    def width(self) -> int:
        return WIDTH * BARS

    @property
    def busy(self) -> list[Bar]:
        """The bars that are not empty, the latest first: what the table has."""
        return [bar for bar in reversed(self.bars) if bar.waits]

    @property
    def waits(self) -> int:
        return sum(bar.waits for bar in self.bars)

    @property
    def late(self) -> int:
        return sum(bar.late for bar in self.bars)


def chart() -> Chart:
    """Return the last 24 hours, the current half hour last."""
    now = timezone.now()
    latest = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    first = latest - (BARS - 1) * STEP
    bars = [Bar(first + place * STEP, place) for place in range(BARS)]
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [first, first])
        for begin, within, late, longest_s in cursor.fetchall():
            if begin <= latest:  # a clock that is ahead of ours
                bar = bars[(begin - first) // STEP]
                bar.within, bar.late, bar.longest_s = int(within), int(late), float(longest_s)
    highest = max(bar.waits for bar in bars)
    for bar in bars:
        bar.highest = max(highest, 1)
    return Chart(bars)
