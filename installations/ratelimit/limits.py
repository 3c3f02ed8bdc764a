"""What HubSpot allows, as data, and how we divide it between our kinds of work."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hubspot_api.ports import Bucket


class WorkClass(IntEnum):
    """Who goes first when calls have to wait."""

    URGENT = 0  # a person is waiting: pages, sign-in, token refresh
    EVENTS = 1
    ROUTING = 2
    BULK = 3  # backfill, reconcile


# Counted for all accounts together.
OF_THE_APP = frozenset({Bucket.OAUTH, Bucket.JOURNAL, Bucket.JOURNAL_SUBSCRIPTIONS, Bucket.JOURNAL_SNAPSHOTS})

UNPACED_MS = 10**9  # a burst that never ends
NO_MIDNIGHTS = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class PrivateApp:
    """An account's own app, by whose token (`pat-…`) we call it: with limits of its own, and so many calls a day.

    `time_zone` is the account's (IANA, as account info has it), whose midnight begins a day; if unknown, UTC's does.
    """

    time_zone: str

    def midnights_ms(self, at: datetime) -> tuple[int, ...]:
        """Return four midnights of the account, in milliseconds since 1970; the second began the day of `at`."""
        zone = _zone(self.time_zone)
        today = at.astimezone(zone).date()
        return tuple(_midnight_ms(zone, today + timedelta(days=days)) for days in (-1, 0, 1, 2))


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


@lru_cache(maxsize=4096)
def _midnight_ms(zone: ZoneInfo, day: date) -> int:
    return int(datetime.combine(day, time(), zone).timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Share:
    """What one class of work leaves to those above it.

    `kept`: free places that it may not take. `burst_ms`: how far it may run ahead of an even pace.
    """

    kept: int
    burst_ms: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many `calls` in any `window_ms`, and the share of each work class.

    `tells`: whether the X-HubSpot-RateLimit headers of an answer are about this allowance. `assumed`: what we take it
    for until they do, if it may be less than `calls`, which is then the most there is; 0: `calls`.
    `window_ms` of 0: the calls of a day, until the account's midnight.
    """

    calls: int
    window_ms: int
    shares: tuple[Share, Share, Share, Share]
    tells: bool = False
    assumed: int = 0

    @property
    def at_first(self) -> int:
        """Calls until HubSpot tells how many there are."""
        return self.assumed or self.calls

    @property
    def interval_ms(self) -> int:
        """Milliseconds between calls at an even pace, a little quicker than places come back."""
        return self.window_ms * 99 // (self.calls * 100)


_BY_TEN_SECONDS = (Share(0, UNPACED_MS), Share(1, 2000), Share(1, 500), Share(1, 500))
_BY_SECOND = (Share(0, UNPACED_MS), Share(1, 300), Share(1, 300), Share(1, 300))


def _burst() -> Allowance:
    """110 calls in any ten seconds per app and account, search and associations not counted.

    "API usage guidelines and limits": an app with marketplace distribution, no daily limit.
    """
    return Allowance(110, 10_000, _BY_TEN_SECONDS, tells=True)


def _private_burst() -> Allowance:
    """100, 190 or 250 calls in any ten seconds per private app, by the account's tier, which headers tell.

    "API usage guidelines and limits": Free and Starter, Professional and Enterprise, with API Limit Increase.
    """
    return Allowance(250, 10_000, _BY_TEN_SECONDS, tells=True, assumed=100)


def _daily() -> Allowance:
    """250,000 calls a day and account, all its private apps together; up to 1,000,000 and two increases of as many.

    Only urgent calls may use the last of the day: a hundredth is kept from events, a tenth from bulk work.
    """
    shares = (Share(0, UNPACED_MS), Share(30_000, UNPACED_MS), Share(30_000, UNPACED_MS), Share(300_000, UNPACED_MS))
    return Allowance(3_000_000, 0, shares, tells=True, assumed=250_000)


def _search() -> Allowance:
    """Four of the five calls a second that all apps of an account share ("Search the CRM"). Says nothing in headers."""
    return Allowance(4, 1_000, _BY_SECOND)


def _associations() -> Allowance:
    """100 in any ten seconds: the lowest figure named for batches and labels ("Associate records")."""
    return Allowance(100, 10_000, _BY_TEN_SECONDS)


def _oauth() -> Allowance:
    """20 a second for all accounts together. HubSpot publishes no figure for the token endpoint: this is modest.

    Renewals are urgent; exchanges, which anybody can bring about, have the share of events.
    """
    return Allowance(20, 1_000, (Share(0, UNPACED_MS), Share(2, 300), Share(2, 300), Share(4, 300)))


def _by_second(calls: int) -> Allowance:
    """Of the webhooks journal, for the app itself ("Webhooks journal", limits)."""
    return Allowance(calls, 1_000, _BY_SECOND)


@dataclass(frozen=True, slots=True)
class Limits:
    """HubSpot's allowances, and what we assume about ourselves.

    `margin_ms` is added to every window: for rounding, and for Redis' clock being adjusted.
    `processes` is how many processes call HubSpot: without Redis, each may use its part of half the allowance.
    """

    burst: Allowance = field(default_factory=_burst)
    private_burst: Allowance = field(default_factory=_private_burst)
    daily: Allowance = field(default_factory=_daily)
    search: Allowance = field(default_factory=_search)
    associations: Allowance = field(default_factory=_associations)
    oauth: Allowance = field(default_factory=_oauth)
    journal: Allowance = field(default_factory=lambda: _by_second(90))  # of 100: an even pace in whole milliseconds
    journal_subscriptions: Allowance = field(default_factory=lambda: _by_second(50))
    journal_snapshots: Allowance = field(default_factory=lambda: _by_second(10))
    margin_ms: int = 10
    processes: int = 8

    def of(self, bucket: Bucket, private_app: PrivateApp | None = None) -> Allowance:
        """Return the allowance behind `bucket`, of a public app if none is named.

        Raises KeyError for EXEMPT, which has none.
        """
        return {
            Bucket.BURST: self.private_burst if private_app else self.burst,
            Bucket.DAILY: self.daily,
            Bucket.SEARCH: self.search,
            Bucket.ASSOCIATIONS: self.associations,
            Bucket.OAUTH: self.oauth,
            Bucket.JOURNAL: self.journal,
            Bucket.JOURNAL_SUBSCRIPTIONS: self.journal_subscriptions,
            Bucket.JOURNAL_SNAPSHOTS: self.journal_snapshots,
        }[bucket]

    def window_ms(self, bucket: Bucket) -> int:
        """Milliseconds until a place comes back, from when its call was answered.

        0 for the day: there places are for calls under way, to be added to what HubSpot has counted.
        """
        window_ms = self.of(bucket).window_ms
        return window_ms + self.margin_ms if window_ms else 0

    def rule(self, bucket: Bucket, work_class: WorkClass, private_app: PrivateApp | None, at: datetime) -> list[int]:
        """Return what the script has to know of a bucket; `at` is about now, aware."""
        allowance = self.of(bucket, private_app)
        share = allowance.shares[work_class]
        midnights = private_app.midnights_ms(at) if private_app and bucket is Bucket.DAILY else NO_MIDNIGHTS
        sizes = [allowance.calls, self.window_ms(bucket), allowance.at_first]
        return [*sizes, share.kept, allowance.interval_ms, share.burst_ms, *midnights]

    @property
    def longest_window_ms(self) -> int:
        """Milliseconds until the places of all buckets have come back."""
        return max(self.window_ms(bucket) for bucket in Bucket if bucket is not Bucket.EXEMPT)
