"""What an app subscribed to.

Types: the eventType enumeration of HubSpot's webhooks API, 48 values.
developers.hubspot.com/docs/api-reference/latest/webhooks/guide
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

_RECORD_ACTIONS = ("creation", "deletion", "merge", "restore", "propertyChange", "associationChange")
# What the first word of a type is about: a kind of record, or something that has no type id.
_SUBJECTS = {
    "contact": "0-1",
    "company": "0-2",
    "deal": "0-3",
    "ticket": "0-5",
    "product": "0-7",
    "line_item": "0-8",
    "conversation": "conversation",
    "event": "event",
}
_WITH_ASSOCIATIONS = ("contact", "company", "deal", "ticket", "line_item", "object")

EVENT_TYPES = frozenset(
    [f"{name}.{action}" for name in _WITH_ASSOCIATIONS for action in _RECORD_ACTIONS]
    + ["contact.privacyDeletion"]
    + [f"product.{action}" for action in _RECORD_ACTIONS if action != "associationChange"]
    + [f"conversation.{action}" for action in ("creation", "deletion", "privacyDeletion", "propertyChange")]
    + ["conversation.newMessage", "event.completed"]
)

MOST_PER_APP = 1_000

CONVERSATION_PROPERTIES = ("assignedTo", "isArchived", "status")

# These change on every write and cannot be subscribed to.
_NOT_SUBSCRIBABLE = {"hs_lastmodifieddate", "num_unique_conversion_events"}
# Emails and communications keep their text to themselves.
_NOT_SUBSCRIBABLE_OF = {"0-49": {"hs_email_html", "hs_email_subject"}, "0-18": {"hs_communication_body"}}

# Guides speak of a type that does not exist.
_STAGES = {
    "deal.stageChange": "deal.propertyChange of dealstage",
    "ticket.stageChange": "ticket.propertyChange of hs_pipeline_stage",
}


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
    # Set for `event.completed` only: which event.
    event_type_name: str | None = None
    created_at: int = 0
    updated_at: int = 0

    @property
    def key(self) -> tuple[str, str | None, str | None, str | None]:
        return (self.event_type, self.property_name, self.object_type_id, self.event_type_name)

    @property
    def action(self) -> str:
        return self.event_type.partition(".")[2]

    @property
    def generic(self) -> bool:
        return self.event_type.startswith("object.")

    @property
    def subject(self) -> str | None:
        """The type id of the records it is about, or `conversation` or `event`."""
        return self.object_type_id if self.generic else _SUBJECTS[self.event_type.partition(".")[0]]

    @property
    def words(self) -> str:
        """For people: `contact.propertyChange of email`."""
        about = " ".join(filter(None, (self.object_type_id, self.property_name, self.event_type_name)))
        return f"{self.event_type} of {about}" if about else self.event_type

    def switched(self, active: bool, at: int) -> Subscription:
        return self if active == self.active else replace(self, active=active, updated_at=at)


class _Numbers:
    """Ids of subscriptions go up, also beyond those that a snapshot brought."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest = 6_500_000

    def take(self) -> int:
        with self._lock:
            self._latest += 1
            return self._latest

    def seen(self, number: int) -> None:
        with self._lock:
            self._latest = max(self._latest, number)


_numbers = _Numbers()


def subscription(
    event_type: str,
    property_name: str | None = None,
    object_type_id: str | None = None,
    *,
    event_type_name: str | None = None,
    active: bool = True,
    at: int = 0,
) -> Subscription:
    """Raises InvalidSubscription for what HubSpot would refuse."""
    if event_type not in EVENT_TYPES:
        raise InvalidSubscription(f"{event_type} is not a subscription type{_hint(event_type)}")
    if event_type.endswith(".propertyChange") != bool(property_name):
        needs = "needs a property" if not property_name else "takes no property"
        raise InvalidSubscription(f"{event_type} {needs}")
    if event_type.startswith("object.") != bool(object_type_id):
        raise InvalidSubscription(f"{event_type}: object_type belongs to object.* and only there")
    if (event_type == "event.completed") != bool(event_type_name):
        raise InvalidSubscription(f"{event_type}: the name of an event belongs to event.completed and only there")
    made = Subscription(
        _numbers.take(),
        event_type,
        property_name,
        object_type_id,
        active,
        event_type_name,
        created_at=at,
        updated_at=at,
    )
    _check_property(made)
    return made


def _hint(event_type: str) -> str:
    if event_type in _STAGES:
        return f": a stage that changes is {_STAGES[event_type]}"
    near = get_close_matches(event_type, sorted(EVENT_TYPES), 1)
    return f"; did you mean {near[0]}?" if near else ""


def _check_property(made: Subscription) -> None:
    name = made.property_name
    if made.event_type == "conversation.propertyChange" and name not in CONVERSATION_PROPERTIES:
        raise InvalidSubscription(
            f"{name} is not a property of conversations: {', '.join(CONVERSATION_PROPERTIES)} are"
        )
    if name in _NOT_SUBSCRIBABLE or name in _NOT_SUBSCRIBABLE_OF.get(made.subject or "", ()):
        raise InvalidSubscription(f"{name} cannot be subscribed to")


class Subscriptions:
    """An app's subscriptions, by what they are about."""

    def __init__(self, subscriptions: Iterable[Subscription] = ()) -> None:
        self._by_id = {each.id: each for each in subscriptions}
        if len(self._by_id) > MOST_PER_APP:
            raise InvalidSubscription(
                "Couldn't create another subscription. You've reached the maximum number allowed per application"
                f" ({MOST_PER_APP})."
            )
        _numbers.seen(max(self._by_id, default=0))
        self._by_subject: dict[tuple[str, str, str | None], list[Subscription]] = {}
        for each in self._by_id.values():
            if each.subject is not None and each.active:
                about = (each.subject, each.action, each.property_name or each.event_type_name)
                self._by_subject.setdefault(about, []).append(each)

    def __iter__(self) -> Iterator[Subscription]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def about(self, subject: str, action: str, name: str | None = None) -> list[Subscription]:
        """The active ones; `name` is that of the property or the event."""
        return self._by_subject.get((subject, action, name), [])

    def get(self, subscription_id: int) -> Subscription | None:
        return self._by_id.get(subscription_id)

    def like(self, other: Subscription) -> Subscription | None:
        """The one that is about the same."""
        return next((each for each in self if each.key == other.key), None)

    def put(self, *changed: Subscription) -> Subscriptions:
        """With these added, or in the place of those that have their ids.

        Raises InvalidSubscription beyond the most that an app may have.
        """
        return Subscriptions((self._by_id | {each.id: each for each in changed}).values())

    def without(self, subscription_id: int) -> Subscriptions:
        return Subscriptions(each for each in self if each.id != subscription_id)
