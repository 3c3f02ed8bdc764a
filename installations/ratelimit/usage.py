"""How much of a portal's allowances is in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hubspot_api.ports import Bucket

from .limits import WorkClass


@dataclass(frozen=True, slots=True)
class BucketUsage:
    """`used` calls of `limit` may still be in HubSpot's window; `waiting` calls have a promised start.

    `frozen_until`: nobody calls before, because of a 429, because our memory is new or because nothing is left of the
    day. `rejected`: 429s lately. `by_class`: how many of the used are whose; the rest, if any, are other apps'. Of a
    day's, only those under way are known by class.
    """

    used: int
    limit: int
    waiting: int = 0
    frozen_until: datetime | None = None  # None: not frozen
    rejected: int = 0
    rejected_at: datetime | None = None  # the latest 429; None: none within the hour
    by_class: Mapping[WorkClass, int] = field(default_factory=dict)  # empty while Redis is away


@dataclass(frozen=True, slots=True)
class Usage:
    """A portal's use of its allowances now. `degraded`: Redis is away, and only this process' calls are known."""

    degraded: bool
    buckets: Mapping[Bucket, BucketUsage]


def bucket_usage(
    now: datetime,
    used: int,
    limit: int,
    waiting: int,
    frozen_ms: int,
    cold_ms: int,
    rejected: int,
    rejected_ms_ago: int,
    *by_class: int,
) -> BucketUsage:
    """Return what a look at a bucket found, as of `now`: counts, and durations in milliseconds."""
    frozen = timedelta(milliseconds=max(frozen_ms, cold_ms))
    return BucketUsage(
        used,
        limit,
        waiting,
        frozen_until=now + frozen if frozen else None,
        rejected=rejected,
        rejected_at=now - timedelta(milliseconds=rejected_ms_ago) if rejected else None,
        by_class=dict(zip(WorkClass, by_class, strict=True)),
    )
