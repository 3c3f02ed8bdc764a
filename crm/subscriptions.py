"""Which webhooks the app asks HubSpot for. Derived from the object types, nowhere written down twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .object_types import OBJECT_TYPES, ObjectType

MOST = 1000  # per app: "Announcing new limits for developer accounts and applications"
_RECORD_EVENTS = ("creation", "deletion", "merge", "restore", "associationChange")


@dataclass(frozen=True)
class Subscription:
    """One webhook subscription. `property_name` is empty but for propertyChange."""

    event_type: str
    property_name: str = ""


def subscriptions() -> list[Subscription]:
    """Return all subscriptions of the app."""
    return [subscription for object_type in OBJECT_TYPES for subscription in _of(object_type)]


def _of(object_type: ObjectType) -> Iterator[Subscription]:
    for event in _RECORD_EVENTS:
        yield Subscription(f"{object_type.name}.{event}")
    if object_type.has_privacy_deletion:
        yield Subscription(f"{object_type.name}.privacyDeletion")
    for property_name in object_type.live_properties:
        yield Subscription(f"{object_type.name}.propertyChange", property_name)
