"""A portal's settings: its connection, its people, who owns it, and how to leave."""

from __future__ import annotations

from django.conf import settings as configured
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from . import ownership_views
from .calls.call_charts import chart_of
from .connecting.install import lacking
from .credentials.token_times import times_of
from .leaving import disconnecting, downloads
from .leaving.downloads import DownloadBusy
from .models import ERASE_AFTER, Credential, Membership, Portal
from .people import members
from .people.access import Role, for_role, has_role
from .people.members import NotAllowed
from .people.visitors import VisitorRequest
from .scopes import in_words


@require_safe
@for_role(Role.VIEWER)
def settings(request: VisitorRequest) -> HttpResponse:
    portal = request.portal
    credential = Credential.objects.filter(portal=portal).first()  # None: it is being disconnected at this moment
    context = {
        "section": "settings",
        "granted": in_words(credential.scopes if credential else []),
        "missing": in_words(lacking(credential) if credential else []),
        "token": times_of(credential) if credential else None,
        "assignable_roles": [Role.VIEWER, Role.ADMIN],
        "may_manage": has_role(request.membership, Role.ADMIN),
        "erase_after_days": ERASE_AFTER.days,
        "chart": chart_of(portal),
    }
    return render(request, "portal/settings.html", context | _people(portal) | ownership_views.context(request))


def _people(portal: Portal) -> dict[str, object]:
    """Return who has access or asks for it, and who neither has it nor asks."""
    people = members.waiting_first(portal)
    is_out = [one.role == Role.WAITING and not one.is_asking for one in people]
    return {
        "members": [one for one, out in zip(people, is_out, strict=True) if not out],
        "without_access": [one for one, out in zip(people, is_out, strict=True) if out],
    }


@require_POST
@for_role(Role.WAITING)
def request_access(request: VisitorRequest) -> HttpResponse:
    """Ask for access, or take the request back when the button says so."""
    try:
        if request.POST.get("action") == "withdraw":
            members.withdraw(request.membership)
        else:
            members.ask(request.membership)
    except NotAllowed as error:
        messages.error(request, str(error))
    return redirect("portal", hub_id=request.portal.hub_id)


@require_POST
@for_role(Role.ADMIN)
def change_member(request: VisitorRequest, member_id: int) -> HttpResponse:
    """Give a member the role posted, or decline or remove them when the button says so."""
    try:
        if request.POST.get("action") == "remove":
            member = members.remove(request.membership, member_id)
            messages.success(request, f"{member.name} has no access.")
        else:
            role = _assignable(request.POST.get("role", ""))
            member = members.change_role(request.membership, member_id, role)
            messages.success(request, f"{member.name} is now {member.get_role_display().lower()}.")
    except NotAllowed as error:
        messages.error(request, str(error))
    except Membership.DoesNotExist:
        raise Http404("No such person in this portal.") from None
    return redirect("portal_settings", hub_id=request.portal.hub_id)


@require_POST
@for_role(Role.VIEWER)
def leave(request: VisitorRequest) -> HttpResponse:
    """Give one's own access up."""
    try:
        members.leave(request.membership)
    except NotAllowed as error:
        messages.error(request, str(error))
        return redirect("portal_settings", hub_id=request.portal.hub_id)
    messages.success(request, f"You have left {request.portal}. Who signs in to it again asks for access anew.")
    return redirect("landing")


@require_POST
@for_role(Role.ADMIN)
def export(request: VisitorRequest) -> HttpResponseBase:
    """Send everything that is held about the portal, as it is read."""
    portal = request.portal
    try:
        pieces = downloads.begin(portal, request.membership.email or str(request.membership.user_id))
    except DownloadBusy as error:
        messages.error(request, str(error))
        return redirect("portal_settings", hub_id=portal.hub_id)
    name = f"hubapp-{portal.hub_id}-{timezone.now():%Y-%m-%d}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(pieces, content_type="application/x-ndjson", headers=headers)


@require_POST
@for_role(Role.ADMIN)
def disconnect(request: VisitorRequest) -> HttpResponse:
    """Ask once more; with `confirm`, leave."""
    portal = request.portal
    if request.POST.get("confirm") != str(portal.hub_id):
        return render(
            request,
            "portal/disconnect.html",
            {
                "section": "settings",
                "within": "true",
                "erase_after_days": ERASE_AFTER.days,
                "mail_is_on": configured.MAIL_IS_ON,
            },
        )
    actor = request.membership.email or str(request.membership.user_id)
    disconnecting.begin(portal, actor, destroy_now=bool(request.POST.get("destroy_now")))
    portal.refresh_from_db()
    to_do = f" {disconnecting.PRIVATE_APP_STAYS}" if portal.is_private_app else ""
    messages.success(
        request,
        f"{portal} is disconnected. What we stored about it will be erased within {ERASE_AFTER.days} days.{to_do}",
    )
    return redirect("landing")


def _assignable(given: str) -> Role:
    if given not in {Role.VIEWER, Role.ADMIN}:
        raise NotAllowed("That role cannot be given to anybody.")
    return Role(given)
