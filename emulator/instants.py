"""Instants: milliseconds since the epoch inside, ISO-8601 in UTC outside, printed as Java's Instant does."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MILLISECONDS = re.compile(r"-?\d{1,15}")

DAY_MS = 86_400_000
_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)


@lru_cache(maxsize=65_536)
def iso(ms: int) -> str:
    """Print an instant; without a fraction when there are no milliseconds."""
    seconds, rest = divmod(ms, 1000)
    text = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
    return f"{text}.{rest:03d}Z" if rest else f"{text}Z"


def date_of(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, UTC).isoformat()[:10]


def parse_instant(text: str) -> int:
    """Read epoch milliseconds, an ISO-8601 instant (any offset, UTC without one) or a date.

    Raises ValueError for anything else, and OverflowError.
    """
    if _MILLISECONDS.fullmatch(text):
        ms = int(text)
        datetime.fromtimestamp(ms // 1000, UTC)
        return ms
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    elif moment.utcoffset():
        # Raises OverflowError for what is outside the calendar in UTC.
        moment = moment.astimezone(UTC)
    return (moment - _EPOCH) // _MILLISECOND


def parse_date(text: str) -> int:
    """Read a date as HubSpot takes it: YYYY-MM-DD, or the milliseconds of a midnight in UTC.

    Raises ValueError for anything else, and OverflowError.
    """
    ms = parse_instant(text)
    if not _DATE.fullmatch(text) and ms % DAY_MS:
        raise ValueError(text)
    return ms
