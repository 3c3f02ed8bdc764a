"""Who is at the browser: a HubSpot user, proven by a round trip to HubSpot, or nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from .models import Membership, Portal

LONGEST_SESSION = timedelta(hours=24)  # whatever happens meanwhile
PROVEN_FOR = timedelta(hours=12)  # then HubSpot is asked again whether the user belongs to the account
_KEY = "visitor"


@dataclass(frozen=True)
class Visitor:
    """A signed-in HubSpot user. Identity is `user_id`; the e-mail address is for display."""

    user_id: int
    email: str
    since: datetime

    @property
    def name(self) -> str:
        return self.email or f"User {self.user_id}"


class VisitorRequest(HttpRequest):
    """A portal page's request after the middleware: who asks, for which of their portals, and in which role."""

    visitor: Visitor
    memberships: QuerySet[Membership]  # all of the visitor's; not evaluated before a page lists them
    portal: Portal
    membership: Membership


def sign_in(request: HttpRequest, user_id: int, email: str) -> None:
    """Make this browser the user's. The session gets a new id; another user's session is dropped first."""
    before = read(request.session)
    if before is not None and before.user_id != user_id:
        request.session.flush()
    request.session.cycle_key()
    request.session[_KEY] = {"user_id": user_id, "email": email, "since": timezone.now().isoformat()}


def sign_out(request: HttpRequest) -> None:
    request.session.flush()


def read(session: SessionBase) -> Visitor | None:
    """Return who is signed in, or None: nobody, or for too long."""
    kept = session.get(_KEY)
    if kept is None:
        return None
    visitor = Visitor(kept["user_id"], kept["email"], datetime.fromisoformat(kept["since"]))
    return visitor if visitor.since > timezone.now() - LONGEST_SESSION else None


def prove(portal: Portal, user_id: int, email: str, *, first_role: Membership.Role) -> Membership:
    """Record that HubSpot says the user is in the account. A role once given is not changed by this."""
    membership, _ = Membership.objects.update_or_create(
        portal=portal,
        user_id=user_id,
        defaults={"email": email, "proven_at": timezone.now()},
        create_defaults={"email": email, "role": first_role},
    )
    return membership


def memberships_of(visitor: Visitor) -> QuerySet[Membership]:
    """Return the visitor's memberships of live portals that are proven recently enough, by portal."""
    proven = Membership.objects.filter(user_id=visitor.user_id, proven_at__gt=timezone.now() - PROVEN_FOR)
    return proven.filter(portal__state__in=Portal.LIVE).select_related("portal").order_by("portal__name", "portal_id")


def has_to_prove(visitor: Visitor, hub_id: int) -> bool:
    """Whether the visitor has a role in a portal, but HubSpot confirmed their membership too long ago."""
    memberships = Membership.objects.filter(user_id=visitor.user_id, portal__hub_id=hub_id)
    return memberships.filter(portal__state__in=Portal.LIVE, proven_at__lte=timezone.now() - PROVEN_FOR).exists()
