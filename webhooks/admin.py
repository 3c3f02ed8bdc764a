"""The inbox and its dead letters in the staff console."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize

from installations.audit import record
from installations.models import Portal
from installations.staff_pages import PortalRowsPage, Section, actor, ago, is_confirmed

from . import failures
from .models import Event, Failure


@admin.register(Event)
class EventPage(PortalRowsPage):
    heading = "Events"
    explanation = "What HubSpot's webhooks told us, and what became of it."
    section = Section.WORK
    ordering = ("-pk",)
    list_display = ("received_at", "portal_link", "event_type", "object_id", "shown_state", "attempt")
    fields = (
        "portal_link",
        "hub_id",
        "event_type",
        "object_id",
        "received_at",
        "occurred_at",
        "attempt",
        "shown_state",
    )
    readonly_fields = ("portal_link", "shown_state")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:  # noqa: ARG002 - the framework's name
        rows: QuerySet[Event] = Event.objects.with_state().defer("payload")
        return rows

    @admin.display(description="State")
    def shown_state(self, event: Any) -> str:
        return str(event.state)


@admin.register(Failure)
class DeadLetterPage(PortalRowsPage):
    heading = "Dead letters"
    explanation = "Events that failed alone, five times. Replayed, they get all their attempts again."
    section = Section.WORK
    ordering = ("-died_at",)
    list_display = (ago("died_at", "Died"), "portal_link", "event_type", "object_id", "reason")
    list_select_related = ("portal", "event")
    actions = ("replay",)
    fields = ("portal_link", "event_type", "object_id", "attempts", "reason", "failed_at", "died_at")
    readonly_fields = ("portal_link", "event_type", "object_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Failure]:
        rows: QuerySet[Failure] = super().get_queryset(request)
        return rows.filter(died_at__isnull=False).defer("event__payload")

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
