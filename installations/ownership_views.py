"""Pages on which a portal's ownership is handed on, or claimed from an owner who is gone."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from .models import Membership
from .people import ownership
from .people.access import Role, for_role
from .people.members import NotAllowed
from .people.visitors import VisitorRequest


def context(request: VisitorRequest) -> dict[str, object]:
    """Return what the settings page says about the ownership."""
    portal, now = request.portal, timezone.now()
    owner, claim = ownership.owner_of(portal), ownership.claim_on(portal)
    heirs = list(ownership.heirs(portal.memberships.all()))
    others = portal.memberships.filter(role__in=[Role.ADMIN, Role.VIEWER])
    return {
        "owner": owner,
        "is_owner": request.membership.role == Role.OWNER,
        "is_admin": request.membership.role == Role.ADMIN,
        "heirs": heirs,
        "absent_heirs": others.exclude(pk__in=[one.pk for one in heirs]).order_by("role", "email"),
        "claim": claim,
        "is_own_claim": claim is not None and claim.claimant_id == request.membership.pk,
        "ripe_at": ownership.ripe_at(claim) if claim else None,
        "is_ripe": claim is not None and now >= ownership.ripe_at(claim),
        "claimable_at": ownership.claimable_at(owner) if owner else now,
        "may_claim": claim is None and (owner is None or now >= ownership.claimable_at(owner)),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@for_role(Role.ADMIN)
def transfer(request: VisitorRequest) -> HttpResponse:
    """Say what handing the ownership on to `?to=` changes; posted, do it."""
    member_id = _named(request)
    if request.method == "POST":
        return _do(request, lambda: ownership.transfer(request.membership, member_id), "The ownership is transferred.")
    heir = ownership.heirs(request.portal.memberships.all()).filter(pk=member_id).first()
    if heir is None or request.membership.role != Role.OWNER:
        messages.error(request, "The owner can transfer the ownership to admins and viewers who have signed in lately.")
        return _back(request)
    return render(request, "portal/transfer.html", {"section": "settings", "within": "true", "heir": heir})


@require_http_methods(["GET", "HEAD", "POST"])
@for_role(Role.ADMIN)
def claim(request: VisitorRequest) -> HttpResponse:
    """Say what claiming the ownership means; posted, claim it, give the claim up, or bring it to its end."""
    actor = request.membership
    if request.method != "POST":
        given = {"section": "settings", "within": "true"} | context(request)
        if not given["may_claim"] or not given["is_admin"]:
            return _back(request)
        terms = {"object_within": ownership.OBJECT_WITHIN, "gone_after": ownership.GONE_AFTER}
        return render(request, "portal/claim.html", given | terms)
    match request.POST.get("action"):
        case "give_up":
            return _do(request, lambda: ownership.give_claim_up(actor), "You no longer claim the ownership.")
        case "complete":
            return _do(request, lambda: ownership.complete_claim(actor), "You now own this connection.")
        case _:
            return _do(request, lambda: ownership.claim(actor), "You have claimed the ownership. The owner can object.")


def _do(request: VisitorRequest, what: Callable[[], object], done: str) -> HttpResponse:
    try:
        what()
    except NotAllowed as error:
        messages.error(request, str(error))
    except Membership.DoesNotExist:
        messages.error(request, "That person has left meanwhile.")
    else:
        messages.success(request, done)
    return _back(request)


def _named(request: VisitorRequest) -> int:
    """Return the member whom the address or form names; a garbled one becomes one that nobody is."""
    given = (request.POST if request.method == "POST" else request.GET).get("to", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else 0


def _back(request: VisitorRequest) -> HttpResponse:
    return redirect("portal_settings", hub_id=request.portal.hub_id)
