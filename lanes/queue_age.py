"""How long portals wait for a worker, sampled every minute, and whether that is within what we aim at.

The queue age of a portal, in a class of work, is how long its longest due lane has been due while nobody held it. What
waits for HubSpot's limits, or for a failure to pass, is not due and so does not count: more workers would not help it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from installations.bites import delete_in_bites
from installations.models import Portal
from installations.ratelimit import WorkClass

from .models import PortalWait, WaitMinute

NOTED_S = 5.0  # a shorter wait is not worth a row: workers look every two seconds by themselves
MOST_NOTED = 500  # portals per minute and class, the longest waits first; sums are of all
KEPT = timedelta(days=8)
DAY = timedelta(days=1)

# One pass over the lanes, and none if another has sampled this minute.
_SAMPLE = """
WITH minute AS (
    SELECT date_trunc('minute', clock_timestamp()) AS at
), aims AS (
    SELECT * FROM unnest(%(classes)s::smallint[], %(aims)s::float[]) AS aim(work_class, most_s)
), ages AS (
    SELECT work_class, portal_id,
        COALESCE(extract(epoch FROM clock_timestamp() - min(due_at) FILTER (WHERE is_free)), 0) AS waited_s,
        count(*) FILTER (WHERE is_free) AS lanes
    FROM (
        SELECT work_class, portal_id, due_at, COALESCE(
            due_at <= clock_timestamp() AND (token IS NULL OR lease_until < clock_timestamp()), false
        ) AS is_free
        FROM lanes_lane WHERE NOT parked
    ) AS lane
    WHERE NOT EXISTS (SELECT 1 FROM lanes_waitminute WHERE at = (SELECT at FROM minute))
    GROUP BY work_class, portal_id
), judged AS (
    SELECT ages.*, waited_s > %(noted)s AS is_noted, waited_s > most_s AS is_late
    FROM ages JOIN aims USING (work_class)
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY work_class ORDER BY waited_s DESC) AS place FROM judged WHERE is_noted
), told AS (
    INSERT INTO lanes_portalwait (at, portal_id, work_class, waited_s, lanes, is_late)
    SELECT minute.at, portal_id, work_class, waited_s, lanes, is_late FROM ranked, minute WHERE place <= %(most)s
    ON CONFLICT DO NOTHING
)
INSERT INTO lanes_waitminute (at, work_class, portals, waiting, late, longest_s)
SELECT minute.at, work_class, count(*), count(*) FILTER (WHERE is_noted), count(*) FILTER (WHERE is_late), max(waited_s)
FROM judged, minute GROUP BY minute.at, work_class
ON CONFLICT DO NOTHING
"""


def aims_s() -> dict[WorkClass, int]:
    """Return how many seconds a portal should wait at most, by class of work."""
    return {work_class: settings.QUEUE_AGE_SLO_S[work_class.name] for work_class in WorkClass}


def aimed_percent() -> str:
    """Return the share of portal-minutes that is aimed at, as 99 or 99.9."""
    return f"{settings.QUEUE_AGE_SLO * 100:.4g}"


def sample() -> bool:
    """Note who waits now; False if this minute has been sampled already."""
    aims = aims_s()
    with connection.cursor() as cursor:
        cursor.execute(
            _SAMPLE,
            {
                "classes": [work_class.value for work_class in aims],
                "aims": list(aims.values()),
                "noted": NOTED_S,
                "most": MOST_NOTED,
            },
        )
        return bool(cursor.rowcount)


def purge() -> int:
    """Delete what is old; return how many rows."""
    before = timezone.now() - KEPT
    return sum(delete_in_bites(table._default_manager.filter(at__lt=before)) for table in (PortalWait, WaitMinute))


@dataclass(frozen=True)
class ClassAge:
    """The last 24 hours of a class: of so many portal-minutes, so many were late, against the aim."""

    work_class: WorkClass
    aim_s: int
    minutes: int  # sampled
    portal_minutes: int
    late: int
    longest_s: float

    @property
    def name(self) -> str:
        return self.work_class.name.lower()

    @property
    def share(self) -> float:
        """Of portal-minutes within the aim."""
        return 1 - self.late / self.portal_minutes if self.portal_minutes else 1.0

    @property
    def is_missed(self) -> bool:
        return self.share < settings.QUEUE_AGE_SLO

    @property
    def percent(self) -> str:
        """Never rounded up to an aim that was missed."""
        return f"{int(self.share * 10_000) / 100:.2f} %"


def last_day() -> list[ClassAge]:
    """Return the classes of which anything was sampled, in order of rank."""
    rows = WaitMinute.objects.filter(at__gte=timezone.now() - DAY).values("work_class")
    sums = rows.annotate(
        minutes=Count("pk"), portal_minutes=Sum("portals"), late_sum=Sum("late"), longest=Max("longest_s")
    )
    aims = aims_s()
    return [
        ClassAge(
            WorkClass(row["work_class"]),
            aims[WorkClass(row["work_class"])],
            row["minutes"],
            row["portal_minutes"],
            row["late_sum"],
            row["longest"],
        )
        for row in sums.order_by("work_class")
    ]


@dataclass(frozen=True)
class PortalAge:
    """A portal that misses the aim by itself: so many of its own minutes of the last 24 hours were late."""

    portal: Portal
    work_class: WorkClass
    late: int
    minutes: int
    longest_s: float
    latest_at: datetime

    @property
    def name(self) -> str:
        return self.work_class.name.lower()

    @property
    def percent(self) -> str:
        return f"{int((1 - self.late / self.minutes) * 10_000) / 100:.2f} %"


def missing(ages: list[ClassAge], most: int = 20) -> list[PortalAge]:
    """Return the portals that miss the aim by themselves, those with most late minutes first. `ages`: of last_day."""
    minutes = {age.work_class.value: age.minutes for age in ages}
    rows = list(_missing(ages).order_by("-late", "portal", "work_class")[:most])
    portals = Portal.objects.in_bulk([row["portal"] for row in rows])
    return [
        PortalAge(
            portals[row["portal"]],
            WorkClass(row["work_class"]),
            row["late"],
            minutes[row["work_class"]],
            row["longest"],
            row["latest"],
        )
        for row in rows
    ]


def count_missing(ages: list[ClassAge]) -> dict[WorkClass, int]:
    """Return how many portals miss the aim by themselves, by class."""
    counts = Counter(row["work_class"] for row in _missing(ages))
    return {age.work_class: counts[age.work_class.value] for age in ages}


def _missing(ages: list[ClassAge]) -> QuerySet[PortalWait, dict[str, Any]]:
    too_many = Q(late__lt=0)
    for age in ages:
        too_many |= Q(work_class=age.work_class, late__gt=(1 - settings.QUEUE_AGE_SLO) * age.minutes)
    rows = PortalWait.objects.filter(at__gte=timezone.now() - DAY, is_late=True).values("portal", "work_class")
    return rows.annotate(late=Count("pk"), longest=Max("waited_s"), latest=Max("at")).filter(too_many)
