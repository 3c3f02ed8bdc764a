"""What a portal uses of HubSpot's allowances now, and which work uses it, for staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hubspot_api.ports import Bucket
from installations.clients import private_app_of
from installations.models import Portal
from installations.ratelimit import BucketUsage, WorkClass, limiter

# A private app's day has a card of its own: its calls stay for longer than anybody knows whose they were.
_NAMES = {
    Bucket.BURST: "Calls in 10 s",
    Bucket.SEARCH: "Searches in a second",
    Bucket.ASSOCIATIONS: "Association batches in 10 s",
}


@dataclass(frozen=True)
class AllowanceRow:
    """One allowance: places taken, of which by each class of our work and by others, and what HubSpot refused."""

    name: str
    used: int
    limit: int
    by_class: Sequence[int]  # in the order of WorkClass; empty: only this process' calls are known
    others: int
    waiting: int
    refused: int  # 429s within the hour
    refused_at: datetime | None
    closed_until: datetime | None  # None: calls are let through


@dataclass(frozen=True)
class Allowances:
    """Of one portal."""

    is_degraded: bool  # Redis is away
    classes: Sequence[str]
    rows: Sequence[AllowanceRow]


def of(portal: Portal) -> Allowances:
    """Ask the limiter."""
    usage = limiter().usage(portal.hub_id, private_app_of(portal))
    classes = [work_class.name.capitalize() for work_class in WorkClass]
    return Allowances(usage.degraded, classes, [_row(name, usage.buckets[bucket]) for bucket, name in _NAMES.items()])


def _row(name: str, usage: BucketUsage) -> AllowanceRow:
    ours = list(usage.by_class.values())
    return AllowanceRow(
        name=name,
        used=usage.used,
        limit=usage.limit,
        by_class=ours,
        others=usage.used - sum(ours) if ours else 0,
        waiting=usage.waiting,
        refused=usage.rejected,
        refused_at=usage.rejected_at,
        closed_until=usage.frozen_until,
    )
