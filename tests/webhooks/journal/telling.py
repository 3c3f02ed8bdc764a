"""What the journal is made to tell, and how far its reader is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from installations.models import Portal
from tests.hubspot import Account, HubSpot
from webhooks.journal import reading
from webhooks.models import JournalReader

JOURNAL = "/webhooks-journal/journal/2026-03"
FILES = "/webhooks-journal-files"
SUBSCRIPTIONS = "/webhooks-journal/subscriptions/2026-03"


def read() -> int:
    """Read as if it were time to."""
    JournalReader.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    return reading.read() or (reading.read() if row().caught_up_at is None and not row().failures else 0)


def row() -> JournalReader:
    return JournalReader.objects.get()


def publish(hubspot: HubSpot) -> None:
    """Let the journal's open file be published."""
    hubspot.advance(2)


def uninstall(hubspot: HubSpot, account: Account, **how: Any) -> None:
    hubspot.uninstall(account, **how)
    publish(hubspot)


def rewrite(hubspot: HubSpot, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the files of the app's journal behind HubSpot's back."""
    saved = hubspot.call("GET", "/_emulator/snapshot")
    for each in saved["journals"]["journals"].values():
        change(each)
    hubspot.call("PUT", "/_emulator/snapshot", saved)


def subscriptions(hubspot: HubSpot) -> set[int]:
    saved = hubspot.call("GET", "/_emulator/snapshot")["journals"]["subscriptions"]
    return {each["id"] for each in saved}


def struck(hubspot: HubSpot) -> int:
    return sum(fault["struck"] for fault in hubspot.call("GET", "/_emulator/faults")["items"])


def state(portal: Portal) -> str:
    portal.refresh_from_db()
    return portal.state
