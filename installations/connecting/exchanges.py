"""Which codes are taken to HubSpot's token endpoint: anybody may call our callback, and each code costs a call there.

HubSpot counts an app's failing calls, and renewals for all portals go through the same endpoint. In a table of their
own rather than in the cache: whoever floods us must not crowd out the counts of staff's sign-in attempts.
"""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import timedelta
from enum import StrEnum

from django.utils import timezone

from ..bites import delete_in_bites
from ..models import Exchange

PER_MINUTE = 30  # by one address
REMEMBERED = timedelta(minutes=15)  # longer than HubSpot's codes live


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

    Codes that HubSpot could not be asked about count as well: whoever starts again brings a new one. An address is
    looked at first, so that a flood leaves no rows; requests in the same moment may each take the last place.
    """
    network = _digest(_network(address))
    lately = Exchange.objects.filter(network_digest=network, at__gt=timezone.now() - timedelta(minutes=1))
    if lately.count() >= PER_MINUTE:
        raise ExchangeRefused(ExchangeProblem.TOO_MANY)
    _, is_first = Exchange.objects.get_or_create(code_digest=_digest(code), defaults={"network_digest": network})
    if not is_first:
        raise ExchangeRefused(ExchangeProblem.SEEN)


def purge() -> int:
    """Forget codes that HubSpot no longer takes; return how many."""
    return delete_in_bites(Exchange.objects.filter(at__lt=timezone.now() - REMEMBERED))


def _network(address: str) -> str:
    """Return an address, and of the sixth version only what its owner cannot choose: the first 64 bits."""
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if version == 6 else address


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
