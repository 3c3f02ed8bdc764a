"""What a HubSpot user finds about themselves: where they are signed in, and in which accounts they have a role."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from .models import Place, Visit
from .people import places, visitors

MOST_PLACES = 20  # listed; whose provider gives them another network each day has more


@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    visitor = visitors.read(request.session)
    if visitor is None:
        return redirect("sign_in")
    visitors.note(visitor)
    mine = places.of(Place.Who.PORTAL_USER, visitor.user_id)
    context = {
        "visitor": visitor,
        "visits": visitors.visits_of(visitor),
        "memberships": visitors.memberships_of(visitor),
        "longest": Visit.LONGEST,
        "longest_pause": Visit.LONGEST_PAUSE,
        "places": mine[:MOST_PLACES],
        "has_new_place": places.unseen(mine).exists(),
        "places_kept": places.KEPT,
        "to_confirm": visitors.to_be_proven(visitor),
    }
    return render(request, "installations/account.html", context)


@require_POST
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """End the visit posted; without one all, this one too."""
    visitor = visitors.read(request.session)
    if visitor is None:
        return redirect("landing")
    if "visit" not in request.POST:
        visitors.sign_out_everywhere(request, visitor)
        messages.success(request, "You are signed out everywhere: no browser opens your accounts here any more.")
        return redirect("landing")
    if visitors.sign_out_elsewhere(visitor, _visit_id(request.POST["visit"])):
        messages.success(request, "That browser is signed out.")
    else:
        messages.info(request, "That browser was signed out before.")
    return redirect("account")


@require_POST
def know_places(request: HttpRequest) -> HttpResponse:
    """Say that it was oneself, at all places that are new."""
    visitor = visitors.read(request.session)
    if visitor is None:
        return redirect("landing")
    if places.see(places.of(Place.Who.PORTAL_USER, visitor.user_id), visitor.name):
        messages.success(request, "Good. You are told when you sign in from a place that is new again.")
    return redirect("account")


def _visit_id(given: str) -> uuid.UUID:
    """Return the id posted; a garbled one becomes one that nobody has."""
    try:
        return uuid.UUID(given)
    except ValueError:
        return uuid.uuid4()
