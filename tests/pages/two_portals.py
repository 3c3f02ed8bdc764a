"""Two portals side by side, whose people and data differ in everything that is shown: what belongs to which is seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.test import Client
from django.utils import timezone

from crm.models import Association, ClosedFeature, FeedHead, Owner, Property, Record, Sync
from crm.object_types import CONTACT
from embedded.models import CardVisit
from installations.models import (
    Anomaly,
    ApiCall,
    AuditEntry,
    Credential,
    Mail,
    Membership,
    OwnershipClaim,
    Place,
    Portal,
    Visit,
)
from lanes.models import Lane
from tests.portals import make_member, make_portal
from webhooks.models import Event, Failure

from .furniture import ADMIN, CONTACT_ID, OWNER, add_record, browser_of, furnished

SHIFT = 100  # what the people of the second portal are apart from those of the first
UNIQUE = 4700  # ids of records that only one portal has


@dataclass(frozen=True)
class Side:
    """One of the two portals."""

    number: int
    portal: Portal
    browsers: dict[int | None, Client] = field(default_factory=dict, compare=False)  # of its owner, an admin, nobody

    def user(self, role: int) -> int:
        return role + self.number * SHIFT

    @property
    def mark(self) -> str:
        """A word that nothing but this portal's data holds."""
        return f"mark{self.number}of{self.portal.hub_id}"


def two_portals() -> tuple[Side, Side]:
    """Return two portals whose people and data differ in every text and figure that a page shows."""
    sides = tuple(Side(number, furnished("scopes_missing" if number else "in_sync")) for number in (0, 1))
    for side in sides:
        _mark(side)
        _add_unproven(side)
        for user_id in (side.user(OWNER), side.user(ADMIN), None):
            side.browsers[user_id] = browser_of(user_id)
    Visit.objects.update(seen_at=timezone.now() + timedelta(hours=1))  # so that no page opened moves it
    return sides[0], sides[1]


def _add_unproven(side: Side) -> None:
    """The owner has a role in a third portal too, which HubSpot confirmed too long ago."""
    third = make_portal(connected=False)
    unproven = make_member(third, side.user(OWNER), Membership.Role.VIEWER)
    Membership.objects.filter(pk=unproven.pk).update(proven_at="2020-01-01T00:00:00Z")


def _mark(side: Side) -> None:
    """Make every text and figure of a portal one that the other portal has not."""
    then = timezone.now() - timedelta(days=2 + side.number)
    _mark_people(side)
    _mark_portal(side)
    _mark_mirror(side)
    _mark_progress(side, then)
    _mark_work(side)
    _add_traces(side, then)
    _add_claim(side, then)
    _add_places(side)
    side.portal.refresh_from_db()


def _mark_people(side: Side) -> None:
    Membership.objects.filter(portal=side.portal).update(
        user_id=F("user_id") + side.number * SHIFT, email=Concat(Value(f"{side.mark}-"), "email")
    )


def _mark_portal(side: Side) -> None:
    portal, mark = side.portal, side.mark
    Portal.objects.filter(pk=portal.pk).update(name=f"Name {mark}", installed_by_email=f"{mark}@example.com")
    AuditEntry.objects.filter(portal=portal).update(actor=f"actor-{mark}", detail=mark)
    Credential.objects.filter(portal=portal).update(
        latest_error=f"Error {mark}", scopes=["oauth", mark] + settings.HUBSPOT_SCOPES * (1 - side.number)
    )


def _mark_mirror(side: Side) -> None:
    portal, mark = side.portal, side.mark
    add_record(portal, CONTACT, UNIQUE + side.number, properties={"email": f"{mark}@example.com"})
    Record.objects.filter(portal=portal).update(
        title=Concat(Value(f"{mark} "), "title"), properties={"firstname": mark}
    )
    Owner.objects.filter(portal=portal).update(name=f"Owner {mark}")
    Property.objects.filter(portal=portal).update(label=Concat(Value(f"{mark} "), "label"))
    Association.objects.filter(portal=portal).update(label=f"Label {mark}")


def _mark_progress(side: Side, then: datetime) -> None:
    """How far the mirror got, and what it goes without."""
    portal = side.portal
    Sync.objects.filter(portal=portal).update(
        live_records=1_000 + side.number, reconciled_at=then, properties_read_at=then
    )
    FeedHead.objects.filter(portal=portal).update(position=500 + side.number, moved_at=then)
    ClosedFeature.objects.filter(portal=portal).update(scopes=[side.mark])


def _mark_work(side: Side) -> None:
    """Events and lanes: the second portal's are held back."""
    portal, mark = side.portal, side.mark
    Event.objects.filter(portal=portal).update(event_type=Concat("event_type", Value(f".{mark}")))
    Failure.objects.filter(portal=portal).update(reason=f"Failed {mark}")
    Lane.objects.filter(portal=portal).update(
        latest_error=f"Migrating: {mark}" if side.number else "",
        not_before=timezone.now() + timedelta(hours=1) if side.number else None,
    )


def _add_traces(side: Side, then: datetime) -> None:
    """What calls, mails and the card have left behind."""
    portal, mark = side.portal, side.mark
    times = {"attempts": 1, "waited_ms": 0, "took_ms": 1, "received_bytes": 1}
    ApiCall.objects.create(portal=portal, at=then, method="GET", path=f"/{mark}", status=200, **times)
    Anomaly.objects.create(portal=portal, kind=Anomaly.Kind.CALLS, figure=700 + side.number, usual=1, limit=600)
    Mail.objects.create(portal=portal, kind="reconnect", about=mark, to=f"{mark}@example.com", due_at=then)
    opened = {"object_type": CONTACT.id, "record_id": CONTACT_ID, "request_key": mark.encode(), "issued_at": then}
    CardVisit.objects.create(portal=portal, user_id=side.user(OWNER), **opened)


def _add_claim(side: Side, then: datetime) -> None:
    admin = Membership.objects.get(portal=side.portal, role=Membership.Role.ADMIN)
    OwnershipClaim.objects.create(portal=side.portal, claimant=admin, claimed_at=then)


def _add_places(side: Side) -> None:
    """Where its people signed in from; all of it is news."""
    for user_id in Membership.objects.filter(portal=side.portal).values_list("user_id", flat=True):
        whose = {"who": Place.Who.PORTAL_USER, "person_id": user_id, "name": side.mark}
        Place.objects.create(**whose, network=f"network {side.mark}", browser="", is_news=True)
