"""Who may open which portal page. Decided for every address with a hub_id, so that a new page is never forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.defaults import page_not_found

from .. import log_context
from ..models import Membership
from . import visitors

Role = Membership.Role
_RANK = {Role.WAITING: 0, Role.VIEWER: 1, Role.ADMIN: 2, Role.OWNER: 3}

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def for_role(role: Role) -> Callable[[View], View]:
    """Say which role a portal page needs at least. Every page says so; one that does not opens to nobody."""

    def mark(view: View) -> View:
        view.least_role = role  # type: ignore[attr-defined]
        return view

    return mark


def least_role(view: Callable[..., Any]) -> Role | None:
    """Return the role that a portal page needs, None if nobody has said."""
    return getattr(view, "least_role", None)


def has_role(membership: Membership, role: Role) -> bool:
    return _RANK[Role(membership.role)] >= _RANK[role]


def _may_open(membership: Membership, view: Callable[..., Any]) -> bool:
    least = least_role(view)
    return least is not None and has_role(membership, least)


class AccessMiddleware:
    """For addresses with a hub_id, sets `request.visitor`, `.memberships`, and of the portal `.membership`, `.portal`.

    404 to anyone without a role in the portal, signed in or not: whether a portal uses us is nobody's business.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], _args: Any, kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if "hub_id" not in kwargs:
            return None
        visitor = visitors.read(request.session)
        memberships = visitors.memberships_of(visitor) if visitor else Membership.objects.none()
        hub_id = kwargs.pop("hub_id")
        membership = memberships.filter(portal__hub_id=hub_id).first()
        if visitor is not None and not _is_fragment(request):
            visitors.note(visitor)
            if membership is None and visitors.to_be_proven(visitor).filter(portal__hub_id=hub_id).exists():
                return _to_prove(request, hub_id)
        if membership is None or not _may_open(membership, view):
            # Not raised: while debugging, Django's own page would tell which view it was.
            return page_not_found(request, Http404("No such portal, or you have no access to it."))
        log_context.is_about(membership.portal.hub_id)
        request.visitor = visitor  # type: ignore[attr-defined]
        request.memberships = memberships  # type: ignore[attr-defined]
        request.unproven = visitors.to_be_proven(visitor) if visitor else memberships.none()  # type: ignore[attr-defined]
        request.membership = membership  # type: ignore[attr-defined]
        request.portal = membership.portal  # type: ignore[attr-defined]
        return None


def _is_fragment(request: HttpRequest) -> bool:
    """Whether a page asks by itself for what has changed on it: that can lead nobody to HubSpot."""
    return request.headers.get("HX-Request") == "true"


def _to_prove(request: HttpRequest, hub_id: int) -> HttpResponseBase:
    """Send somebody to HubSpot, which has to confirm that they still belong to the account; then back to the page."""
    if request.method == "GET":
        visitors.come_back_to(request, hub_id)
    else:
        messages.info(request, "HubSpot had to confirm first that you belong to this account. Nothing was changed yet.")
    return redirect(reverse("sign_in", query={"hub_id": hub_id}))
