"""Installs and uninstalls: no webhook tells of them, only the journal does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hubspot_api import journal_subscriptions
from hubspot_api.client import Client
from hubspot_api.errors import Conflict
from hubspot_api.journal_events import APP_INSTALL, APP_UNINSTALL, JournalEvent
from installations.leaving import hearsay
from installations.ratelimit import WorkClass
from lanes import kinds as lane_kinds
from lanes.kinds import LaneKind
from lanes.signals import open_lane, signal
from lanes.slices import Slice

from . import kinds

KIND = "app_lifecycle_event"
UNINSTALL = "uninstall"  # the kind of lane that looks into what we were told


def subscribe(client: Client) -> None:
    """Have the app's installs and uninstalls written into the journal, of all accounts. Harmless when repeated."""
    for event_type in (APP_INSTALL, APP_UNINSTALL):
        try:
            journal_subscriptions.to_lifecycle(client, event_type)
        except Conflict:
            continue  # there already, as some report; HubSpot's own page says "create or update"


def take(events: Sequence[JournalEvent]) -> None:
    """Note the latest that each account did. An uninstall is looked into by a lane of its portal."""
    latest: dict[int, JournalEvent] = {}
    for event in events:
        before = latest.get(event.hub_id)
        if _says(event) and (before is None or before.occurred_at <= event.occurred_at):
            latest[event.hub_id] = event
    doubted = [portal_id for hub_id in sorted(latest) if (portal_id := _note(latest[hub_id]))]
    for portal_id in doubted:
        open_lane(portal_id, UNINSTALL)
    if doubted:
        signal(doubted, UNINSTALL)


def work(turn: Slice) -> datetime | None:
    """Ask HubSpot whether it is so; return when to ask again."""
    return hearsay.look_into(turn.portal_id)


def _note(event: JournalEvent) -> int | None:
    if _says(event) == APP_INSTALL:
        hearsay.note_install(event.hub_id, event.occurred_at)
        return None
    portal = hearsay.note_uninstall(event.hub_id, event.occurred_at)
    return portal.pk if portal else None


def _says(event: JournalEvent) -> str | None:
    """Whether it is an install or an uninstall; None for what HubSpot may add."""
    by_action = {"APP_INSTALL": APP_INSTALL, "APP_UNINSTALL": APP_UNINSTALL}
    said = event.event_type or by_action.get(event.action)
    return said if said in {APP_INSTALL, APP_UNINSTALL} else None


kinds.register(KIND, take)
lane_kinds.register(LaneKind(UNINSTALL, WorkClass.URGENT, work))
