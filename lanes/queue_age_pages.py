"""How long portals wait for a worker, in the staff console: the aim, who misses it, and every wait that was noted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from installations.list_filters import TimeFilter
from installations.staff_pages import PortalRowsPage, Section, in_words, tag

from . import queue_age, queue_age_charts
from .models import PortalWait

_DAYS_MINUTES = queue_age.DAY // timedelta(minutes=1)


class AimFilter(admin.SimpleListFilter):
    title = "aim"
    parameter_name = "aim"

    def lookups(self, _request: HttpRequest, _page: Any) -> list[tuple[str, str]]:
        return [("late", "Later than aimed at"), ("within", "Within the aim")]

    def queryset(self, _request: HttpRequest, rows: QuerySet[PortalWait]) -> QuerySet[PortalWait]:
        chosen = self.value()
        return rows.filter(is_late=chosen == "late") if chosen in ("late", "within") else rows


@admin.register(PortalWait)
class PortalWaitPage(PortalRowsPage):
    heading = "Queue age"
    explanation = (
        "How long portals wait for a worker, looked at every minute: the longest due lane of each class that nobody "
        f"holds. Waits over {queue_age.NOTED_S:.0f} s are noted and kept for {queue_age.KEPT.days} days."
    )
    section, rank = Section.WORK, 4
    ordering = ("-at", "-waited_s", "pk")
    list_display = ("at", "portal_link", "work_class", "waited", "lanes", "judgement")
    list_filter = (AimFilter, "work_class", TimeFilter)
    fields = ("at", "portal_link", "work_class", "waited", "lanes", "judgement")
    readonly_fields = ("portal_link", "waited", "judgement")
    change_list_template = "admin/queue_age.html"

    def title_of(self, row: PortalWait) -> str:
        return f"{row.get_work_class_display()} of {row.portal}"

    @admin.display(description="Waited")
    def waited(self, row: PortalWait) -> str:
        return in_words(row.waited_s)

    @admin.display(description="Aim", ordering="is_late")
    def judgement(self, row: PortalWait) -> SafeString:
        return tag("late", "problem") if row.is_late else tag("within", "good")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        ages = queue_age.last_day()
        sampled = max((age.minutes for age in ages), default=0)
        context = {
            "ages": [(age, in_words(age.aim_s), in_words(age.longest_s)) for age in ages],
            "percent": f"{queue_age.aimed_percent()} %",
            "unsampled": _DAYS_MINUTES - sampled if ages else 0,
            "missing": [(one, in_words(one.longest_s)) for one in queue_age.missing(ages)],
            "chart": queue_age_charts.chart(),
        }
        return super().changelist_view(request, context | (extra_context or {}))
