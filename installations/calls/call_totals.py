"""What many calls come to, per minute for charts and per day for causes: added to the rows there are, in one go."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from django.db import connection

from hubspot_api.ports import CallRecord, FailedAttempt

from ..models import CallMinute

Answer = CallMinute.Answer
_Minute = tuple[int | None, datetime, str, str]
_Failure = tuple[date, int | None, str, str, int | None, str]

_UNSENT = frozenset({"NotSent"})  # attempts that HubSpot cannot have seen
_DENIED = frozenset({401, 403, 429})
_FIGURES = 9  # of a minute


class Logged(NamedTuple):
    """A portal's key (None: a call of no portal), what one of its calls was, and whether bulk work made it."""

    portal_id: int | None
    record: CallRecord
    is_bulk: bool = False


_ADD_MINUTES = """
INSERT INTO installations_callminute AS had (
    portal_id, at, answer, category, calls, requests, errors, waited_ms, took_ms, sent_bytes, received_bytes,
    bulk, denied
) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ON CONSTRAINT call_minute DO UPDATE SET
    calls = had.calls + excluded.calls, requests = had.requests + excluded.requests,
    errors = had.errors + excluded.errors, waited_ms = had.waited_ms + excluded.waited_ms,
    took_ms = had.took_ms + excluded.took_ms, sent_bytes = had.sent_bytes + excluded.sent_bytes,
    received_bytes = had.received_bytes + excluded.received_bytes,
    bulk = had.bulk + excluded.bulk, denied = had.denied + excluded.denied
"""
_ADD_FAILURES = """
INSERT INTO installations_failedrequests AS had (day, portal_id, method, path, status, category, times)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ON CONSTRAINT failed_requests DO UPDATE SET times = had.times + excluded.times
"""


def add(logged: Iterable[Logged]) -> None:
    """Add calls to the totals. Rows are taken in the order of their keys, so that processes do not block each other."""
    logged = list(logged)
    with connection.cursor() as cursor:
        cursor.executemany(_ADD_MINUTES, _rows(_minutes(logged)))
        cursor.executemany(_ADD_FAILURES, _rows(_failures(logged)))


def _rows(totals: Mapping[Any, Iterable[int]]) -> list[tuple[Any, ...]]:
    ordered = sorted(totals, key=lambda key: tuple((part is not None, part) for part in key))
    return [(*key, *totals[key]) for key in ordered]


def _minutes(logged: Iterable[Logged]) -> Mapping[_Minute, list[int]]:
    totals: dict[_Minute, list[int]] = defaultdict(lambda: [0] * _FIGURES)
    for portal_id, record, is_bulk in logged:
        at = record.started_at.replace(second=0, microsecond=0)
        total = totals[portal_id, at, answer_of(record), category_of(record)]
        for place, figure in enumerate(_figures(record, is_bulk=is_bulk)):
            total[place] += figure
    return totals


def _figures(record: CallRecord, *, is_bulk: bool) -> tuple[int, ...]:
    unseen = sum(attempt.error in _UNSENT for attempt in record.failed)
    seen, failed = record.attempts - unseen, len(record.failed) - unseen
    times = (round(record.waited * 1000), round(record.took * 1000))
    denied = sum(attempt.status in _DENIED for attempt in record.failed)
    return (1, seen, failed, *times, record.bytes_sent, record.bytes_received, seen if is_bulk else 0, denied)


def _failures(logged: Iterable[Logged]) -> Mapping[_Failure, list[int]]:
    times: Counter[_Failure] = Counter()
    for portal_id, record, _ in logged:
        day = record.started_at.astimezone(UTC).date()
        for attempt in record.failed:
            if attempt.error not in _UNSENT:
                times[day, portal_id, record.method, record.path, attempt.status, _reason(attempt)] += 1
    return {key: [count] for key, count in times.items()}


def _reason(attempt: FailedAttempt) -> str:
    return (attempt.category or attempt.error)[:100]


def answer_of(record: CallRecord) -> str:
    """Return how a call ended, as charts tell it."""
    if not record.error:
        return Answer.WORKED
    if record.status is None:
        unsent = not record.attempts or (record.failed and record.failed[-1].error in _UNSENT)
        return Answer.UNSENT if unsent else Answer.LOST
    if record.status == 429:
        return Answer.LIMITED
    return Answer.REFUSED if 400 <= record.status < 500 else Answer.FAILED


def category_of(record: CallRecord) -> str:
    """Return why a call failed, by HubSpot's name or by ours; "" for a success."""
    return (record.category or record.error)[:100] if record.error else ""
