"""How much an account's private apps have used of a day's calls: HubSpot allows them so many until midnight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from hubspot_api.ports import Bucket

from ..clients import private_app_of
from ..models import Portal
from ..ratelimit import Limits, PrivateApp, Usage, WorkClass, limiter

_DAILY = Limits().daily
_KEPT_FROM_BULK = _DAILY.shares[WorkClass.BULK].kept / _DAILY.calls


@dataclass(frozen=True)
class Day:
    """Calls of all of the account's private apps since its midnight, as far as HubSpot has told."""

    used: int
    limit: int
    ends_at: datetime

    @property
    def percent(self) -> int:
        return min(100, self.used * 100 // self.limit)

    @property
    def is_spent(self) -> bool:
        """Nothing is left: every call waits until the day ends."""
        return self.used >= self.limit

    @property
    def is_short(self) -> bool:
        """What is left is kept for people: syncs and checks wait until the day ends."""
        return self.used >= self.limit * (1 - _KEPT_FROM_BULK)


def day_of(usage: Usage, private_app: PrivateApp) -> Day:
    """Return the day out of what a private app used."""
    bucket = usage.buckets[Bucket.DAILY]
    midnight_ms = private_app.midnights_ms(timezone.now())[2]
    return Day(bucket.used, bucket.limit, datetime.fromtimestamp(midnight_ms / 1000, UTC))


def today(portal: Portal) -> Day | None:
    """Return a portal's day; None for one whose calls HubSpot does not count by the day."""
    private_app = private_app_of(portal)
    return day_of(limiter().usage(portal.hub_id, private_app), private_app) if private_app else None
