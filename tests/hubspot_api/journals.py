"""Changes in an account, and what the journal tells of them."""

from __future__ import annotations

from hubspot_api import journal
from hubspot_api.client import Client
from tests.hubspot_api.emulated import HUB, Place

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def change(place: Place, *emails: str) -> None:
    """Create contacts, and let the journal's file be published."""
    made = [{"op": "create", "object_type": "contact", "properties": {"email": email}} for email in emails]
    place.control(f"portals/{HUB}/changes", changes=made)
    place.control("clock", advance_s=2)


def emails(app: Client, after: str | None = None) -> list[str | None]:
    return [event.properties["email"] for event in journal.events(app, after)]
