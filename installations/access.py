"""Who may open which portal page. Decided for every address with a hub_id, so that a new page is never forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.defaults import page_not_found

from . import log_context, visitors
from .models import Membership

Role = Membership.Role
_RANK = {Role.WAITING: 0, Role.VIEWER: 1, Role.ADMIN: 2, Role.OWNER: 3}

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def for_role(role: Role) -> Callable[[View], View]:
    """Say which role a portal page needs at least. Without it a page needs a viewer."""

    def mark(view: View) -> View:
        view.least_role = role  # type: ignore[attr-defined]
        return view

    return mark


def has_role(membership: Membership, role: Role) -> bool:
    return _RANK[Role(membership.role)] >= _RANK[role]


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
        is_page = request.headers.get("HX-Request") != "true"  # a fragment cannot lead anybody to HubSpot
        if membership is None and visitor is not None and is_page and visitors.has_to_prove(visitor, hub_id):
            return redirect(reverse("sign_in", query={"hub_id": hub_id}))
        if membership is None or not has_role(membership, getattr(view, "least_role", Role.VIEWER)):
            # Not raised: while debugging, Django's own page would tell which view it was.
            return page_not_found(request, Http404("No such portal, or you have no access to it."))
        log_context.is_about(membership.portal.hub_id)
        request.visitor = visitor  # type: ignore[attr-defined]
        request.memberships = memberships  # type: ignore[attr-defined]
        request.membership = membership  # type: ignore[attr-defined]
        request.portal = membership.portal  # type: ignore[attr-defined]
        return None
