"""What happened in a portal: events from HubSpot, and what people did here."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from installations.models import AuditEntry
from installations.people.access import Role, for_role
from installations.people.visitors import VisitorRequest

from .models import Event

PAGE_SIZE = 100


@require_safe
@for_role(Role.VIEWER)
def activity(request: VisitorRequest) -> HttpResponse:
    """The latest events, the newest first; `?before=` pages by event id."""
    before = request.GET.get("before", "")
    events = Event.objects.filter(portal=request.portal)
    if before.isascii() and before.isdecimal() and int(before) < 2**63:
        events = events.filter(id__lt=int(before))
    rows = list(events.with_state().order_by("-id")[: PAGE_SIZE + 1])
    context = {
        "section": "activity",
        "is_first_page": not before,
        "events": rows[:PAGE_SIZE],
        "next_before": rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None,
        "entries": AuditEntry.objects.filter(portal=request.portal).order_by("-at")[:50],
    }
    return render(request, "portal/activity.html", context)
