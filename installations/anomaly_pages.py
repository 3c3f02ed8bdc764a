"""What looks like somebody else using our access, in the staff console: portals' unusual hours."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from .anomalies import watch
from .models import Anomaly
from .staff_pages import PortalRowsPage, Section, actor, ago, tag
from .stop_pages import stop_calls


class OpenFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _page: Any) -> list[tuple[str, str]]:
        return [("alarming", "To be looked at"), ("open", "Going on")]

    def queryset(self, _request: HttpRequest, rows: Any) -> QuerySet[Anomaly]:
        match self.value():
            case "alarming":
                found: QuerySet[Anomaly] = rows.alarming()
            case "open":
                found = rows.open()
            case _:
                found = rows
        return found


@admin.register(Anomaly)
class AnomalyPage(PortalRowsPage):
    heading = "Anomalies"
    explanation = (
        "Hours of portals that were not like their own: maybe a stolen token, maybe an import. One per portal and kind "
        "until it is over. Stop the calls first if in doubt; nothing is lost by that."
    )
    section, rank = Section.PORTALS, 6
    ordering = ("-begun_at",)
    list_display = (
        "portal_link",
        "kind",
        "state",
        "in_an_hour",
        "usually",
        ago("begun_at", "Since"),
        ago("found_at", "Latest"),
    )
    list_filter = (OpenFilter, "kind")
    actions = ("stop_calls", "dismiss")
    fields = (
        *("portal_link", "kind", "state", "figure", "usual", "limit", "begun_at", "found_at"),
        *("dismissed_at", "dismissed_by", "ended_at"),
    )
    readonly_fields = ("portal_link", "state")

    def title_of(self, row: Anomaly) -> str:
        return f"{row.portal}: {row}"

    @admin.display(description="In an hour")
    def in_an_hour(self, anomaly: Anomaly) -> str:
        return f"{anomaly.figure:,}"

    @admin.display(description="Usual, up to")
    def usually(self, anomaly: Anomaly) -> str:
        return f"{anomaly.usual:,}"

    @admin.display(description="State")
    def state(self, anomaly: Anomaly) -> SafeString:
        if anomaly.ended_at:
            return tag("over", "plain")
        return tag("seen, all right", "good") if anomaly.dismissed_at else tag("look at it", "problem")

    @admin.action(description="Stop calls to HubSpot", permissions=["view"])
    def stop_calls(self, request: HttpRequest, anomalies: QuerySet[Anomaly]) -> HttpResponse | None:
        revoke = "A stolen token works on for whoever has it: disconnect the portal to have it revoked."
        of = "the portals concerned"
        return stop_calls(self, request, anomalies, of=of, field="portal__hub_id", more=[revoke])

    @admin.action(description="Seen, all right", permissions=["view"])
    def dismiss(self, request: HttpRequest, anomalies: QuerySet[Anomaly]) -> None:
        """End the alarm; it comes back only if it becomes twice as bad, or anew after it was over."""
        chosen = anomalies.select_related("portal")
        dismissed = sum(watch.dismiss(anomaly, actor(request)) for anomaly in chosen)
        self.message_user(request, f"{dismissed} alarms ended.", messages.SUCCESS)
