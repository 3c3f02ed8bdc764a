"""What every page of a portal says about its people: who asks for access, whether the ownership is claimed."""

from __future__ import annotations

from django import template

from installations.models import Membership, OwnershipClaim
from installations.people import members, ownership
from installations.people.access import Role, has_role

register = template.Library()


@register.simple_tag
def how_many_ask(member: Membership) -> int:
    """Return how many requests for access wait for an answer that this member may give."""
    return members.asking(member.portal).count() if has_role(member, Role.ADMIN) else 0


@register.simple_tag
def claim_seen_by(member: Membership) -> OwnershipClaim | None:
    """Return the claim to the portal's ownership, to those with a role there."""
    return ownership.claim_on(member.portal) if has_role(member, Role.VIEWER) else None
