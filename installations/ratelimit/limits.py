"""What HubSpot allows, as data, and how we divide it between our kinds of work."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from hubspot_api.ports import Bucket


class WorkClass(IntEnum):
    """Who goes first when calls have to wait."""

    URGENT = 0  # a person is waiting: pages, sign-in, token refresh
    EVENTS = 1
    ROUTING = 2
    BULK = 3  # backfill, reconcile


UNPACED_MS = 10**9  # a burst that never ends


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

    `tells`: whether the X-HubSpot-RateLimit headers of an answer are about this allowance.
    """

    calls: int
    window_ms: int
    shares: tuple[Share, Share, Share, Share]
    tells: bool = False

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


@dataclass(frozen=True, slots=True)
class Limits:
    """HubSpot's allowances, and what we assume about ourselves.

    `margin_ms` is added to every window: for rounding, and for Redis' clock being adjusted.
    `processes` is how many processes call HubSpot: without Redis, each may use its part of half the allowance.
    """

    burst: Allowance = field(default_factory=_burst)
    search: Allowance = field(default_factory=_search)
    associations: Allowance = field(default_factory=_associations)
    oauth: Allowance = field(default_factory=_oauth)
    margin_ms: int = 10
    processes: int = 8

    def of(self, bucket: Bucket) -> Allowance:
        """Return the allowance behind `bucket`. Raises KeyError for EXEMPT, which has none."""
        return {
            Bucket.BURST: self.burst,
            Bucket.SEARCH: self.search,
            Bucket.ASSOCIATIONS: self.associations,
            Bucket.OAUTH: self.oauth,
        }[bucket]

    def window_ms(self, bucket: Bucket) -> int:
        """Milliseconds until a place comes back, from when its call was answered."""
        return self.of(bucket).window_ms + self.margin_ms

    @property
    def longest_window_ms(self) -> int:
        """Milliseconds until the places of all buckets have come back."""
        return max(self.window_ms(bucket) for bucket in Bucket if bucket is not Bucket.EXEMPT)
