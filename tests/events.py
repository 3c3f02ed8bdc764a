"""Webhook events for tests, as HubSpot sends them, and what may become of them."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from django.conf import settings
from django.utils import timezone

from installations.models import Portal
from lanes.models import Lane
from webhooks import inbox
from webhooks.deliveries import parse
from webhooks.models import EVENTS, Event, Failure

_ids = count(10_000_001)


def sent(portal: Portal | int, **fields: Any) -> dict[str, Any]:
    """Return one event of an account."""
    return {
        "eventId": next(_ids),
        "portalId": portal if isinstance(portal, int) else portal.hub_id,
        "appId": settings.HUBSPOT_APP_ID,
        "occurredAt": 1782371969536,
        "subscriptionType": "contact.creation",
        "attemptNumber": 0,
        "objectId": 1,
    } | fields


def stored(portal: Portal | int, **fields: Any) -> Event:
    """Receive one event and return its row."""
    inbox.store(parse(json.dumps([sent(portal, **fields)]).encode()))
    event: Event = Event.objects.latest("id")
    return event


def passed(portal: Portal) -> None:
    """Let the portal's lane have worked through all it has received."""
    last = Event.objects.filter(portal=portal).latest("id")
    Lane.objects.filter(portal=portal, kind=EVENTS).update(position=last.pk)


def failed(event: Event, *, dead: bool = False, reason: str = "ValueError: no") -> Failure:
    """Let an event have failed alone, for now or for good."""
    now = timezone.now()
    return Failure.objects.create(
        event=event,
        portal=event.portal,
        attempts=5 if dead else 1,
        reason=reason,
        retry_at=None if dead else now,
        died_at=now if dead else None,
    )
