"""Who is at the browser: a HubSpot user, proven by a round trip to HubSpot, or nobody."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from ..audit import record
from ..bites import delete_in_bites
from ..models import Membership, Place, Portal, Visit
from ..signals import signed_out_everywhere
from . import places

PROVEN_FOR = timedelta(hours=12)  # then HubSpot is asked again whether the user belongs to the account
NOTED_EVERY = timedelta(minutes=1)  # opening pages is written down no more often
MOST_TOLD = 20  # portals in which a new place of somebody is written down
_KEY = "visit"  # the session's key for the id of the visit
_PAGE = "page"  # the session's key for the account and address of the page that had to wait for HubSpot


@dataclass(frozen=True)
class Visitor:
    """A signed-in HubSpot user. Identity is `user_id`; the e-mail address is for display."""

    visit_id: uuid.UUID
    user_id: int
    email: str
    seen_at: datetime  # when this browser opened a page last, to the minute

    @property
    def name(self) -> str:
        return self.email or f"User {self.user_id}"


class VisitorRequest(HttpRequest):
    """A portal page's request after the middleware: who asks, for which of their portals, and in which role."""

    visitor: Visitor
    memberships: QuerySet[
        Membership
    ]  # all of the visitor's that HubSpot has confirmed; a page that lists them reads them
    unproven: QuerySet[Membership]  # those that HubSpot has to confirm first
    portal: Portal
    membership: Membership


def sign_in(request: HttpRequest, user_id: int, email: str) -> None:
    """Make this browser the user's. The session gets a new id; another user's session is dropped first."""
    before = read(request.session)
    _forget(request.session)
    if before is not None and before.user_id != user_id:
        request.session.flush()
    visit = _begin_visit(request, user_id, email)
    request.session.cycle_key()
    request.session.set_expiry(Visit.LONGEST)
    request.session[_KEY] = str(visit.pk)


@transaction.atomic
def _begin_visit(request: HttpRequest, user_id: int, email: str) -> Visit:
    """Make the row that the session names. A place that is new to the user is written down in each of their portals."""
    place, is_news = places.note(request, Place.Who.PORTAL_USER, user_id, email)
    for membership in _memberships_in_live_portals(user_id)[:MOST_TOLD] if is_news else ():
        record(membership.portal, membership.name, "signed in from a new place", place.browser or "Unknown browser")
    now = timezone.now()
    return Visit.objects.create(
        user_id=user_id, email=email, browser=place.browser, place=place, began_at=now, seen_at=now
    )


def _memberships_in_live_portals(user_id: int) -> QuerySet[Membership]:
    return Membership.objects.filter(user_id=user_id, portal__state__in=Portal.LIVE).select_related("portal")


def sign_out(request: HttpRequest) -> None:
    _forget(request.session)
    request.session.flush()


def sign_out_elsewhere(visitor: Visitor, visit_id: uuid.UUID) -> bool:
    """End one of the visitor's visits in other browsers; False if there is none of that id."""
    deleted, _ = Visit.objects.filter(user_id=visitor.user_id, pk=visit_id).delete()
    return bool(deleted)


def sign_out_everywhere(request: HttpRequest, visitor: Visitor) -> int:
    """End all visits of the user, this one too, from their next request on; return how many."""
    with transaction.atomic():
        ended = Visit.objects.filter(user_id=visitor.user_id).delete()[0]
        signed_out_everywhere.send(Visit, user_id=visitor.user_id)
    request.session.flush()
    return ended


def read(session: SessionBase) -> Visitor | None:
    """Return who is signed in, or None: nobody, for too long, not for a while, or signed out from elsewhere."""
    visit_id = session.get(_KEY)
    visit = Visit.objects.open().filter(pk=visit_id).first() if visit_id else None
    return Visitor(visit.pk, visit.user_id, visit.email, visit.seen_at) if visit else None


def note(visitor: Visitor) -> None:
    """Write down that the visitor opens a page. What a page asks for by itself does not count: nobody may be there."""
    now = timezone.now()
    if visitor.seen_at < now - NOTED_EVERY:
        Visit.objects.filter(pk=visitor.visit_id).update(seen_at=now)


def visits_of(visitor: Visitor) -> QuerySet[Visit]:
    """Return in which browsers the visitor is signed in, the one used last first."""
    theirs = Visit.objects.open().filter(user_id=visitor.user_id)
    return theirs.select_related("place").order_by("-seen_at", "-began_at")


def purge() -> int:
    """Delete visits that are over; return how many."""
    rested = Visit.objects.filter(seen_at__lt=timezone.now() - Visit.LONGEST_PAUSE)
    lasted = Visit.objects.filter(began_at__lt=timezone.now() - Visit.LONGEST)
    return delete_in_bites(rested) + delete_in_bites(lasted)


def _forget(session: SessionBase) -> None:
    """End the visit that a session names."""
    if _KEY in session:
        Visit.objects.filter(pk=session.pop(_KEY)).delete()


def come_back_to(request: HttpRequest, hub_id: int) -> None:
    """Keep the address of one of an account's pages until HubSpot has confirmed that the visitor may open it."""
    request.session[_PAGE] = [hub_id, request.get_full_path()]


def page_left(session: SessionBase, hub_id: int) -> str | None:
    """Return the address kept for an account, once; None if there is none. It never comes from an address or a form."""
    kept_for, address = session.pop(_PAGE, (None, None))
    return address if kept_for == hub_id else None


def prove(portal: Portal, user_id: int, email: str, *, first_role: Membership.Role) -> tuple[Membership, bool]:
    """Record that HubSpot says the user is in the account; return them, and whether they are new here.

    A role once given is not changed by this.
    """
    now = timezone.now()
    return Membership.objects.select_related("portal").update_or_create(
        portal=portal,
        user_id=user_id,
        defaults={"email": email, "proven_at": now},
        create_defaults={"email": email, "proven_at": now, "role": first_role},
    )


def memberships_of(visitor: Visitor) -> QuerySet[Membership]:
    """Return the visitor's memberships of live portals that are proven recently enough, by portal."""
    proven = _memberships_in_live_portals(visitor.user_id).filter(proven_at__gt=timezone.now() - PROVEN_FOR)
    return proven.order_by("portal__name", "portal_id")


def to_be_proven(visitor: Visitor) -> QuerySet[Membership]:
    """Return the visitor's other memberships of live portals: HubSpot confirmed them too long ago."""
    unproven = _memberships_in_live_portals(visitor.user_id).filter(proven_at__lte=timezone.now() - PROVEN_FOR)
    return unproven.order_by("portal__name", "portal_id")
