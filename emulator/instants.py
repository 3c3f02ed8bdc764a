"""Instants: milliseconds since the epoch inside, ISO-8601 in UTC outside, printed as Java's Instant does."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MILLISECONDS = re.compile(r"-?\d{1,15}")

DAY_MS = 86_400_000


@lru_cache(maxsize=65_536)
def iso(ms: int) -> str:
    """Print an instant; without a fraction when there are no milliseconds."""
    seconds, rest = divmod(ms, 1000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:03d}Z" if rest else f"{text}Z"


def date_of(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%d")


def parse_instant(text: str) -> int:
    """Read epoch milliseconds, an ISO-8601 instant (any offset, UTC without one) or a date.

    Raises ValueError for anything else.
    """
    if _MILLISECONDS.fullmatch(text):
        ms = int(text)
        datetime.fromtimestamp(ms // 1000, UTC)
        return ms
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def parse_date(text: str) -> int:
    """Read a date as HubSpot takes it: YYYY-MM-DD, or the milliseconds of a midnight in UTC.

    Raises ValueError for anything else.
    """
    ms = parse_instant(text)
    if not _DATE.fullmatch(text) and ms % DAY_MS:
        raise ValueError(text)
    return ms
