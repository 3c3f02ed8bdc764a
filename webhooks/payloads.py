"""Show an event's payload without what it says about people: only fields that are known to be about the event."""

from __future__ import annotations

import json
from typing import Any

MASK = "•••"

# "Webhooks API guide": who, when, which record. Everything else, and every value of a property, may be personal.
_IMPERSONAL = {
    *("eventId", "subscriptionId", "portalId", "appId", "occurredAt", "subscriptionType", "eventType"),
    *("attemptNumber", "objectId", "objectTypeId", "changeFlag", "changeSource", "sourceId", "propertyName"),
    *("isSensitive", "associationType", "associationTypeId", "associationCategory", "associationRemoved"),
    *("fromObjectId", "fromObjectTypeId", "toObjectId", "toObjectTypeId", "isPrimaryAssociation"),
    *("primaryObjectId", "mergedObjectIds", "newObjectId", "numberOfPropertiesMoved"),
}


def shown(payload: str, *, revealed: bool = False) -> str:
    """Return a payload for people to read, masked unless somebody gave a reason to reveal it."""
    event: Any = json.loads(payload)
    if not revealed:
        event = {name: value if name in _IMPERSONAL else MASK for name, value in _fields(event).items()}
    return json.dumps(event, indent=2, ensure_ascii=True)


def _fields(event: Any) -> dict[str, Any]:
    return event if isinstance(event, dict) else {"": event}
