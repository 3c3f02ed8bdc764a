"""Where people sign in from: the first time from a network or browser that is new to them is news, for them and staff.

A place is a network and a browser as a person would name it. Of an address only the part is kept that does not name a
household: 24 bits of IPv4, 48 of IPv6. Moving to another address of the same network is no news, so a thief next door
is not told apart; whoever's provider gives them another network each day is news each day.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from ..bites import delete_in_bites
from ..models import Place, Visit
from . import browsers

KEPT = timedelta(days=90)  # after it was used last
_BITS = {4: 24, 6: 48}

Who = Place.Who


def note(
    request: HttpRequest, who: Place.Who, person_id: int, name: str, *, known_since: datetime | None = None
) -> tuple[Place, bool]:
    """Keep where somebody has just signed in from; return the place, and whether that is news.

    In a transaction of the caller's: until its end nobody forgets the place. `known_since`: since when the person has
    had an account here, if that is known. Of two sign-ins at once from the same new place one is news.
    """
    network, browser = network_of(request), browsers.describe(request.headers.get("User-Agent", ""))
    theirs = of(who, person_id)
    found, is_new = Place.objects.select_for_update(no_key=True).get_or_create(
        who=who,
        person_id=person_id,
        network=network,
        browser=browser,
        defaults={"name": name, "is_news": lambda: _is_news(theirs, network, browser, known_since)},
    )
    if not is_new:
        theirs.filter(pk=found.pk).update(latest_at=timezone.now(), name=name)
    return found, is_new and found.is_news


def _is_news(theirs: QuerySet[Place], network: str, browser: str, known_since: datetime | None) -> bool:
    """Whoever comes for the first time has no other places; whoever has none left after so long is at a new one."""
    known = list(theirs.values_list("network", "browser"))
    if not known:
        return known_since is not None and known_since < timezone.now() - KEPT
    return network not in {one for one, _ in known} or browser not in {one for _, one in known}


def network_of(request: HttpRequest) -> str:
    """Return the network that a request comes from, "" if nobody knows.

    The address is the connection's; with BEHIND_TLS_PROXY the one that our proxy has put last into X-Forwarded-For.
    """
    try:
        address = ipaddress.ip_address(get_adapter().get_client_ip(request))
    except (PermissionDenied, ImproperlyConfigured, ValueError):
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address.packed, _BITS[address.version]), strict=False))


def of(who: Place.Who, person_id: int) -> QuerySet[Place]:
    """Return somebody's places, the one used last first."""
    return Place.objects.filter(who=who, person_id=person_id).order_by("-latest_at", "-pk")


def unseen(places: QuerySet[Place]) -> QuerySet[Place]:
    """Return those that were new, and nobody has said that they are all right."""
    return places.filter(is_news=True, seen_at=None)


def unseen_of_staff() -> QuerySet[Place]:
    return unseen(Place.objects.filter(who=Who.STAFF)).order_by("-first_at")


def see(places: QuerySet[Place], by: str) -> list[Place]:
    """Say of new places that they are all right; return those of which nobody had said so."""
    seen = list(unseen(places))
    Place.objects.filter(pk__in=[place.pk for place in seen], seen_at=None).update(seen_at=timezone.now(), seen_by=by)
    return seen


def purge() -> int:
    """Forget places that nobody has signed in from for long; return how many."""
    is_named = Exists(Visit.objects.filter(place=OuterRef("pk")))
    return delete_in_bites(Place.objects.filter(~is_named, latest_at__lt=timezone.now() - KEPT))
