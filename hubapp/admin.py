"""A portal with everything that the rooms know of it, in the staff console."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString

from crm.admin import plural_of
from crm.models import Sync
from installations.calls import days, switches
from installations.calls.call_charts import chart_of
from installations.leaving import disconnecting
from installations.models import Anomaly, Portal, Stop
from installations.staff_pages import PortalRowsPage, Section, StaffPage, actor, ago, is_confirmed, tag, when
from installations.stop_pages import stop_calls
from lanes.models import Lane

from . import allowances, certificate_pages, private_app_pages


@admin.register(Portal)
class PortalPage(StaffPage):
    heading = "Portals"
    explanation = "HubSpot accounts that installed the app. One that left and came back has a row for each time."
    section, rank = Section.PORTALS, 1
    ordering = ("-pk",)
    search_fields = ("hub_id__exact", "name__icontains")
    search_help_text = "HubSpot account id, or part of the name"
    sortable_by = ("hub_id", "connected_at")
    list_select_related = ("credential",)
    list_display = (
        *("name_and_id", "health", "state", "token_expires", "next_try", "latest_token_error"),
        *("failing_lanes", "records", ago("connected_at", "Connected")),
    )
    list_filter = ("state", "connection", "hublet")
    change_list_template = "admin/portals.html"
    actions = ("stop_calls", "let_calls_go_on", "disconnect")
    change_form_template = "admin/portal.html"
    fields = (
        *(
            "hub_id",
            "name",
            "connection",
            "state",
            "state_reason",
            "hublet",
            "ui_domain",
            "account_type",
            "time_zone",
            "currency",
        ),
        *("installed_by_user_id", "installed_by_email", "connected_at", "consented_at"),
        *("state_changed_at", "uninstall_told_at", "erase_at", "erased_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Portal]:
        rows: QuerySet[Portal] = super().get_queryset(request)
        lanes = Lane.objects.filter(portal=OuterRef("pk")).order_by().values("portal")
        syncs = Sync.objects.filter(portal=OuterRef("pk")).order_by().values("portal")
        return rows.annotate(
            failing=Coalesce(Subquery(lanes.annotate(n=Count("pk", filter=Q(failures__gt=0))).values("n")), 0),
            is_stopped=Exists(Stop.objects.filter(ended_at=None, hub_id=OuterRef("hub_id"))),
            live_records=Coalesce(Subquery(syncs.annotate(n=Sum("live_records")).values("n")), 0),
        ).defer("credential__access_token", "credential__refresh_token", "credential__previous_refresh_token")

    @admin.display(description="Portal", ordering="hub_id")
    def name_and_id(self, portal: Portal) -> str:
        return str(portal)

    @admin.display(description="Health")
    def health(self, portal: Any) -> SafeString:
        if portal.state != Portal.State.ACTIVE:
            return tag(portal.get_state_display().lower(), portal.state)
        if portal.is_stopped:
            return tag("stopped", "problem")
        credential = getattr(portal, "credential", None)
        if credential is None or credential.failures:
            return tag("token trouble", "problem")
        if credential.is_to_be_rotated:
            return tag("rotate token", "warn")
        return tag("lanes failing", "warn") if portal.failing else tag("well")

    @admin.display(description="Token expires", empty_value="—")
    def token_expires(self, portal: Portal) -> str | None:
        if not hasattr(portal, "credential"):
            return None
        return "never" if portal.credential.lasts else when(portal.credential.expires_at)

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

    def get_urls(self) -> list[Any]:
        add = self.admin_site.admin_view(private_app_pages.add)
        change = self.admin_site.admin_view(private_app_pages.change)
        certificate = self.admin_site.admin_view(certificate_pages.show)
        return [
            path("add-by-token/", add, name="installations_portal_add_by_token"),
            path("<int:portal_id>/private-app/", change, name="installations_portal_private_app"),
            path("<int:portal_id>/certificate/", certificate, name="installations_portal_certificate"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"may_add_by_token": settings.PRIVATE_APP_TOKENS}
        return super().changelist_view(request, context | (extra_context or {}))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        portal = self.get_object(request, object_id)
        context = _rooms_of(portal) if portal else {}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    @admin.action(description="Stop calls to HubSpot", permissions=["view"])
    def stop_calls(self, request: HttpRequest, portals: QuerySet[Portal]) -> HttpResponse | None:
        return stop_calls(self, request, portals, of="these portals", field="hub_id")

    @admin.action(description="Let calls go on", permissions=["view"])
    def let_calls_go_on(self, request: HttpRequest, portals: QuerySet[Portal]) -> None:
        """Undo that; a stop for everybody stays in force."""
        resumed = sum(switches.resume(actor(request), portal.hub_id) for portal in portals)
        self.message_user(request, f"{resumed} portals go on.", messages.SUCCESS)
        if switches.is_everything_stopped():
            self.message_user(request, "Calls are stopped for everybody, though: see Stops.", messages.WARNING)

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
            disconnecting.begin(portal, actor(request))
        self.message_user(request, f"{len(connected)} portals are being disconnected.", messages.SUCCESS)
        return None


def _rooms_of(portal: Portal) -> dict[str, object]:
    """What each room knows of a portal, and links to all its lists of this portal alone."""
    lanes = Lane.objects.filter(portal=portal).order_by("kind", "part")
    syncs = Sync.objects.filter(portal=portal).order_by("object_type")
    pages = [page for page in admin.site._registry.values() if isinstance(page, PortalRowsPage)]
    return {
        "lanes": [(lane, when(lane.due_at)) for lane in lanes],
        "syncs": [(sync, plural_of(sync.object_type), when(sync.reconciled_at)) for sync in syncs],
        "links": [
            *_certificate_page(portal),
            *_token_page(portal),
            *((page.heading, _list_of(page, portal)) for page in pages),
        ],
        "anomalies": list(Anomaly.objects.open().filter(portal=portal).order_by("-begun_at")),
        "day": days.today(portal) if portal.is_live else None,
        "chart": chart_of(portal),
        "allowances": allowances.of(portal) if portal.is_live else None,
    }


def _certificate_page(portal: Portal) -> list[tuple[str, str]]:
    """What proves the erasure, of a portal that is erased."""
    if portal.certificate is None:
        return []
    return [("Certificate of erasure", reverse("admin:installations_portal_certificate", args=[portal.pk]))]


def _token_page(portal: Portal) -> list[tuple[str, str]]:
    """The page of a private app's token, for a portal that has one."""
    if not (settings.PRIVATE_APP_TOKENS and portal.is_private_app and portal.is_live):
        return []
    return [("Private app's token", reverse("admin:installations_portal_private_app", args=[portal.pk]))]


def _list_of(page: PortalRowsPage, portal: Portal) -> str:
    meta = page.opts
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist", query={"q": portal.hub_id})
