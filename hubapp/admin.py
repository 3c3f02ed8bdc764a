"""A portal with everything that the rooms know of it, in the staff console."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse

from crm.models import Sync
from installations import leaving
from installations.models import Portal
from installations.staff_pages import Section, StaffPage, actor, ago, is_confirmed, when
from lanes.models import Lane


@admin.register(Portal)
class PortalPage(StaffPage):
    heading = "Portals"
    explanation = "HubSpot accounts that installed the app. One that left and came back has a row for each time."
    section = Section.PORTALS
    ordering = ("-pk",)
    search_fields = ("hub_id__exact", "name__icontains")
    search_help_text = "HubSpot account id, or part of the name"
    sortable_by = ("hub_id", "connected_at")
    list_select_related = ("credential",)
    list_display = (
        *("name_and_id", "health", "state", "token_expires", "next_try", "latest_token_error"),
        *("failing_lanes", "records", ago("connected_at", "Connected")),
    )
    list_filter = ("state", "hublet")
    actions = ("disconnect",)
    fields = (
        *("hub_id", "name", "state", "state_reason", "hublet", "ui_domain", "account_type", "time_zone", "currency"),
        *("installed_by_user_id", "installed_by_email", "connected_at", "state_changed_at", "erase_at", "erased_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Portal]:
        rows: QuerySet[Portal] = super().get_queryset(request)
        lanes = Lane.objects.filter(portal=OuterRef("pk")).order_by().values("portal")
        syncs = Sync.objects.filter(portal=OuterRef("pk")).order_by().values("portal")
        return rows.annotate(
            failing=Coalesce(Subquery(lanes.annotate(n=Count("pk", filter=Q(failures__gt=0))).values("n")), 0),
            live_records=Coalesce(Subquery(syncs.annotate(n=Sum("live_records")).values("n")), 0),
        ).defer("credential__access_token", "credential__refresh_token", "credential__previous_refresh_token")

    @admin.display(description="Portal", ordering="hub_id")
    def name_and_id(self, portal: Portal) -> str:
        return str(portal)

    @admin.display(description="Health")
    def health(self, portal: Any) -> str:
        if portal.state != Portal.State.ACTIVE:
            return str(portal.get_state_display()).lower()
        credential = getattr(portal, "credential", None)
        if credential is None or credential.failures:
            return "token trouble"
        return "lanes failing" if portal.failing else "well"

    @admin.display(description="Token expires", empty_value="—")
    def token_expires(self, portal: Portal) -> str | None:
        return when(portal.credential.expires_at) if hasattr(portal, "credential") else None

    @admin.display(description="Next try", empty_value="—")
    def next_try(self, portal: Portal) -> str | None:
        return when(portal.credential.retry_at) if hasattr(portal, "credential") else None

    @admin.display(description="Token error", empty_value="—")
    def latest_token_error(self, portal: Portal) -> str | None:
        return portal.credential.latest_error if hasattr(portal, "credential") else None

    @admin.display(description="Lanes failing")
    def failing_lanes(self, portal: Any) -> int:
        return int(portal.failing)

    @admin.display(description="Records")
    def records(self, portal: Any) -> int:
        return int(portal.live_records)

    @admin.action(description="Disconnect", permissions=["view"])
    def disconnect(self, request: HttpRequest, portals: QuerySet[Portal]) -> HttpResponse | None:
        """Disconnect portals as their own admins could, once confirmed."""
        if not is_confirmed(request):
            return self.ask_first(
                request,
                portals,
                action="disconnect",
                question="Disconnect these portals?",
                details=[
                    "Their people and lanes stop at once, and the app is uninstalled in HubSpot.",
                    "Their data is erased after 30 days. Only somebody of the portal can install the app again.",
                ],
                verb="Disconnect",
            )
        connected = [
            portal for portal in portals if portal.state in {Portal.State.ACTIVE, Portal.State.NEEDS_RECONNECT}
        ]
        for portal in connected:
            leaving.begin(portal, actor(request))
        self.message_user(request, f"{len(connected)} portals are being disconnected.", messages.SUCCESS)
        return None
