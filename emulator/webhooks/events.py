"""What happened, as the events that HubSpot sends: the fields and their order of recorded deliveries."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from emulator.crm.changes import (
    Associated,
    Created,
    Deleted,
    MembershipChanged,
    Merged,
    PrivacyDeleted,
    PropertyChanged,
    RecordChange,
    Restored,
    Write,
)
from emulator.crm.object_types import ObjectType
from emulator.crm.properties import SENSITIVE
from emulator.crm.records import Source
from emulator.crm.store import Crm
from emulator.crm.wire import is_told, sensitivity, wire_value
from emulator.oauth.apps import App
from emulator.webhooks.subscriptions import Subscription

Event = dict[str, Any]

# Of associations, the older types know these.
_TOLD_PAIRS = frozenset(
    f"{one}_TO_{other}"
    for one, others in {
        "CONTACT": ("COMPANY", "DEAL", "TICKET", "CONTACT"),
        "COMPANY": ("CONTACT", "DEAL", "TICKET", "COMPANY"),
        "DEAL": ("CONTACT", "COMPANY", "LINE_ITEM", "TICKET", "DEAL"),
        "TICKET": ("CONTACT", "COMPANY", "DEAL", "TICKET"),
        "LINE_ITEM": ("DEAL",),
    }.items()
    for other in others
)


def events_of(app: App, granted: frozenset[str], crm: Crm, write: Write, dice: random.Random) -> list[Event]:
    """The app's events for one write, all with its instant; a record's creation is never the first of several.

    An account that did not grant the scope for reading a kind sends nothing about it.
    """
    # The memberships of lists are heard of through the journal only.
    changes = [change for change in write.changes if not isinstance(change, MembershipChanged)]
    events = [event for change in changes for event in _events(app, granted, crm, write, change, dice)]
    if len(events) > 1 and any(isinstance(change, Created) for change in write.changes):
        dice.shuffle(events)
        if events[0]["subscriptionType"].endswith(".creation"):
            events.append(events.pop(0))
    return events


def _events(
    app: App, granted: frozenset[str], crm: Crm, write: Write, change: RecordChange, dice: random.Random
) -> Iterator[Event]:
    kind, action, name = _subject(change)
    subscriptions = app.subscriptions.about(kind.type_id, action, name)
    if not subscriptions or granted.isdisjoint(kind.scopes.read):
        return
    if isinstance(change, PropertyChanged) and not is_told(crm, change.kind, change.name):
        return
    for subscription in subscriptions:
        generic = subscription.generic
        if generic or not isinstance(change, Associated) or change.type.webhook_name in _TOLD_PAIRS:
            event = envelope(app, crm.hub_id, subscription, write.at, dice)
            event.update(_fields(crm, change, write.source, generic=generic))
            yield event


def envelope(app: App, hub_id: int, subscription: Subscription, at: int, dice: random.Random) -> Event:
    """What every event begins with."""
    return {
        "eventId": dice.getrandbits(32),
        "subscriptionId": subscription.id,
        "portalId": hub_id,
        "appId": app.app_id,
        "occurredAt": at,
        "subscriptionType": subscription.event_type,
        "attemptNumber": 0,
    }


def _subject(change: RecordChange) -> tuple[ObjectType, str, str | None]:
    match change:
        case Created(kind=kind):
            return kind, "creation", None
        case PropertyChanged(kind=kind, name=name):
            return kind, "propertyChange", name
        case Deleted(kind=kind):
            return kind, "deletion", None
        case Restored(kind=kind):
            return kind, "restore", None
        case PrivacyDeleted(kind=kind):
            return kind, "privacyDeletion", None
        case Merged(kind=kind):
            return kind, "merge", None
        case Associated(type=type_):
            return type_.from_type, "associationChange", None


def _fields(crm: Crm, change: RecordChange, source: Source, *, generic: bool) -> Event:
    match change:
        case Merged():
            return _merge(change) | _author(source)
        case Associated():
            return _association(change, source, generic=generic)
        case PrivacyDeleted():
            return {"objectId": change.record_id}
    fields: Event = {"objectId": change.record_id}
    if generic:
        fields["objectTypeId"] = change.kind.type_id
    match change:
        case Created():
            fields["changeFlag"] = "CREATED"
        case Deleted():
            fields["changeFlag"] = "DELETED"
        case PropertyChanged():
            fields["propertyName"] = change.name
            fields["propertyValue"] = wire_value(crm, change.kind, change.name, change.value)
    fields |= _author(source)
    if generic and isinstance(change, PropertyChanged):
        fields["isSensitive"] = sensitivity(crm, change.kind, change.name) == SENSITIVE
    return fields


def _author(source: Source) -> Event:
    return {"changeSource": source.type, "sourceId": source.id} if source.id else {"changeSource": source.type}


def _merge(change: Merged) -> Event:
    return {
        "primaryObjectId": change.primary_id,
        "mergedObjectIds": [change.merged_id],
        "newObjectId": change.new_id,
        "numberOfPropertiesMoved": change.properties_moved,
    }


def _association(change: Associated, source: Source, *, generic: bool) -> Event:
    """A user's associations carry USER where their other changes carry CRM_UI."""
    author = "USER" if source.type.startswith("CRM_UI") else source.type
    tail: Event = {"associationRemoved": change.removed, "isPrimaryAssociation": change.type.primary}
    if source.id:
        tail["sourceId"] = source.id
    if generic:
        return {
            "changeSource": author,
            "associationTypeId": change.type.type_id,
            "associationCategory": change.type.category,
            "fromObjectTypeId": change.type.from_type.type_id,
            "fromObjectId": change.from_id,
            "toObjectTypeId": change.type.to_type.type_id,
            "toObjectId": change.to_id,
            **tail,
        }
    return {
        "changeSource": author,
        "associationType": change.type.webhook_name,
        "fromObjectId": change.from_id,
        "toObjectId": change.to_id,
        **tail,
    }


def sample_event(app: App, hub_id: int, subscription: Subscription, at: int) -> Event:
    """What the button "Test" sends, with the fields and values of recorded tests."""
    event: Event = {
        "appId": app.app_id,
        "eventId": 100,
        "subscriptionId": subscription.id,
        "portalId": hub_id,
        "occurredAt": at,
        "subscriptionType": subscription.event_type,
        "attemptNumber": 0,
        "objectId": 123,
        "changeSource": "CRM",
    }
    if subscription.property_name is None:
        return event | {"changeFlag": "NEW"}
    return event | {"propertyName": subscription.property_name, "propertyValue": "sample-value"}
