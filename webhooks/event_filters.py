"""Filters of the staff console's list of events, each quick on millions of rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import Max, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest

from installations.list_filters import TimeFilter
from installations.staff_pages import MOST_COUNTED

from .models import EVENTS, Event

HORIZON = 500_000  # events have no index by type: without a portal or a time only so many are looked through
_SAMPLE = 20_000  # the latest events, of whose types one can choose

# From each lane's position on, by the index that the lane itself reads by.
_PENDING = f"""
SELECT event.id FROM lanes_lane AS lane CROSS JOIN LATERAL (
    SELECT id FROM webhooks_event
    WHERE portal_id = lane.portal_id AND id > lane.position ORDER BY id DESC LIMIT {MOST_COUNTED}
) AS event
WHERE lane.kind = '{EVENTS}' LIMIT {MOST_COUNTED + 1}
"""  # noqa: S608 - built from constants only


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _page: Any) -> list[tuple[str, str]]:
        return [(state.value, str(state.label)) for state in Event.State]

    def queryset(self, _request: HttpRequest, rows: QuerySet[Event]) -> QuerySet[Event]:
        """Begin with what is rare, so that nobody waits for millions of rows to be told apart."""
        match self.value():
            case Event.State.PENDING:
                return rows.filter(pk__in=RawSQL(_PENDING, []), failure=None)  # noqa: S611 - a constant of ours
            case Event.State.RETRYING:
                return rows.filter(failure__isnull=False, failure__died_at=None)
            case Event.State.DEAD:
                return rows.filter(failure__died_at__isnull=False)
            case Event.State.QUARANTINED:
                return rows.filter(portal=None)
            case Event.State.DONE:
                return rows.filter(Q(state=Event.State.DONE))
        return rows


class TypeFilter(admin.SimpleListFilter):
    title = f"type, of the latest {HORIZON:,} events unless a portal or a time is chosen"
    parameter_name = "type"

    def lookups(self, _request: HttpRequest, _page: Any) -> list[tuple[str, str]]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT event_type FROM ("
                "SELECT event_type FROM webhooks_event ORDER BY id DESC LIMIT %s) AS latest ORDER BY 1",
                [_SAMPLE],
            )
            return [(name, name or "(none)") for (name,) in cursor.fetchall()]

    def queryset(self, request: HttpRequest, rows: QuerySet[Event]) -> QuerySet[Event]:
        if self.value() is None:
            return rows
        if not any(request.GET.get(name) for name in ("q", "since", "from")):
            latest = Event.objects.aggregate(latest=Max("pk"))["latest"] or 0
            rows = rows.filter(pk__gt=latest - HORIZON)
        return rows.filter(event_type=self.value())


class ReceivedFilter(TimeFilter):
    title = "time received"
    field_name = "received_at"
