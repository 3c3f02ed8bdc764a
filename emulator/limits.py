"""Rate limits, counted as the server sees calls arrive, in windows that roll.

developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from emulator.errors import RateLimited
from emulator.oauth.grants import AccessToken
from emulator.portals import Portal

TEN_SECONDS = 10.0
OAUTH_BURST = 110
SEARCH_PER_SECOND = 5

# Calls in ten seconds and calls in a day, by the account's tier.
_PRIVATE_BURST = {"free": 100, "starter": 100, "professional": 190, "enterprise": 190}
_PRIVATE_DAILY = {"free": 250_000, "starter": 250_000, "professional": 625_000, "enterprise": 1_000_000}
# The associations API has an allowance of its own. developers.hubspot.com/docs/guides/api/crm/associations
_ASSOCIATIONS_BURST = {"free": 100, "starter": 100, "professional": 150, "enterprise": 150}


# With the API Limit Increase, of which an account has at most two.
INCREASED_BURST = 250
INCREASED_DAILY = 1_000_000
MOST_INCREASES = 2


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


@dataclass
class Crowd:
    """Calls of others that fall into one of the windows, at random moments, the same for the same seed."""

    # The window's name, app, account, limit and span.
    window: tuple[str, int, int, int, float]
    per_second: float
    # In virtual time.
    until_ms: int
    dice: random.Random
    _next_at: float = 0.0

    def begin(self, now: float) -> None:
        self._next_at = now + self.dice.expovariate(self.per_second)

    def calls_until(self, now: float) -> list[float]:
        # Calls that have long left the window need not be made; whoever looks comes at any moment of theirs.
        span = self.window[4]
        if self._next_at < now - 3 * span:
            self._next_at = now - (3 - self.dice.random()) * span
        calls = []
        while self._next_at <= now:
            calls.append(self._next_at)
            self._next_at += self.dice.expovariate(self.per_second)
        return calls


def search_crowd(hub_id: int, per_second: float, until_ms: int, seed: int) -> Crowd:
    """Other apps' searches: the allowance is the account's."""
    window = ("search", 0, hub_id, SEARCH_PER_SECOND, 1.0)
    return Crowd(window, per_second, until_ms, random.Random(seed))


def burst_crowd(app_id: int, hub_id: int, per_second: float, until_ms: int, seed: int) -> Crowd:
    """Other processes that use the same app's tokens of the account."""
    window = ("burst", app_id, hub_id, OAUTH_BURST, TEN_SECONDS)
    return Crowd(window, per_second, until_ms, random.Random(seed))


@dataclass(frozen=True)
class TokenLimit:
    """So many calls of the token endpoints per app."""

    calls: int
    seconds: float
    # In virtual time; None: until it is taken back.
    until_ms: int | None = None


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
        self._crowds: list[Crowd] = []
        # HubSpot documents no limit of its token endpoints, so there is none unless it is asked for.
        self._token_limit: TokenLimit | None = None

    def charge(self, token: AccessToken, portal: Portal, meter: Meter, now_ms: int) -> Charge:
        """Count a call in the windows of its app and account. `now_ms` is virtual: it tells the account's day.

        Raises Refused, which holds the charge too. A call that is refused counts nowhere.
        """
        now = self._now()
        if self._crowds:
            self._let_others_call(now, now_ms)
        hub_id = portal.hub_id
        limit = burst_limit(portal) if token.private else OAUTH_BURST
        burst = self._window("burst", token.app_id, hub_id, limit, TEN_SECONDS)
        search = self._window("search", 0, hub_id, SEARCH_PER_SECOND, 1.0)
        charge = Charge(exempt=meter is not Meter.BURST, burst_limit=limit)
        if not token.private:
            refused = self._count(charge, token, portal, meter, now, burst, search)
        else:
            with self._lock:
                refused = self._day_left(charge, portal, portal.day(now_ms)) or self._count(
                    charge, token, portal, meter, now, burst, search
                )
                if refused is None:
                    charge.daily_used += 1
                    self._days[hub_id] = (portal.day(now_ms), charge.daily_used)
        if refused is not None:
            raise Refused(refused, charge)
        return charge

    def _count(
        self,
        charge: Charge,
        token: AccessToken,
        portal: Portal,
        meter: Meter,
        now: float,
        burst: Window,
        search: Window,
    ) -> RateLimited | None:
        if meter is Meter.BURST:
            passed, charge.burst_in_window = burst.take(now)
            charge.search_in_window = search.count(now)
            return None if passed else RateLimited("TEN_SECONDLY_ROLLING", _group(token, portal.hub_id))
        charge.burst_in_window = burst.count(now)
        if meter is Meter.SEARCH:
            passed, charge.search_in_window = search.take(now)
            return None if passed else RateLimited("SECONDLY")
        charge.search_in_window = search.count(now)
        if meter is Meter.ASSOCIATIONS:
            allowance = _ASSOCIATIONS_BURST[portal.tier]
            passed, _ = self._window("associations", token.app_id, portal.hub_id, allowance, TEN_SECONDS).take(now)
            return None if passed else RateLimited("TEN_SECONDLY_ROLLING", _group(token, portal.hub_id))
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

    def _day_left(self, charge: Charge, portal: Portal, day: int) -> RateLimited | None:
        """The daily allowance is shared by all private apps of an account and starts anew at its midnight.

        What is exempt from the burst limit is not exempt from this one.
        """
        charge.daily_used, charge.daily_limit = self.daily_usage(portal, day)
        return RateLimited("DAILY") if charge.daily_used >= charge.daily_limit else None

    def daily_usage(self, portal: Portal, day: int) -> tuple[int, int]:
        """Calls of private apps today, and how many they may make."""
        today, used = self._days.get(portal.hub_id, (day, 0))
        return (used if today == day else 0), daily_limit(portal)

    def set_daily_usage(self, portal: Portal, day: int, used: int) -> None:
        """As if private apps had made so many calls today."""
        with self._lock:
            self._days[portal.hub_id] = (day, used)

    def token_limit_at(self, now_ms: int) -> TokenLimit | None:
        limit = self._token_limit
        over = limit is not None and limit.until_ms is not None and now_ms >= limit.until_ms
        return None if over else limit

    def charge_token_call(self, app_id: int, now_ms: int) -> None:
        """Raises RateLimited."""
        limit = self.token_limit_at(now_ms)
        if limit is None:
            return
        passed, _ = self._window("token", app_id, 0, limit.calls, limit.seconds).take(self._now())
        if not passed:
            raise RateLimited("TEN_SECONDLY_ROLLING")

    def limit_token_calls(self, limit: TokenLimit | None) -> None:
        """Calls made before do not count."""
        with self._lock:
            self._token_limit = limit
            for key in [key for key in self._windows if key[0] == "token"]:
                del self._windows[key]

    def add_crowd(self, crowd: Crowd) -> None:
        with self._lock:
            crowd.begin(self._now())
            self._crowds.append(crowd)

    def remove_crowd(self, crowd: Crowd) -> None:
        with self._lock:
            self._crowds = [each for each in self._crowds if each is not crowd]

    def _let_others_call(self, now: float, now_ms: int) -> None:
        with self._lock:
            self._crowds = [crowd for crowd in self._crowds if now_ms < crowd.until_ms]
            due = [(at, crowd) for crowd in self._crowds for at in crowd.calls_until(now)]
        for at, crowd in sorted(due, key=lambda pair: pair[0]):
            self._window(*crowd.window).take(at)

    def _window(self, name: str, app_id: int, hub_id: int, limit: int, span: float) -> Window:
        key = (name, app_id, hub_id)
        window = self._windows.get(key)
        if window is None:
            window = self._windows.setdefault(key, Window(limit, span))
        window.limit = limit
        return window

    def clear(self) -> None:
        with self._lock:
            self._windows.clear()
            self._days.clear()
            self._crowds = []
            self._token_limit = None


def burst_limit(portal: Portal) -> int:
    """Of a private app. The API Limit Increase raises it once, however many there are."""
    return INCREASED_BURST if portal.api_limit_increases else _PRIVATE_BURST[portal.tier]


def daily_limit(portal: Portal) -> int:
    return _PRIVATE_DAILY[portal.tier] + INCREASED_DAILY * portal.api_limit_increases


class Refused(Exception):
    """A limit was reached; `answer` is what HubSpot says to it."""

    def __init__(self, answer: RateLimited, charge: Charge) -> None:
        super().__init__(answer.message)
        self.answer = answer
        self.charge = charge


def _group(token: AccessToken, hub_id: int) -> str | None:
    """Seen for private apps; unknown for OAuth apps, hence absent."""
    if token.expires_at is not None:
        return None
    return f"publicapi:private_app-api-calls-ten-secondly:{hub_id}:{token.app_id}"
