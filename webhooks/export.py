"""The inbox as plain objects, one per event, for checkers and for people who leave.

Read in pages by id instead of through one long cursor: a snapshot held for minutes slows every claim of a lane.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from installations.models import Portal

from .models import Event, EventQuerySet

PAGE = 2000
_FIELDS = ("id", "key", "hub_id", "state", "received_at", "event_type", "attempt", "payload", "reason")


def events(hub_id: int | None = None, since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """Return events in the order of their ids; of one account, and received since then, if asked."""
    return _paged(_chosen(hub_id, since))


def of_installation(portal: Portal) -> Iterator[dict[str, Any]]:
    """Yield an installation's events as lines of its export. The latest one has those that wait for their portal."""
    chosen = Q(portal=portal)
    if not Portal.objects.filter(hub_id=portal.hub_id, pk__gt=portal.pk).exists():
        chosen |= Q(portal=None, hub_id=portal.hub_id)
    for event in _paged(_all().filter(chosen)):
        yield {"kind": "event"} | event


def _paged(chosen: EventQuerySet) -> Iterator[dict[str, Any]]:
    after = 0
    while page := list(chosen.filter(id__gt=after).order_by("id").values_list(*_FIELDS)[:PAGE]):
        for row in page:
            yield _shown(dict(zip(_FIELDS, row, strict=True)))
        after = page[-1][0]


def _all() -> EventQuerySet:
    found: EventQuerySet = Event.objects.with_state().annotate(reason=F("failure__reason"))
    return found


def _chosen(hub_id: int | None, since: datetime | None) -> EventQuerySet:
    chosen = _all()
    if hub_id is not None:
        installations = list(Portal.objects.filter(hub_id=hub_id).values_list("pk", flat=True))
        chosen = chosen.filter(Q(portal__in=installations) | Q(portal=None, hub_id=hub_id))
    return chosen if since is None else chosen.filter(received_at__gte=since)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "key": bytes(row["key"]).hex(),
        "received_at": row["received_at"].isoformat(),
        "payload": json.loads(row["payload"]),
    }
