"""Who of a portal's HubSpot users may see it here, and who decides."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from ..audit import record
from ..bites import delete_in_bites
from ..errors import InstallationError
from ..models import Membership, OwnershipClaim, Portal
from . import access_mails

Role = Membership.Role

ASK_AGAIN_AFTER = timedelta(days=1)  # whoever was declined; so nobody is nagged
FORGOTTEN_AFTER = timedelta(days=30)  # people without a role who ask for none


class NotAllowed(InstallationError):
    """The role of whoever asks does not allow it. The message says so to them."""


def waiting_first(portal: Portal) -> list[Membership]:
    """Return a portal's people: those who ask for access, then by rank and name, then those who were declined."""
    order = [Role.OWNER, Role.ADMIN, Role.VIEWER, Role.WAITING]
    people = portal.memberships.all()
    return sorted(people, key=lambda one: (not one.is_asking, order.index(Role(one.role)), one.email))


def asking(portal: Portal) -> QuerySet[Membership]:
    """Return who asks for access and has not been answered."""
    return portal.memberships.filter(role=Role.WAITING, asked_at__isnull=False)


def deciders(portal: Portal) -> QuerySet[Membership]:
    """Return who answers requests for access: the owner, then admins."""
    who_may = portal.memberships.filter(role__in=[Role.OWNER, Role.ADMIN])
    return who_may.order_by("-role", "email")  # "owner" comes after "admin" in the alphabet


def may_ask_at(member: Membership) -> datetime:
    """Return from when on somebody without access may ask for it."""
    return member.declined_at + ASK_AGAIN_AFTER if member.declined_at else member.proven_at


def ask(member: Membership) -> None:
    """Ask for access. Doing so twice is asking once. Raises NotAllowed shortly after a refusal."""
    with transaction.atomic():
        member = _locked(member)
        if member.role != Role.WAITING or member.is_asking:
            return
        if timezone.now() < may_ask_at(member):
            raise NotAllowed("You were declined less than a day ago. Speak to them first, or ask again tomorrow.")
        member.asked_at, member.declined_at = timezone.now(), None
        member.save(update_fields=["asked_at", "declined_at"])
        record(member.portal, member.name, "asked for access")
        access_mails.asked(member)


def withdraw(member: Membership) -> None:
    """Take a request for access back; without one nothing happens."""
    with transaction.atomic():
        member = _locked(member)
        if member.is_asking:
            member.asked_at = None
            member.save(update_fields=["asked_at"])
            record(member.portal, member.name, "no longer asks for access")


def change_role(actor: Membership, member_id: int, role: Role) -> Membership:
    """Let somebody in, or give them another role. Raises NotAllowed, Membership.DoesNotExist."""
    with transaction.atomic():
        member = _member(actor, member_id)
        before = member.role
        member.role, member.declined_at = role, None
        member.save(update_fields=["role", "declined_at"])
        if before == role:
            return member
        _end_claim(member)
        record(actor.portal, actor.name, "changed a role", f"{member.name}: {before} → {role}")
        if before == Role.WAITING:
            access_mails.let_in(member)
    return member


def remove(actor: Membership, member_id: int) -> Membership:
    """Decline somebody's request, or take their access away. They may ask again after a day.

    Raises NotAllowed, Membership.DoesNotExist.
    """
    with transaction.atomic():
        member = _member(actor, member_id)
        action = "declined a request" if member.role == Role.WAITING else "removed a person"
        member.role, member.asked_at, member.declined_at = Role.WAITING, None, timezone.now()
        member.save(update_fields=["role", "asked_at", "declined_at"])
        _end_claim(member)
        record(actor.portal, actor.name, action, member.name)
    return member


def leave(member: Membership) -> None:
    """Give one's own access up, and be forgotten here. Raises NotAllowed to the owner, who has to transfer first."""
    with transaction.atomic():
        member = _locked(member)
        if member.role == Role.OWNER:
            raise NotAllowed("You own this connection: transfer it to somebody else first, then you can leave.")
        record(member.portal, member.name, "left")
        member.delete()


def forget_the_uninvited() -> int:
    """Delete people without a role who ask for nothing and have not been here for a month; return how many."""
    now = timezone.now()
    over = Q(declined_at__isnull=True) | Q(declined_at__lt=now - FORGOTTEN_AFTER)
    idle = Membership.objects.filter(over, role=Role.WAITING, asked_at__isnull=True)
    return delete_in_bites(idle.filter(proven_at__lt=now - FORGOTTEN_AFTER))


def lock(portal_id: int) -> None:
    """Let what changes a portal's people follow each other until the end of the transaction."""
    Portal.objects.select_for_update(no_key=True).get(pk=portal_id)


def _locked(member: Membership) -> Membership:
    """Return somebody as they are now. Raises NotAllowed if they have no membership any more."""
    lock(member.portal_id)
    found = Membership.objects.select_related("portal").filter(pk=member.pk).first()
    if found is None:
        raise NotAllowed("You have no access to this account any more.")
    return found


def _member(actor: Membership, member_id: int) -> Membership:
    """Return a member whom the actor may change: nobody changes themselves or an owner."""
    if _locked(actor).role not in {Role.OWNER, Role.ADMIN}:
        raise NotAllowed("Only the owner and admins decide who has access.")
    member = Membership.objects.select_related("portal").get(portal=actor.portal_id, pk=member_id)
    if member.pk == actor.pk or member.role == Role.OWNER:
        raise NotAllowed("Nobody changes their own access or the owner's here.")
    return member


def _end_claim(member: Membership) -> None:
    """Whoever is no longer an admin does not become the owner."""
    if member.role != Role.ADMIN:
        OwnershipClaim.objects.filter(claimant=member).delete()
