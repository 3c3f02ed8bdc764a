"""Who owns a portal's connection: it is handed on, or claimed when its owner is gone. There is always exactly one.

HubSpot tells nobody when a user leaves an account, so an owner who has gone is one whom HubSpot has not confirmed for
a long time. That may also be somebody on leave: hence a claim is announced, waits, and ends when the owner signs in.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from ..audit import record
from ..models import Membership, OwnershipClaim, Portal
from . import access_mails, members
from .members import NotAllowed
from .visitors import PROVEN_FOR

Role = Membership.Role

GONE_AFTER = timedelta(days=30)  # without a confirmation by HubSpot
OBJECT_WITHIN = timedelta(days=7)  # the owner, by signing in
LAPSES_AFTER = timedelta(days=30)  # a claim that nobody has brought to its end


def owner_of(portal: Portal) -> Membership | None:
    """Return the owner; None only while the portal is being left."""
    return portal.memberships.filter(role=Role.OWNER).first()


def heirs(members: QuerySet[Membership]) -> QuerySet[Membership]:
    """Return to whom of a portal's people its owner may transfer: HubSpot confirmed them within the last hours."""
    others = members.filter(role__in=[Role.ADMIN, Role.VIEWER])
    return others.filter(proven_at__gt=timezone.now() - PROVEN_FOR).order_by("role", "email")


def claim_on(portal: Portal) -> OwnershipClaim | None:
    """Return the claim under way, if any."""
    recent = OwnershipClaim.objects.filter(portal=portal, claimed_at__gt=timezone.now() - LAPSES_AFTER)
    return recent.select_related("claimant").first()


def ripe_at(claim: OwnershipClaim) -> datetime:
    return claim.claimed_at + OBJECT_WITHIN


def claimable_at(owner: Membership) -> datetime:
    """Return from when on the owner counts as gone, if HubSpot does not confirm them before."""
    return owner.proven_at + GONE_AFTER


def transfer(actor: Membership, member_id: int) -> Membership:
    """Make another member the owner; the owner becomes an admin. Raises NotAllowed, Membership.DoesNotExist."""
    with transaction.atomic():
        _require(actor, Role.OWNER, "You do not own this connection any more: it was transferred meanwhile.")
        named = actor.portal.memberships.filter(pk=member_id)
        heir = named.get()
        if not heirs(named).exists():
            raise NotAllowed(f"{heir.name} has to be an admin or a viewer, and to sign in here first.")
        _hand_over(heir, actor.name, "transferred the ownership")
    return heir


def claim(actor: Membership) -> OwnershipClaim:
    """Announce that an admin takes over from an owner who is gone. Raises NotAllowed."""
    with transaction.atomic():
        _require(actor, Role.ADMIN, "Only an admin can claim the ownership.")
        owner = owner_of(actor.portal)
        if owner is not None and timezone.now() < claimable_at(owner):
            raise NotAllowed("The owner has been here lately. Ask them to transfer the ownership.")
        under_way = claim_on(actor.portal)
        if under_way is not None:
            if under_way.claimant_id == actor.pk:
                return under_way
            raise NotAllowed(f"{under_way.claimant.name} has claimed the ownership already.")
        OwnershipClaim.objects.filter(portal=actor.portal).delete()  # one that lapsed
        made = OwnershipClaim.objects.create(portal=actor.portal, claimant=actor, claimed_at=timezone.now())
        record(actor.portal, actor.name, "claimed the ownership", f"From {owner.name if owner else 'nobody'}")
        access_mails.claimed(made, ripe_at(made))
    return made


def give_claim_up(actor: Membership) -> None:
    """Take one's own claim back; without one nothing happens."""
    with transaction.atomic():
        members.lock(actor.portal_id)
        if OwnershipClaim.objects.filter(claimant=actor).delete()[0]:
            record(actor.portal, actor.name, "gave the claim to the ownership up")


def complete_claim(actor: Membership) -> None:
    """Become the owner, the waiting time being over. Raises NotAllowed.

    The claimant does it themselves: so HubSpot has confirmed them within hours, as it has everybody on a portal's page.
    """
    with transaction.atomic():
        _require(actor, Role.ADMIN, "Only an admin can become the owner.")
        under_way = claim_on(actor.portal)
        if under_way is None or under_way.claimant_id != actor.pk:
            raise NotAllowed("Your claim has ended: the owner has signed in, or it was given up.")
        if timezone.now() < ripe_at(under_way):
            raise NotAllowed("The owner still has time to object.")
        _hand_over(actor, actor.name, "took the ownership over")


def assign(member: Membership, actor: str, reason: str) -> None:
    """Make anybody of a portal its owner, as staff, for a reason that is written down. Raises NotAllowed."""
    with transaction.atomic():
        members.lock(member.portal_id)
        found = Membership.objects.select_related("portal").filter(pk=member.pk).first()
        if found is None or not found.portal.is_live:
            raise NotAllowed("That person or portal has left meanwhile.")
        if found.role != Role.OWNER:
            _hand_over(found, actor, "assigned the ownership", reason)


def confirmed(member: Membership) -> None:
    """End the claim on a portal whose owner HubSpot has just confirmed. Within the transaction that says so."""
    if member.role == Role.OWNER and OwnershipClaim.objects.filter(portal=member.portal).delete()[0]:
        record(member.portal, member.name, "signed in, which ended the claim to the ownership")


def _require(actor: Membership, role: Role, otherwise: str) -> None:
    """Lock the portal's people, and look whether the actor's role is still what the page they came from said."""
    members.lock(actor.portal_id)
    if not Membership.objects.filter(pk=actor.pk, role=role).exists():
        raise NotAllowed(otherwise)


def _hand_over(heir: Membership, actor: str, action: str, reason: str = "") -> None:
    """The owner before becomes an admin first: there are never two."""
    portal, before = heir.portal, owner_of(heir.portal)
    if before is not None:
        before.role = Role.ADMIN
        before.save(update_fields=["role"])
    heir.role, heir.declined_at = Role.OWNER, None
    heir.save(update_fields=["role", "declined_at"])
    OwnershipClaim.objects.filter(portal=portal).delete()
    record(portal, actor, action, ": ".join(filter(None, (f"to {heir.name}", reason))))
    if before is not None:
        record(portal, before.name, "became an admin", f"Owner before {heir.name}")
    access_mails.handed_over(portal, before, heir)
