"""What apps are told of conversations, and of events that were completed.

Recorded are deliveries of new messages, which name no author; the others are taken to be alike. Of `event.completed`
nothing is documented but that it has a name.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from emulator.conversations.threads import ThreadChange
from emulator.oauth.apps import App
from emulator.webhooks.events import Event, envelope

_FLAGS = {"creation": "CREATED", "deletion": "DELETED", "newMessage": "NEW_MESSAGE"}


def conversation_events_of(
    app: App, hub_id: int, at: int, changes: Sequence[ThreadChange], dice: random.Random
) -> list[Event]:
    return [
        envelope(app, hub_id, subscription, at, dice) | _fields(change)
        for change in changes
        for subscription in app.subscriptions.about("conversation", change.action, change.name)
    ]


def _fields(change: ThreadChange) -> Event:
    fields: Event = {"objectId": change.thread_id}
    if change.message is not None:
        fields |= {"messageId": change.message.id, "messageType": change.message.type}
    if change.name is not None:
        fields |= {"propertyName": change.name, "propertyValue": change.value}
    if change.action in _FLAGS:
        fields["changeFlag"] = _FLAGS[change.action]
    return fields


def completed_events_of(
    app: App, hub_id: int, at: int, name: str, type_id: str, record_id: int, dice: random.Random
) -> list[Event]:
    """An event of this name, completed by a record."""
    about = {"objectId": record_id, "objectTypeId": type_id, "eventTypeName": name}
    return [
        envelope(app, hub_id, subscription, at, dice) | about
        for subscription in app.subscriptions.about("event", "completed", name)
    ]
