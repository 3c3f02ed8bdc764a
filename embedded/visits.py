"""Who may have the embedded view open: offered to a card, opened once, over in minutes, or at once when access ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from hubspot_api.secret import Secret
from installations.bites import delete_in_bites
from installations.calls import switches
from installations.models import Membership, Portal
from installations.people.access import Role, has_role

from . import tokens
from .calls import CardCall
from .models import CardVisit
from .tokens import Claims, Purpose, TokenRefused

MOST_OFFERED = 20  # to one user of one account
_WITHIN = timedelta(minutes=5)
_KEPT = timedelta(minutes=10)  # longer than any token lives


class NotOffered(Exception):
    """The view is not for this user, or not now. The message says why, to them."""

    status = 403


class OfferedTooOften(NotOffered):
    """A person opens a few."""

    status = 429


class OfferUsed(NotOffered):
    """The request was answered before, and its view opened: it is repeated by somebody else than HubSpot."""

    status = 409


class VisitOver(Exception):
    """The token opens nothing, or nothing any more. Which of the reasons it is, is not for whoever holds it."""


@dataclass(frozen=True)
class OpenVisit:
    """An embedded view that may show something, and to whom."""

    visit: CardVisit
    membership: Membership

    @property
    def portal(self) -> Portal:
        return self.membership.portal


def may_open(membership: Membership | None) -> bool:
    """Whether somebody may have the view: let in here, in an account that is connected and not stopped."""
    if membership is None or not has_role(membership, Role.VIEWER):
        return False
    portal = membership.portal
    return portal.state == Portal.State.ACTIVE and not switches.stopped_since(portal.hub_id, timezone.now())


def offer(call: CardCall, membership: Membership | None) -> Secret:
    """Return the token that opens the view. Raises NotOffered.

    HubSpot repeats a request once when its answer is lost. Repeated, it brings the same token and no other, and none
    once that was used.
    """
    if membership is None or not may_open(membership):
        raise NotOffered("You have no access to this account's records here.")
    _refuse_many(call, membership)
    visit = _noted(call, membership)
    if visit.opened_at is not None:
        raise OfferUsed("This view was opened already.")
    return tokens.issue(Purpose.OPEN, Claims(visit.pk, visit.portal_id, visit.user_id, visit.issued_at))


def _noted(call: CardCall, membership: Membership) -> CardVisit:
    """Return the row of this request, whichever of its repetitions made it. Raises NotOffered."""
    row = CardVisit(
        portal=membership.portal,
        user_id=membership.user_id,
        object_type=call.object_type_id,
        record_id=call.record_id,
        request_key=call.key,
        issued_at=_to_the_millisecond(),
    )
    CardVisit.objects.bulk_create([row], ignore_conflicts=True)
    visit = CardVisit.objects.filter(request_key=call.key).first()
    if visit is None:  # they signed out everywhere, or the account was disconnected, at this very moment
        raise NotOffered("Your access ended while this was being opened. Try again.")
    return visit


def begin(token: str) -> tuple[OpenVisit, Secret]:
    """Use an opening token up; return the visit and the token that its page reads with. Raises VisitOver."""
    now = _to_the_millisecond()
    claims = _verified(Purpose.OPEN, token)
    unopened = CardVisit.objects.filter(
        pk=claims.visit_id, portal=claims.portal_id, user_id=claims.user_id, opened_at=None
    )
    if unopened.update(opened_at=now) != 1:
        raise VisitOver
    return _still_open(claims), tokens.issue(Purpose.READ, replace(claims, issued_at=now))


def read(token: str) -> OpenVisit:
    """Return the visit that an opened view's token belongs to. Raises VisitOver."""
    return _still_open(_verified(Purpose.READ, token))


def end_all_of(user_id: int) -> None:
    """Close whatever a user has open, or could open."""
    CardVisit.objects.filter(user_id=user_id).delete()


def purge() -> int:
    """Delete visits that are over; return how many."""
    return delete_in_bites(CardVisit.objects.filter(issued_at__lt=timezone.now() - _KEPT))


def _verified(purpose: Purpose, token: str) -> Claims:
    try:
        return tokens.verify(purpose, token, timezone.now())
    except TokenRefused as error:
        raise VisitOver from error


def _still_open(claims: Claims) -> OpenVisit:
    """Look at everything that may have ended it since. Raises VisitOver."""
    visit = CardVisit.objects.filter(
        pk=claims.visit_id, portal=claims.portal_id, user_id=claims.user_id, opened_at__isnull=False
    ).first()
    member = Membership.objects.select_related("portal").filter(portal=claims.portal_id, user_id=claims.user_id).first()
    if visit is None or member is None or not may_open(member):
        raise VisitOver
    if switches.stopped_since(member.portal.hub_id, visit.issued_at):
        raise VisitOver
    return OpenVisit(visit, member)


def _refuse_many(call: CardCall, membership: Membership) -> None:
    of_user = CardVisit.objects.filter(portal=membership.portal, user_id=membership.user_id)
    latest = of_user.filter(issued_at__gt=timezone.now() - _WITHIN).exclude(request_key=call.key)
    if latest.count() >= MOST_OFFERED:
        raise OfferedTooOften("You opened this view too often. Try again in a few minutes.")


def _to_the_millisecond() -> datetime:
    """As tokens say it, so that the row and the token agree."""
    now = timezone.now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
