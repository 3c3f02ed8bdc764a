"""The inbox and its dead letters in the staff console."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.safestring import SafeString

from installations.audit import record
from installations.models import Portal
from installations.staff_pages import (
    PortalRowsPage,
    Section,
    actor,
    ago,
    is_confirmed,
    portal_ids,
    tag,
    typed_hub_ids,
)

from . import failures, payloads
from .event_filters import ReceivedFilter, StateFilter, TypeFilter
from .models import Event, Failure


@admin.register(Event)
class EventPage(PortalRowsPage):
    heading = "Events"
    explanation = "What HubSpot's webhooks told us, and what became of it. Values are masked."
    section, rank = Section.WORK, 1
    ordering = ("-pk",)
    list_display = ("received_at", "shown_state", "event_type", "object_id", "portal_link", "attempt")
    list_filter = (StateFilter, ReceivedFilter, TypeFilter)
    fields = (
        *("portal_link", "hub_id", "event_type", "object_id", "received_at", "occurred_at", "attempt"),
        *("shown_state", "reason"),
    )
    readonly_fields = ("portal_link", "shown_state", "reason")
    change_form_template = "admin/event.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:  # noqa: ARG002 - the framework's name
        rows: QuerySet[Event] = Event.objects.with_state().defer("payload")
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """Events of an account; of one that never installed the app, those in quarantine."""
        installations = portal_ids(search_term)
        if search_term.strip() and (not installations or request.GET.get("state") == Event.State.QUARANTINED):
            return queryset.filter(portal=None, hub_id__in=typed_hub_ids(search_term)), False
        return super().get_search_results(request, queryset, search_term)

    def title_of(self, row: Event) -> str:
        return f"{row.event_type or 'Event'} · {row.pk}"

    @admin.display(description="State")
    def shown_state(self, event: Any) -> SafeString:
        return tag(event.state)

    @admin.display(description="Latest failure")
    def reason(self, event: Event) -> str:
        failure = Failure.objects.filter(event=event).first()
        return failure.reason if failure else "—"

    def get_urls(self) -> list[Any]:
        reveal = self.admin_site.admin_view(self.reveal)
        return [path("<int:event_id>/reveal/", reveal, name="webhooks_event_reveal"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        event = self.get_object(request, object_id)
        context = {"payload": payloads.shown(event.payload)} if event else {}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def reveal(self, request: HttpRequest, event_id: int) -> HttpResponse:
        """Show a payload as it was sent, to somebody who says why; that is written down."""
        event = get_object_or_404(Event, pk=event_id)
        portal = get_object_or_404(Portal, pk=event.portal_id)  # nobody looks into what is in quarantine
        reason = request.POST.get("reason", "").strip()
        if request.method != "POST" or not reason:
            messages.error(request, "Say why you need to see it.")
            return redirect("admin:webhooks_event_change", event_id)
        record(portal, actor(request), "revealed an event", f"Event {event.pk}: {reason[:500]}")
        context = {
            **self.admin_site.each_context(request),
            "title": self.title_of(event),
            "payload": payloads.shown(event.payload, revealed=True),
            "event": event,
        }
        return TemplateResponse(request, "admin/revealed.html", context)


@admin.register(Failure)
class DeadLetterPage(PortalRowsPage):
    heading = "Dead letters"
    explanation = "Events that failed alone, five times. Replayed, they get all their attempts again."
    section, rank = Section.WORK, 2
    ordering = ("-died_at",)
    list_display = (ago("died_at", "Died"), "portal_link", "event_type", "object_id", "reason")
    list_select_related = ("portal", "event")
    actions = ("replay",)
    fields = ("portal_link", "event_type", "object_id", "attempts", "reason", "failed_at", "died_at")
    readonly_fields = ("portal_link", "event_type", "object_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Failure]:
        rows: QuerySet[Failure] = super().get_queryset(request)
        return rows.filter(died_at__isnull=False).defer("event__payload")

    def title_of(self, row: Failure) -> str:
        return f"{row.event.event_type} · {row.event_id}"

    @admin.display(description="Type")
    def event_type(self, failure: Failure) -> str:
        return failure.event.event_type

    @admin.display(description="Object", empty_value="—")
    def object_id(self, failure: Failure) -> int | None:
        return failure.event.object_id

    @admin.action(description="Replay", permissions=["view"])
    def replay(self, request: HttpRequest, dead: QuerySet[Failure]) -> HttpResponse | None:
        """Give dead letters all their attempts again, once confirmed."""
        if not is_confirmed(request):
            return self.ask_first(
                request,
                dead,
                action="replay",
                question="Replay these dead letters?",
                details=["Each is handled as if it had just arrived. Handling an event twice does no harm."],
                verb="Replay",
            )
        with transaction.atomic():
            for portal in Portal.objects.filter(pk__in=dead.values("portal")):
                count = dead.filter(portal=portal).count()
                record(portal, actor(request), "replayed dead letters", f"{count} event{pluralize(count)}")
            replayed = failures.replay(dead)
        self.message_user(request, f"{replayed} dead letter{pluralize(replayed)} replayed.", messages.SUCCESS)
        return None
