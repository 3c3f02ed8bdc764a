"""Where people sign in from, in the staff console."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from .audit import record
from .models import Place
from .people import places
from .staff_pages import Section, StaffPage, actor, ago, tag


class NewsFilter(admin.SimpleListFilter):
    title = "news"
    parameter_name = "news"

    def lookups(self, _request: HttpRequest, _page: Any) -> list[tuple[str, str]]:
        return [("unseen", "New, to be looked at"), ("new", "New when first used")]

    def queryset(self, _request: HttpRequest, rows: QuerySet[Place]) -> QuerySet[Place]:
        match self.value():
            case "unseen":
                return rows.filter(is_news=True, seen_at=None)
            case "new":
                return rows.filter(is_news=True)
        return rows


@admin.register(Place)
class PlacePage(StaffPage):
    heading = "Places"
    explanation = (
        "Where staff and portal users signed in from: networks, not addresses, for 90 days after the last time. New is "
        "what somebody who had signed in before had not used."
    )
    section, rank = Section.HISTORY, 4
    ordering = ("-first_at",)
    list_display = (
        *("name_or_id", "who", "browser_or_none", "network_or_none", "state"),
        *(ago("first_at", "First"), ago("latest_at", "Latest")),
    )
    list_filter = (NewsFilter, "who")
    search_fields = ("name__icontains",)
    search_help_text = "Part of a name or e-mail address"
    actions = ("seen",)
    fields = ("name", "who", "person_id", "browser", "network", "state", "first_at", "latest_at", "seen_at", "seen_by")
    readonly_fields = ("state",)

    def title_of(self, row: Place) -> str:
        return f"{row.name or row.person_id}: {row}"

    @admin.display(description="Person")
    def name_or_id(self, place: Place) -> str:
        return place.name or f"User {place.person_id}"

    @admin.display(description="Browser", empty_value="unknown")
    def browser_or_none(self, place: Place) -> str | None:
        return place.browser or None

    @admin.display(description="Network", empty_value="unknown")
    def network_or_none(self, place: Place) -> str | None:
        return place.network or None

    @admin.display(description="State")
    def state(self, place: Place) -> SafeString:
        if not place.is_news:
            return tag("known", "plain")
        return tag("seen, all right", "good") if place.seen_at else tag("new", "warn")

    @admin.action(description="Seen, all right", permissions=["view"])
    def seen(self, request: HttpRequest, chosen: QuerySet[Place]) -> None:
        """Say that it was them."""
        seen = places.see(chosen, actor(request))
        for place in seen:
            record(None, actor(request), "found a new place to be all right", f"{place.name}: {place}")
        self.message_user(request, f"{len(seen)} places are known now.", messages.SUCCESS)
