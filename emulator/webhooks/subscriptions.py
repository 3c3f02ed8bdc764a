"""What an app subscribed to.

Types: the eventType enumeration of HubSpot's webhooks API, 48 values.
developers.hubspot.com/docs/api-reference/latest/webhooks/guide
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

_RECORD_ACTIONS = ("creation", "deletion", "merge", "restore", "propertyChange", "associationChange")
_CLASSIC = {"contact": "0-1", "company": "0-2", "deal": "0-3", "ticket": "0-5", "line_item": "0-8"}

EVENT_TYPES = frozenset(
    [f"{name}.{action}" for name in (*_CLASSIC, "object") for action in _RECORD_ACTIONS]
    + ["contact.privacyDeletion"]
    + [f"product.{action}" for action in _RECORD_ACTIONS if action != "associationChange"]
    + [f"conversation.{action}" for action in ("creation", "deletion", "privacyDeletion", "propertyChange")]
    + ["conversation.newMessage", "event.completed"]
)

MOST_PER_APP = 1_000

# These change on every write and cannot be subscribed to.
_NOT_SUBSCRIBABLE = {"hs_lastmodifieddate", "num_unique_conversion_events"}

_ids = itertools.count(6_500_001)


class InvalidSubscription(ValueError):
    """The message says what is wrong with it."""


@dataclass(frozen=True)
class Subscription:
    id: int
    event_type: str
    # Set for property changes only.
    property_name: str | None = None
    # Set for `object.*` only: which kind of record.
    object_type_id: str | None = None
    active: bool = True

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        return (self.event_type, self.property_name, self.object_type_id)

    @property
    def action(self) -> str:
        return self.event_type.partition(".")[2]

    @property
    def generic(self) -> bool:
        return self.event_type.startswith("object.")

    @property
    def type_id(self) -> str | None:
        return self.object_type_id if self.generic else _CLASSIC.get(self.event_type.partition(".")[0])

    def numbered(self, subscription_id: int) -> Subscription:
        return replace(self, id=subscription_id)


def subscription(
    event_type: str, property_name: str | None = None, object_type_id: str | None = None, *, active: bool = True
) -> Subscription:
    """Raises InvalidSubscription for what HubSpot would refuse."""
    if event_type not in EVENT_TYPES:
        raise InvalidSubscription(f"{event_type} is not a subscription type")
    if event_type.endswith(".propertyChange") != bool(property_name):
        needs = "needs a property" if not property_name else "takes no property"
        raise InvalidSubscription(f"{event_type} {needs}")
    if property_name in _NOT_SUBSCRIBABLE:
        raise InvalidSubscription(f"{property_name} cannot be subscribed to")
    if event_type.startswith("object.") != bool(object_type_id):
        raise InvalidSubscription(f"{event_type}: object_type belongs to object.* and only there")
    return Subscription(next(_ids), event_type, property_name, object_type_id, active)


class Subscriptions:
    """An app's subscriptions, by what they are about."""

    def __init__(self, subscriptions: Iterable[Subscription] = ()) -> None:
        self._all = tuple(subscriptions)
        if len(self._all) > MOST_PER_APP:
            raise InvalidSubscription(
                "Couldn't create another subscription. You've reached the maximum number allowed per application"
                f" ({MOST_PER_APP})."
            )
        self._by_subject: dict[tuple[str, str, str | None], list[Subscription]] = {}
        for each in self._all:
            if each.type_id is not None and each.active:
                self._by_subject.setdefault((each.type_id, each.action, each.property_name), []).append(each)

    def __iter__(self) -> Iterator[Subscription]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def about(self, type_id: str, action: str, property_name: str | None = None) -> list[Subscription]:
        return self._by_subject.get((type_id, action, property_name), [])
