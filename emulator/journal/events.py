"""What happened, as the journal tells it.

HubSpot's documentation shows the fields; the `type` of an event is seen for lifecycle events only, and is the
subscription's type in small letters there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from emulator.crm.changes import (
    Associated,
    Change,
    Created,
    Deleted,
    MembershipChanged,
    Merged,
    PrivacyDeleted,
    PropertyChanged,
    Restored,
    Write,
)
from emulator.crm.object_types import ObjectType
from emulator.crm.store import Crm
from emulator.crm.wire import is_told, wire_value
from emulator.instants import iso
from emulator.journal.registry import Subjects
from emulator.journal.subscriptions import LISTS, Kind, Subscription
from emulator.oauth.grants import Install

Event = dict[str, Any]
_RecordKey = tuple[str, int]
_Values = dict[str, str]

# Lists have a scope of their own, whatever is on them.
LIST_SCOPES: tuple[str, ...] = ("crm.lists.read",)


class Telling:
    """One app's events for one write in one account."""

    def __init__(self, subjects: Subjects, approved: frozenset[str], crm: Crm, write: Write) -> None:
        self._subjects = subjects
        self._approved = approved
        self._crm = crm
        self._at = iso(write.at)
        self._changes = write.changes
        self._created = {_key(each.kind, each.record_id) for each in write.changes if isinstance(each, Created)}
        self._values = _values(crm, write.changes)

    def events(self) -> list[Event]:
        updated: set[_RecordKey] = set()
        events: list[Event] = []
        for change in self._changes:
            if isinstance(change, PropertyChanged):
                # All of a record's changes are one event; those of a new one are part of its creation.
                key = _key(change.kind, change.record_id)
                if key in self._created or key in updated:
                    continue
                updated.add(key)
            events += self._of(change)
        return events

    def _of(self, change: Change) -> Iterator[Event]:
        match change:
            case Created(kind=kind, record_id=record_id):
                yield from self._written("CREATE", kind, record_id)
            case PropertyChanged(kind=kind, record_id=record_id):
                yield from self._written("UPDATE", kind, record_id)
            case Deleted(kind=kind, record_id=record_id):
                yield from self._record("DELETE", kind, [record_id])
            case Restored(kind=kind, record_id=record_id):
                yield from self._record("RESTORE", kind, [record_id])
            case Merged():
                yield from self._merged(change)
            case PrivacyDeleted(kind=kind, record_id=record_id):
                yield from self._erased(kind, record_id)
            case Associated():
                yield from self._associated(change)
            case MembershipChanged():
                yield from self._listed(change)

    def _subscription(self, subject: Kind, type_id: str, action: str, scopes: Iterable[str]) -> Subscription | None:
        """The subscription to it, if the account approved what the app must have to see it."""
        found = self._subjects.get((subject, type_id))
        if found is None or action not in found.wanted.actions or self._approved.isdisjoint(scopes):
            return None
        return found

    def _base(self, subject: Kind, action: str) -> Event:
        return {
            "type": subject.lower(),
            "portalId": self._crm.hub_id,
            "occurredAt": self._at,
            "action": action,
        }

    # -- records ---------------------------------------------------------------------------------------------------

    def _written(self, action: str, kind: ObjectType, record_id: int) -> Iterator[Event]:
        """A creation or a change, with the values it set; changes of nothing that is subscribed to are not told."""
        found = self._subscription(Kind.OBJECT, kind.type_id, action, kind.scopes.read)
        if found is None or not _about(found.wanted.object_ids, record_id):
            return
        values = self._values.get(_key(kind, record_id), {})
        if found.wanted.properties:
            values = {name: values[name] for name in found.wanted.properties if name in values}
        if (values or action == "CREATE") and self._passes(found, kind, record_id):
            yield self._object(action, kind, record_id) | {"propertyChanges": values}

    def _passes(self, subscription: Subscription, kind: ObjectType, record_id: int) -> bool:
        """Whether one of the filters lets it through, if there are any."""
        if not subscription.filters:
            return True
        record = self._crm.table(kind).records.get(record_id)
        if record is None:
            return False

        def read(name: str) -> str:
            return self._crm.read(kind, record, name) or ""

        return any(each.passes(read) for each in subscription.filters)

    def _record(self, action: str, kind: ObjectType, ids: list[int]) -> Iterator[Event]:
        """`ids` are all that the record is known by, the one to tell first."""
        found = self._subscription(Kind.OBJECT, kind.type_id, action, kind.scopes.read)
        if found is not None and any(_about(found.wanted.object_ids, each) for each in ids):
            yield self._object(action, kind, ids[0])

    def _object(self, action: str, kind: ObjectType, record_id: int) -> Event:
        return self._base(Kind.OBJECT, action) | {"objectTypeId": kind.type_id, "objectId": record_id}

    def _merged(self, change: Merged) -> Iterator[Event]:
        """The record that came of it, and those that went into it."""
        merged = [each for each in (change.primary_id, change.merged_id) if each != change.new_id]
        for event in self._record("MERGE", change.kind, [change.new_id, *merged]):
            yield event | {"mergedObjectIds": merged}

    def _erased(self, kind: ObjectType, record_id: int) -> Iterator[Event]:
        subject, action = Kind.GDPR_PRIVACY_DELETION, "GDPR_DELETE"
        if self._subscription(subject, kind.type_id, action, kind.scopes.read):
            yield self._base(subject, action) | {"objectTypeId": kind.type_id, "objectId": record_id}

    # -- associations and lists ------------------------------------------------------------------------------------

    def _associated(self, change: Associated) -> Iterator[Event]:
        """Told from the side that the subscription names; the other side is a fact of its own."""
        type_ = change.type
        action = "ASSOCIATION_REMOVED" if change.removed else "ASSOCIATION_ADDED"
        scopes = type_.from_type.scopes.read
        found = self._subscription(Kind.ASSOCIATION, type_.from_type.type_id, action, scopes)
        if found is None or not _about(found.wanted.object_ids, change.from_id):
            return
        partners = found.wanted.associated_object_type_ids
        if partners and type_.to_type.type_id not in partners:
            return
        yield self._base(Kind.ASSOCIATION, action) | {
            "fromObjectId": change.from_id,
            "toObjectId": change.to_id,
            "fromObjectTypeId": type_.from_type.type_id,
            "toObjectTypeId": type_.to_type.type_id,
            "associationTypeId": type_.type_id,
            "associationCategory": type_.category,
            "isPrimary": type_.primary,
        }

    def _listed(self, change: MembershipChanged) -> Iterator[Event]:
        action = "ADDED_TO_LIST" if change.added else "REMOVED_FROM_LIST"
        found = self._subscription(Kind.LIST_MEMBERSHIP, LISTS, action, LIST_SCOPES)
        if found is None:
            return
        wanted = found.wanted
        if _about(wanted.list_ids, change.list_id) and _about(wanted.object_ids, change.record_id):
            yield self._base(Kind.LIST_MEMBERSHIP, action) | {
                "listId": change.list_id,
                "objectTypeId": change.kind.type_id,
                "objectId": change.record_id,
            }


def _key(kind: ObjectType, record_id: int) -> _RecordKey:
    return (kind.type_id, record_id)


def _about(wanted: frozenset[int], given: int) -> bool:
    return not wanted or given in wanted


def _values(crm: Crm, changes: Iterable[Change]) -> Mapping[_RecordKey, _Values]:
    values: dict[_RecordKey, _Values] = {}
    for change in changes:
        if isinstance(change, PropertyChanged) and is_told(crm, change.kind, change.name):
            own = values.setdefault(_key(change.kind, change.record_id), {})
            own[change.name] = wire_value(crm, change.kind, change.name, change.value)
    return values


def snapshot_event(hub_id: int, at: int, kind: ObjectType, record_id: int, status_id: str, values: _Values) -> Event:
    """A record as it was when a snapshot of it was asked for."""
    return {
        "type": Kind.OBJECT.lower(),
        "portalId": hub_id,
        "occurredAt": iso(at),
        "action": "SNAPSHOT",
        "objectTypeId": kind.type_id,
        "objectId": record_id,
        "propertyChanges": values,
        "snapshotStatusId": status_id,
    }


def lifecycle_event(subscription: Subscription, app_id: int, install: Install, at: int) -> Event:
    """An install or an uninstall, as the subscription to it has it; `install` is the one that begins or ends."""
    wanted = subscription.wanted
    properties = {
        "hs_app_id": app_id,
        "hs_app_install_level": "PORTAL",
        "hs_initiating_user_id": install.user_id,
        "hs_user_id": install.user_id,
    }
    if wanted.properties:
        properties = {name: properties[name] for name in wanted.properties if name in properties}
    return {
        "type": Kind.APP_LIFECYCLE_EVENT.lower(),
        "action": wanted.actions[0],
        "portalId": install.hub_id,
        "occurredAt": iso(at),
        "eventTypeId": wanted.object_type_id,
        "properties": properties,
    }
