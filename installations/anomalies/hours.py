"""Portals' figures by the hour, counted back from the latest whole minute: of minutes, of samples, of audit entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from ..models import Anomaly, AuditEntry
from .rules import HOURS_KEPT, RULES

Kind = Anomaly.Kind
HOUR = timedelta(hours=1)
_OF_PORTALS = "portal_id IS NOT NULL"


@dataclass(frozen=True, slots=True)
class _Source:
    """A table with times and portals, and an expression that adds its rows up to a kind's figure."""

    table: str
    figure: str
    whose: str = _OF_PORTALS


_MINUTES = "installations_callminute"
SOURCES: Mapping[Kind, _Source] = {
    Kind.CALLS: _Source(_MINUTES, "sum(requests - bulk)"),
    Kind.BULK: _Source(_MINUTES, "sum(bulk)"),
    Kind.DENIED: _Source(_MINUTES, "sum(denied)"),
    Kind.OTHERS: _Source("installations_otherscalls", "sum(calls)"),
    Kind.EXPORTS: _Source(
        "installations_auditentry", "count(*)", f"portal_id IS NOT NULL AND action = '{AuditEntry.EXPORTED}'"
    ),
}

# Cheap for those who are quiet: only who has more than any portal may is looked at further.
_LATEST = """
SELECT portal_id FROM {table} WHERE {whose} AND at >= %s AND at < %s GROUP BY portal_id HAVING {figure} > %s
"""
_BY_HOUR = """
SELECT portal_id, date_bin('1 hour', at, %s) AS begin, {figure}, count(*)
FROM {table} WHERE {whose} AND portal_id = ANY(%s) AND at >= %s AND at < %s GROUP BY portal_id, begin
"""


@dataclass(slots=True)
class Hours:
    """One portal's figures of one kind, the latest hour first, and how many rows made that hour's.

    Of calls that were not ours there is a row per minute: so it is in how many minutes there were any.
    """

    figures: list[int]
    rows: int = 0


def busy(kind: Kind, end: datetime) -> list[int]:
    """Return the portals whose hour before `end`, a whole minute, is above the floor of the kind's rule."""
    source = SOURCES[kind]
    statement = _LATEST.format(table=source.table, figure=source.figure, whose=source.whose)
    with connection.cursor() as cursor:
        cursor.execute(statement, [end - HOUR, end, RULES[kind].floor])
        return [portal_id for (portal_id,) in cursor.fetchall()]


def of(kind: Kind, portal_ids: Iterable[int], end: datetime) -> dict[int, Hours]:
    """Return the hours of portals that had any, back from `end`."""
    source, first = SOURCES[kind], end - HOURS_KEPT * HOUR
    statement = _BY_HOUR.format(table=source.table, figure=source.figure, whose=source.whose)
    found: dict[int, Hours] = defaultdict(lambda: Hours([0] * HOURS_KEPT))
    with connection.cursor() as cursor:
        cursor.execute(statement, [end, list(portal_ids), first, end])
        for portal_id, begin, figure, rows in cursor.fetchall():
            hours_ago = (end - begin) // HOUR - 1
            found[portal_id].figures[hours_ago] = int(figure)
            if hours_ago == 0:
                found[portal_id].rows = rows
    return found
