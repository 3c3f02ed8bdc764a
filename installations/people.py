"""Who of a portal's HubSpot users may see it here, and who decides."""

from __future__ import annotations

from django.db import transaction

from .audit import record
from .errors import InstallationError
from .models import Membership, Portal

Role = Membership.Role


class NotAllowed(InstallationError):
    """The role of whoever asks does not allow it. The message says so to them."""


def waiting_first(portal: Portal) -> list[Membership]:
    """Return a portal's people: those who wait for a decision, then by rank and name."""
    order = [Role.WAITING, Role.OWNER, Role.ADMIN, Role.VIEWER]
    return sorted(portal.memberships.all(), key=lambda member: (order.index(Role(member.role)), member.email))


def change_role(actor: Membership, member_id: int, role: Role) -> Membership:
    """Let somebody in, or give them another role. Raises NotAllowed, Membership.DoesNotExist."""
    with transaction.atomic():
        member = _member(actor, member_id)
        before = member.role
        member.role = role
        member.save(update_fields=["role"])
        record(actor.portal, str(actor.email or actor.user_id), "changed a role", f"{member.email}: {before} → {role}")
    return member


def remove(actor: Membership, member_id: int) -> Membership:
    """Take somebody's access away. Raises NotAllowed, Membership.DoesNotExist."""
    with transaction.atomic():
        member = _member(actor, member_id)
        member.delete()
        record(actor.portal, str(actor.email or actor.user_id), "removed a person", member.email)
    return member


def _member(actor: Membership, member_id: int) -> Membership:
    """Return a member whom the actor may change: nobody changes themselves or an owner."""
    Portal.objects.select_for_update().get(pk=actor.portal_id)
    if Membership.objects.get(pk=actor.pk).role not in {Role.OWNER, Role.ADMIN}:
        raise NotAllowed("Only the owner and admins decide who has access.")
    member = Membership.objects.get(portal=actor.portal_id, pk=member_id)
    if member.pk == actor.pk or member.role == Role.OWNER:
        raise NotAllowed("Nobody changes their own access or the owner's here.")
    return member
