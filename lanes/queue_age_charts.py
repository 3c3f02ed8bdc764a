"""Portals that waited for a worker in the last day as a chart: bars of half an hour. Drawn by a template."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from installations.half_hours import Day, HalfHour, last_day

_SUMS = """
SELECT date_bin('30 minutes', at, %s) AS begin, sum(waiting) - sum(late), sum(late), max(longest_s)
FROM lanes_waitminute WHERE at >= %s GROUP BY begin
"""


@dataclass
class Bar(HalfHour):
    """Portal-minutes of half an hour in which somebody waited."""

    within: int = 0
    late: int = 0
    longest_s: float = 0.0

    @property
    def kinds(self) -> tuple[tuple[str, int], ...]:
        return ("failed", self.late), ("held", self.within)

    @property
    def waits(self) -> int:
        return self.total


class Chart(Day[Bar]):
    @property
    def waits(self) -> int:
        return self.total

    @property
    def late(self) -> int:
        return sum(bar.late for bar in self.bars)


def chart() -> Chart:
    """Return the last 24 hours, the current half hour last."""
    drawn = Chart(last_day(Bar))
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [drawn.begin, drawn.begin])
        for begin, within, late, longest_s in cursor.fetchall():
            if bar := drawn.bar(begin):
                bar.within, bar.late, bar.longest_s = int(within), int(late), float(longest_s)
    drawn.scale()
    return drawn
