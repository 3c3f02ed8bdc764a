"""Lanes in the staff console."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from installations.audit import record
from installations.staff_pages import PortalRowsPage, Section, actor, ago, when

from .models import Lane
from .queue_age_pages import PortalWaitPage  # noqa: F401 - registers itself
from .signals import hurry


class ConditionFilter(admin.SimpleListFilter):
    title = "condition"
    parameter_name = "condition"

    def lookups(self, _request: HttpRequest, _page: Any) -> list[tuple[str, str]]:
        return [("failing", "Failing"), ("due", "Due now"), ("held", "Held"), ("parked", "Parked")]

    def queryset(self, _request: HttpRequest, rows: QuerySet[Lane]) -> QuerySet[Lane]:
        match self.value():
            case "failing":
                return rows.filter(failures__gt=0)
            case "due":
                return rows.filter(parked=False, due_at__lte=timezone.now())
            case "held":
                return rows.exclude(token=None)
            case "parked":
                return rows.filter(parked=True)
        return rows


@admin.register(Lane)
class LanePage(PortalRowsPage):
    heading = "Lanes"
    explanation = "Each portal's streams of work. A parked lane waits until its portal is connected again."
    section, rank = Section.WORK, 3
    ordering = ("-failures", "due_at", "pk")
    sortable_by = ("failures", "due", "worked_at")
    list_display = (
        *("name", "portal_link", "work_class", "due", "holder", "failures"),
        *("latest_error", ago("worked_at", "Latest success")),
    )
    list_filter = (ConditionFilter, "work_class", "kind")
    actions = ("run_now",)
    fields = (
        *("portal_link", "kind", "part", "work_class", "due_at", "not_before", "holder", "lease_until", "parked"),
        *("signal", "position", "claims", "failures", "latest_error", "worked_at"),
    )
    readonly_fields = ("portal_link", "holder")

    def title_of(self, row: Lane) -> str:
        return f"{row} of {row.portal}"

    @admin.display(description="Due", ordering="due_at")
    def due(self, lane: Lane) -> str:
        return "parked" if lane.parked else when(lane.due_at) or "when signalled"

    @admin.display(description="Lane")
    def name(self, lane: Lane) -> str:
        return str(lane)

    @admin.display(description="Holder", empty_value="—")
    def holder(self, lane: Lane) -> str | None:
        """The table knows until when a lane is held, not since when: each step prolongs the lease."""
        if lane.token is None or lane.lease_until is None:
            return None
        left = (lane.lease_until - timezone.now()).total_seconds()
        lost = f", {lane.claims - 1} holders died" if lane.claims > 1 else ""
        return (f"yes, {left:.0f} s left" if left > 0 else "lost") + lost

    @admin.action(description="Run now", permissions=["view"])
    def run_now(self, request: HttpRequest, lanes: QuerySet[Lane]) -> None:
        """Make lanes due although a failure held them back."""
        chosen = list(lanes.select_related("portal").order_by("pk"))
        with transaction.atomic():
            for lane in chosen:
                record(lane.portal, actor(request), "hurried a lane", str(lane))
            for lane in chosen:
                hurry(lane.portal_id, lane.kind, lane.part)
        parked = sum(lane.parked for lane in chosen)
        self.message_user(request, f"{len(chosen) - parked} lanes are due now.", messages.SUCCESS)
        if parked:
            text = f"{parked} are parked: they run once their portal is connected again."
            self.message_user(request, text, messages.WARNING)
