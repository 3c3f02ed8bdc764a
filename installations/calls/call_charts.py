"""A portal's calls of the last day as a chart: bars of half an hour, from the minute totals. Drawn by a template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from ..models import CallMinute, Portal

STEP = timedelta(minutes=30)
BARS = 48
WIDTH, HEIGHT = 10, 100  # of a bar and of the chart, in the drawing's own units

_SUMS = """
SELECT date_bin('30 minutes', at, %s) AS begin, answer, sum(calls), sum(requests), sum(took_ms)
FROM installations_callminute WHERE portal_id = %s AND at >= %s GROUP BY begin, answer
"""


@dataclass
class Bar:
    """The calls of half an hour. `y` and heights are in the drawing's units, from the top."""

    at: datetime
    place: int
    worked: int = 0
    failed: int = 0
    held_back: int = 0
    took_ms: int = 0
    requests: int = 0
    highest: int = 1

    @property
    def until(self) -> datetime:
        return self.at + STEP

    @property
    def calls(self) -> int:
        return self.worked + self.failed + self.held_back

    @property
    def average_ms(self) -> int:
        return round(self.took_ms / self.requests) if self.requests else 0

    @property
    def parts(self) -> list[tuple[str, int, int]]:
        """Kind, y and height of each part, from the bottom up. What there is can be seen, however little it is."""
        drawn, bottom = [], HEIGHT
        for kind, count in (("worked", self.worked), ("failed", self.failed), ("held", self.held_back)):
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
        return [bar for bar in reversed(self.bars) if bar.calls]

    @property
    def calls(self) -> int:
        return sum(bar.calls for bar in self.bars)

    @property
    def failed(self) -> int:
        return sum(bar.failed for bar in self.bars)

    @property
    def held_back(self) -> int:
        return sum(bar.held_back for bar in self.bars)

    @property
    def highest(self) -> int:
        return max(bar.calls for bar in self.bars)


def chart_of(portal: Portal) -> Chart:
    """Return the last 24 hours, the current half hour last."""
    now = timezone.now()
    latest = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    first = latest - (BARS - 1) * STEP
    bars = [Bar(first + place * STEP, place) for place in range(BARS)]
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [first, portal.pk, first])
        for begin, *sums in cursor.fetchall():
            if begin <= latest:  # a clock that is ahead of ours
                _count(bars[(begin - first) // STEP], *sums)
    highest = max(bar.calls for bar in bars)
    for bar in bars:
        bar.highest = max(highest, 1)
    return Chart(bars)


def _count(bar: Bar, answer: str, calls: int, requests: int, took_ms: int) -> None:
    match answer:
        case CallMinute.Answer.WORKED:
            bar.worked += int(calls)
        case CallMinute.Answer.UNSENT:
            bar.held_back += int(calls)
        case _:
            bar.failed += int(calls)
    bar.requests += int(requests)
    bar.took_ms += int(took_ms)
