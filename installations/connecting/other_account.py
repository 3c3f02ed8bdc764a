"""A connection begun for one account came back for another: nothing is connected before a person has decided."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from hubspot_api.errors import HubSpotError

from ..errors import InstallationError
from ..models import Portal, UnclaimedGrant
from . import install
from .flow_forms import form_leads_to_hubspot
from .install import Identity

logger = logging.getLogger(__name__)

_KEY = "other_account"  # the session's key for the account that this browser has to decide about


@dataclass(frozen=True)
class OtherAccount:
    """What was asked for, and what was chosen at HubSpot."""

    expected: int
    chosen: int
    grant_id: str | None  # None: the chosen account was connected before, and stays as it is

    @property
    def grant(self) -> UnclaimedGrant | None:
        return UnclaimedGrant.objects.filter(pk=self.grant_id).first() if self.grant_id else None


def ask(request: HttpRequest, expected: int, identity: Identity) -> HttpResponse:
    """Keep what came back for as long as somebody may decide, and lead them to the question.

    Of an account that is connected nothing is kept: its tokens and roles are not touched by a mistake.
    """
    chosen = identity.info.hub_id
    grant = None if Portal.objects.live().filter(hub_id=chosen).exists() else install.keep(identity)
    request.session[_KEY] = {"expected": expected, "chosen": chosen, "grant_id": str(grant.pk) if grant else None}
    return redirect("other_account")


@never_cache
@form_leads_to_hubspot
@require_GET
def question(request: HttpRequest) -> HttpResponse:
    """Say which account was expected and which one was chosen, and ask what to do."""
    return render(request, "installations/other_account.html", {"other": _asked(request)})


@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Choose again, connect the other account after all, or leave everything as it was."""
    other = _asked(request)
    del request.session[_KEY]
    decision = request.POST.get("decision")
    if decision == "connect":
        if other.grant is not None:
            install.await_consent(other.grant)
        return redirect(reverse("install", query={"hub_id": other.chosen}))
    _give_up(other)
    return redirect(reverse("install", query={"hub_id": other.expected}) if decision == "again" else "landing")


def _give_up(other: OtherAccount) -> None:
    """Take the app out of the account that nobody wanted. If HubSpot fails now, that is done within minutes."""
    if other.grant is None:
        return
    try:
        install.give_up(other.grant)
    except (HubSpotError, InstallationError) as error:
        logger.warning("The app could not be taken out of account %s yet: %s", other.chosen, error)


def _asked(request: HttpRequest) -> OtherAccount:
    kept = request.session.get(_KEY)
    if kept is None:
        raise Http404("This browser has nothing to decide about.")
    return OtherAccount(**kept)
