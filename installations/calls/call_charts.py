"""A portal's calls of the last day as a chart: bars of half an hour, from the minute totals. Drawn by a template."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from ..half_hours import Day, HalfHour, last_day
from ..models import CallMinute, Portal

_SUMS = """
SELECT date_bin('30 minutes', at, %s) AS begin, answer, sum(calls), sum(requests), sum(took_ms)
FROM installations_callminute WHERE portal_id = %s AND at >= %s GROUP BY begin, answer
"""


@dataclass
class Bar(HalfHour):
    """The calls of half an hour."""

    worked: int = 0
    failed: int = 0
    held_back: int = 0
    took_ms: int = 0
    requests: int = 0

    @property
    def kinds(self) -> tuple[tuple[str, int], ...]:
        return ("worked", self.worked), ("failed", self.failed), ("held", self.held_back)

    @property
    def calls(self) -> int:
        return self.total

    @property
    def average_ms(self) -> int:
        return round(self.took_ms / self.requests) if self.requests else 0


class Chart(Day[Bar]):
    @property
    def calls(self) -> int:
        return self.total

    @property
    def failed(self) -> int:
        return sum(bar.failed for bar in self.bars)

    @property
    def held_back(self) -> int:
        return sum(bar.held_back for bar in self.bars)


def chart_of(portal: Portal) -> Chart:
    """Return the last 24 hours, the current half hour last."""
    chart = Chart(last_day(Bar))
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [chart.begin, portal.pk, chart.begin])
        for begin, *sums in cursor.fetchall():
            if bar := chart.bar(begin):
                _count(bar, *sums)
    chart.scale()
    return chart


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
