"""Which codes are taken to HubSpot's token endpoint: anybody may call our callback, and each code costs a call there.

HubSpot counts an app's failing calls, and renewals for all portals go through the same endpoint.
"""

from __future__ import annotations

import hashlib
import time
from enum import StrEnum

from django.core.cache import cache

PER_MINUTE = 30  # by one address
REMEMBERED_S = 15 * 60  # longer than HubSpot's codes live


class ExchangeProblem(StrEnum):
    """Why a code is not taken to HubSpot."""

    SEEN = "seen"
    TOO_MANY = "too_many"


class ExchangeRefused(Exception):
    """The code came before, or too many came from one address."""

    def __init__(self, problem: ExchangeProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def admit(code: str, address: str) -> None:
    """Let a code through once, and so many codes of one address a minute. Raises ExchangeRefused.

    Codes that HubSpot could not be asked about count as well: whoever starts again brings a new one.
    """
    if not cache.add(f"code:{_digest(code)}", 1, REMEMBERED_S):
        raise ExchangeRefused(ExchangeProblem.SEEN)
    if _count(f"exchanges:{_digest(address)}:{int(time.time()) // 60}") > PER_MINUTE:
        raise ExchangeRefused(ExchangeProblem.TOO_MANY)


def _count(key: str) -> int:
    """Return how often this was called, about: of two calls in the same moment one may not count."""
    cache.add(key, 0, 120)
    return int(cache.incr(key))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
