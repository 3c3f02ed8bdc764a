"""Rate limits, counted as the server sees calls arrive, in windows that roll.

developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from emulator.errors import RateLimited
from emulator.oauth.grants import AccessToken

TEN_SECONDS = 10.0
OAUTH_BURST = 110
SEARCH_PER_SECOND = 5

# Calls in ten seconds and calls in a day, by the account's tier.
_PRIVATE_BURST = {"free": 100, "starter": 100, "professional": 190, "enterprise": 190}
_PRIVATE_DAILY = {"free": 250_000, "starter": 250_000, "professional": 625_000, "enterprise": 1_000_000}
# The associations API has an allowance of its own. developers.hubspot.com/docs/guides/api/crm/associations
_ASSOCIATIONS_BURST = {"free": 100, "starter": 100, "professional": 150, "enterprise": 150}


class Meter(Enum):
    """How a call counts."""

    BURST = "burst"
    SEARCH = "search"
    ASSOCIATIONS = "associations"
    # What an app does in its own name, in no account.
    JOURNAL = "journal"
    JOURNAL_SUBSCRIPTIONS = "journal subscriptions"
    JOURNAL_SNAPSHOTS = "journal snapshots"
    NONE = "none"


# In a second, per app. developers.hubspot.com/docs/api-reference/latest/webhooks-journal/guide
_APP_PER_SECOND = {Meter.JOURNAL: 100, Meter.JOURNAL_SUBSCRIPTIONS: 50, Meter.JOURNAL_SNAPSHOTS: 10}


class Window:
    """At most `limit` calls in any `span` seconds. A refused call does not count."""

    __slots__ = ("_calls", "_lock", "limit", "span")

    def __init__(self, limit: int, span: float) -> None:
        self.limit = limit
        self.span = span
        self._calls: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self, now: float) -> tuple[bool, int]:
        """Whether the call may pass, and how many are in the window then."""
        with self._lock:
            self._leave(now)
            if len(self._calls) >= self.limit:
                return False, len(self._calls)
            self._calls.append(now)
            return True, len(self._calls)

    def count(self, now: float) -> int:
        with self._lock:
            self._leave(now)
            return len(self._calls)

    def _leave(self, now: float) -> None:
        gone = now - self.span
        calls = self._calls
        while calls and calls[0] <= gone:
            calls.popleft()


@dataclass(slots=True)
class Charge:
    """What one call did to the windows, for its headers and the ledger."""

    burst_in_window: int = 0
    search_in_window: int = 0
    exempt: bool = False
    burst_limit: int = 0
    daily_limit: int | None = None
    daily_used: int = 0

    def headers(self) -> list[tuple[str, str]]:
        """None on calls that are exempt from the burst limit; the daily ones are not sent to OAuth apps."""
        if self.exempt:
            return []
        left = max(0, self.burst_limit - self.burst_in_window)
        secondly = self.burst_limit // 10
        headers = [
            ("X-HubSpot-RateLimit-Max", str(self.burst_limit)),
            ("X-HubSpot-RateLimit-Remaining", str(left)),
            ("X-HubSpot-RateLimit-Interval-Milliseconds", "10000"),
            ("X-HubSpot-RateLimit-Secondly", str(secondly)),
            ("X-HubSpot-RateLimit-Secondly-Remaining", str(min(left, secondly))),
        ]
        if self.daily_limit is not None:
            headers += [
                ("X-HubSpot-RateLimit-Daily", str(self.daily_limit)),
                ("X-HubSpot-RateLimit-Daily-Remaining", str(max(0, self.daily_limit - self.daily_used))),
            ]
        return headers


class Limits:
    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, int, int], Window] = {}
        # Private apps' calls of an account's day: the day's number and the calls.
        self._days: dict[int, tuple[int, int]] = {}

    def charge(self, token: AccessToken, hub_id: int, tier: str, meter: Meter, day: int) -> Charge:
        """Count a call in the windows of its app and account. The charge tells whether it was refused, by raising.

        Raises RateLimited, with the charge as its second argument.
        """
        now = self._now()
        limit = _PRIVATE_BURST[tier] if token.private else OAUTH_BURST
        burst = self._window("burst", token.app_id, hub_id, limit, TEN_SECONDS)
        search = self._window("search", 0, hub_id, SEARCH_PER_SECOND, 1.0)
        charge = Charge(exempt=meter is not Meter.BURST, burst_limit=limit)
        if token.private and meter is Meter.BURST:
            self._charge_day(charge, hub_id, tier, day)
        refused = self._count(charge, token, hub_id, tier, meter, now, burst, search)
        if refused is not None:
            raise Refused(refused, charge)
        return charge

    def _count(
        self,
        charge: Charge,
        token: AccessToken,
        hub_id: int,
        tier: str,
        meter: Meter,
        now: float,
        burst: Window,
        search: Window,
    ) -> RateLimited | None:
        if meter is Meter.BURST:
            passed, charge.burst_in_window = burst.take(now)
            charge.search_in_window = search.count(now)
            return None if passed else RateLimited("TEN_SECONDLY_ROLLING", _group(token, hub_id))
        charge.burst_in_window = burst.count(now)
        if meter is Meter.SEARCH:
            passed, charge.search_in_window = search.take(now)
            return None if passed else RateLimited("SECONDLY")
        charge.search_in_window = search.count(now)
        if meter is Meter.ASSOCIATIONS:
            allowance = _ASSOCIATIONS_BURST[tier]
            passed, _ = self._window("associations", token.app_id, hub_id, allowance, TEN_SECONDS).take(now)
            return None if passed else RateLimited("TEN_SECONDLY_ROLLING", _group(token, hub_id))
        return None

    def charge_app(self, app_id: int, meter: Meter) -> Charge:
        """Count a call that an app makes in its own name.

        Raises Refused; unlike other calls, these say when to come again.
        """
        window = self._window(meter.value, app_id, 0, _APP_PER_SECOND[meter], 1.0)
        passed, _ = window.take(self._now())
        charge = Charge(exempt=True)
        if not passed:
            answer = RateLimited("SECONDLY")
            answer.headers["Retry-After"] = "1"
            raise Refused(answer, charge)
        return charge

    def _charge_day(self, charge: Charge, hub_id: int, tier: str, day: int) -> None:
        """The daily allowance is shared by all private apps of an account and starts anew at its midnight."""
        charge.daily_limit = _PRIVATE_DAILY[tier]
        with self._lock:
            today, used = self._days.get(hub_id, (day, 0))
            used = used + 1 if today == day else 1
            charge.daily_used = min(used, charge.daily_limit)
            if used > charge.daily_limit:
                raise Refused(RateLimited("DAILY"), charge)
            self._days[hub_id] = (day, used)

    def daily_usage(self, hub_id: int, tier: str, day: int) -> tuple[int, int]:
        """Calls of private apps today, and how many they may make."""
        today, used = self._days.get(hub_id, (day, 0))
        return (used if today == day else 0), _PRIVATE_DAILY[tier]

    def _window(self, name: str, app_id: int, hub_id: int, limit: int, span: float) -> Window:
        key = (name, app_id, hub_id)
        window = self._windows.get(key)
        if window is None:
            with self._lock:
                window = self._windows.setdefault(key, Window(limit, span))
        return window

    def clear(self) -> None:
        with self._lock:
            self._windows.clear()
            self._days.clear()


class Refused(Exception):
    """A limit was reached; `answer` is what HubSpot says to it."""

    def __init__(self, answer: RateLimited, charge: Charge) -> None:
        super().__init__(answer.message)
        self.answer = answer
        self.charge = charge


def _group(token: AccessToken, hub_id: int) -> str | None:
    """Seen for private apps; unknown for OAuth apps, hence absent."""
    if not token.private:
        return None
    return f"publicapi:private_app-api-calls-ten-secondly:{hub_id}:{token.app_id}"
