"""Stops of calls to HubSpot in the staff console: who made them and why, the switch, and how other lists stop calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from .calls import switches
from .models import Stop
from .staff_pages import AccountRowsPage, Deed, Section, StaffPage, actor, ago, is_confirmed, tag, why

_STOPPING = (
    "No process calls HubSpot any more within seconds, for any portal. Tokens are not renewed, nobody can sign in.",
    "Webhooks are still acknowledged, and the work waits. Nothing is lost, and you can let calls go on here.",
)
_STOPPING_SOME = "No process calls HubSpot for them any more within seconds. Their work waits, nothing is lost."
_RESUMING = "What waited begins at once, within HubSpot's limits."


@admin.register(Stop)
class StopPage(AccountRowsPage):
    """Who stopped calls to HubSpot, when and why; and the switch for all of them."""

    heading = "Stops"
    explanation = "Calls to HubSpot stopped by staff, for everybody or one account. Chosen portals: on Portals."
    section, rank = Section.PORTALS, 4
    ordering = ("-begun_at",)
    list_display = ("whose", "in_force", "reason", "begun_by", ago("begun_at", "Stopped"), "ended_by", "ended_at")
    fields = ("hub_id", "reason", "begun_at", "begun_by", "ended_at", "ended_by")

    def notices(self) -> list[str]:
        return [f"Calls are stopped. {stop}: {stop.reason} ({stop.begun_by})" for stop in switches.active()]

    def deeds(self) -> list[Deed]:
        if switches.is_everything_stopped():
            question = "Let calls to HubSpot go on?"
            return [Deed("resume", "Let calls go on", self._resume, question, (_RESUMING,))]
        return [Deed("stop", "Stop all calls", self._stop, "Stop all calls to HubSpot?", _STOPPING, asks_why=True)]

    @admin.display(description="Whose")
    def whose(self, stop: Stop) -> str:
        return str(stop)

    @admin.display(description="State")
    def in_force(self, stop: Stop) -> SafeString:
        return tag("in force", "problem") if stop.ended_at is None else tag("over", "plain")

    def _stop(self, request: HttpRequest) -> None:
        switches.stop(actor(request), why(request))
        self.message_user(request, "All calls to HubSpot are stopped; the last one leaves within seconds.")

    def _resume(self, request: HttpRequest) -> None:
        switches.resume(actor(request))
        self.message_user(request, "Calls to HubSpot go on.", messages.SUCCESS)


def stop_calls(
    page: StaffPage, request: HttpRequest, rows: QuerySet[Any], *, of: str, field: str, more: Iterable[str] = ()
) -> HttpResponse | None:
    """Throw the kill switch of the accounts that rows name in a field, once confirmed: a page's action `stop_calls`.

    `of`: what to call them when asking. `more`: what else to know before.
    """
    if not is_confirmed(request):
        return page.ask_first(
            request,
            rows,
            action="stop_calls",
            question=f"Stop all calls to HubSpot for {of}?",
            details=[_STOPPING_SOME, *more],
            verb="Stop calls",
            asks_why=True,
        )
    hub_ids = set(rows.values_list(field, flat=True))
    stopped = sum(switches.stop(actor(request), why(request), hub_id) for hub_id in hub_ids)
    page.message_user(request, f"{stopped} portals are stopped.", messages.SUCCESS)
    return None
