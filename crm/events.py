"""Turn webhook events into reads: an event says only that a record, or one side of its associations, is dirty."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from webhooks.handlers import ReceivedChange

from .object_types import BY_ID, BY_NAME, ObjectType

Ids = dict[str, set[int]]  # by object type


def _ids() -> Ids:
    return defaultdict(set)


class EventInvalid(Exception):
    """An event of a type we know lacks what its type promises. It becomes a dead letter, not a crash."""


@dataclass
class Dirty:
    """What some events are about, each thing once."""

    records: Ids = field(default_factory=_ids)
    sides: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))  # (from, to): from ids
    returned: Ids = field(default_factory=_ids)  # restored or merged: all their sides, and the other ends'
    private: Ids = field(default_factory=_ids)  # to be forgotten by law


def collapse(events: Iterable[ReceivedChange]) -> Dirty:
    """Reduce events to what they make dirty. Types that we do not mirror are ignored. Raises EventInvalid."""
    dirty = Dirty()
    for event in events:
        name, _, what = event.event_type.partition(".")
        object_type = _type_of(name, event.payload)
        note = _NOTES.get(what)
        if object_type is not None and note is not None:
            note(dirty, object_type.id, event)
    return dirty


def _type_of(name: str, payload: dict[str, Any]) -> ObjectType | None:
    if name == "object":
        return BY_ID.get(str(payload.get("objectTypeId") or payload.get("fromObjectTypeId")))
    return BY_NAME.get(name)


def _note_record(dirty: Dirty, object_type: str, event: ReceivedChange) -> None:
    dirty.records[object_type].add(_id(event, "objectId"))


def _note_return(dirty: Dirty, object_type: str, event: ReceivedChange) -> None:
    _note_record(dirty, object_type, event)
    dirty.returned[object_type].add(_id(event, "objectId"))


def _note_privacy(dirty: Dirty, object_type: str, event: ReceivedChange) -> None:
    _note_record(dirty, object_type, event)
    dirty.private[object_type].add(_id(event, "objectId"))


def _note_merge(dirty: Dirty, object_type: str, event: ReceivedChange) -> None:
    """Contacts and companies get a new record with a new id, for which both old ids then stand."""
    others = event.payload.get("mergedObjectIds")
    if not isinstance(others, list) or not all(_is_id(other) for other in others):
        raise EventInvalid(f"Event {event.event_id} ({event.event_type}) has no usable mergedObjectIds.")
    new = _id(event, "newObjectId")
    dirty.records[object_type] |= {_id(event, "primaryObjectId"), new, *others}
    dirty.returned[object_type].add(new)


def _note_association(dirty: Dirty, object_type: str, event: ReceivedChange) -> None:
    towards = _other_type(event)
    from_id = _id(event, "fromObjectId")
    if towards is not None:
        dirty.sides[object_type, towards.id].add(from_id)


_NOTES: dict[str, Callable[[Dirty, str, ReceivedChange], None]] = {
    "creation": _note_record,
    "propertyChange": _note_record,
    "deletion": _note_record,
    "restore": _note_return,
    "merge": _note_merge,
    "privacyDeletion": _note_privacy,
    "associationChange": _note_association,
}


def _other_type(event: ReceivedChange) -> ObjectType | None:
    """Return the type at the other end, from CONTACT_TO_COMPANY or toObjectTypeId; None if we do not mirror it."""
    if "toObjectTypeId" in event.payload:
        return BY_ID.get(str(event.payload["toObjectTypeId"]))
    kind = event.payload.get("associationType")
    if not isinstance(kind, str) or "_TO_" not in kind:
        raise EventInvalid(f"Event {event.event_id} ({event.event_type}) does not say what it associates.")
    return BY_NAME.get(kind.partition("_TO_")[2].lower())


def _id(event: ReceivedChange, name: str) -> int:
    value: Any = event.payload.get(name)
    if not _is_id(value):
        raise EventInvalid(f"Event {event.event_id} ({event.event_type}) has no usable {name}.")
    return int(value)


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**63
