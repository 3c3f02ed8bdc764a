"""What users of an account do in HubSpot, as a control call describes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.control.fields import Fields, Rejected
from emulator.crm import merges, writes
from emulator.crm.association_types import CATEGORIES, HUBSPOT_DEFINED, AssociationType, key_of
from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record, Source
from emulator.crm.store import Crm
from emulator.errors import HubSpotError, ResourceNotFound
from emulator.portals import Portal


def apply_changes(portal: Portal, body: Any) -> dict[str, Any]:
    """What a user of the account does in HubSpot, one after the other; a change that fails stops none of the others."""
    fields = Fields(body, ("user_id", "changes", "source", "source_id"))
    user_id = fields.whole("user_id", portal.users[0].user_id)
    if portal.user(user_id) is None:
        raise Rejected(f"portal {portal.hub_id} has no user {user_id}")
    source = _source(fields, user_id)
    results = []
    for index, given in enumerate(fields.items("changes")):
        with portal.crm.lock:
            results.append(_apply(portal.crm, index, given, source))
    return {"results": results}


# Where HubSpot says that changes come from, but for those of apps, which make theirs through the API.
_BY_HAND = ("CRM_UI", "CRM_UI_BULK_ACTION")
_SOURCES = (*_BY_HAND, "IMPORT", "API", "ACADEMY", "DATA_ENRICHMENT", "AUTOMATION_PLATFORM")


def _source(fields: Fields, user_id: int) -> Source:
    kind = fields.choice("source", _SOURCES, "CRM_UI")
    user = user_id if kind in _BY_HAND else None
    return Source(kind, fields.text("source_id", f"userId:{user}" if user else ""), user)


def _apply(crm: Crm, index: int, given: Any, source: Source) -> dict[str, Any]:
    """`occurred_at` is the occurredAt of the events, in milliseconds; null when nothing changed."""
    error: str | None = None
    record_id: str | None = None
    crm.announced_at = None
    try:
        record_id = _change(crm, given, index, source)
    except (HubSpotError, Rejected) as refused:
        error = str(refused)
    return {"index": index, "id": record_id, "occurred_at": crm.announced_at, "error": error}


def _change(crm: Crm, given: Any, index: int, source: Source) -> str:
    """Returns the id of the record that the change leaves: a merge leaves a new one."""
    fields = Fields(given, ("op", "object_type", "id", "properties", "into", "to"), f"changes[{index}]")
    operation = _OPERATIONS.get(fields.text("op"))
    if operation is None:
        raise Rejected(f"{fields.name('op')} must be one of {', '.join(_OPERATIONS)}")
    kind = crm.object_type(fields.text("object_type"))
    return str(operation(crm, kind, fields, source))


def _target(crm: Crm, kind: ObjectType, fields: Fields, *, archived: bool = False) -> Record:
    text = str(fields.raw("id"))
    try:
        return writes.find(crm, kind, text, archived=archived)
    except ResourceNotFound:
        state = "archived" if archived else "live"
        raise Rejected(f"there is no {state} {kind.name} {text}") from None


def _create(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    return writes.create(crm, kind, fields.mapping("properties"), source).id


def _update(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    record = _target(crm, kind, fields)
    return writes.update(crm, kind, record, fields.mapping("properties"), source).id


def _archive(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    record = _target(crm, kind, fields)
    writes.archive(crm, kind, record, source)
    return record.id


def _restore(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    record = _target(crm, kind, fields, archived=True)
    writes.restore(crm, kind, record, source)
    return record.id


def _merge(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    """`into` is the primary record, whose values win."""
    other = _target(crm, kind, fields)
    primary = writes.find(crm, kind, str(fields.raw("into")))
    return merges.merge(crm, kind, primary, other, source).id


def _privacy_delete(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    table = crm.table(kind)
    number = table.resolve(writes.record_id(str(fields.raw("id"))))
    record = table.records.get(number)
    if record is None:
        raise Rejected(f"there is no {kind.name} {fields.raw('id')}")
    writes.privacy_delete(crm, kind, record, source)
    return number


def _partner(crm: Crm, fields: Fields) -> tuple[ObjectType, int, int | None]:
    to = Fields(fields.mapping("to"), ("object_type", "id", "type_id", "category"), fields.name("to"))
    kind = crm.object_type(to.text("object_type"))
    to_id = crm.table(kind).resolve(writes.record_id(str(to.raw("id"))))
    type_id = to.optional_whole("type_id")
    key = None if type_id is None else key_of(to.choice("category", CATEGORIES, HUBSPOT_DEFINED), type_id)
    return kind, to_id, key


def _associate(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    """Without a type: the plain one, and for a first company also the primary one, as HubSpot's pages do."""
    record = _target(crm, kind, fields)
    to_type, to_id, key = _partner(crm, fields)
    if key is None:
        writes.associate_as_user(crm, kind, record.id, to_type, to_id, source)
    else:
        writes.associate(crm, [_type(crm, kind, to_type, key)], record.id, to_id, source)
    return record.id


def _disassociate(crm: Crm, kind: ObjectType, fields: Fields, source: Source) -> int:
    record = _target(crm, kind, fields)
    to_type, to_id, key = _partner(crm, fields)
    if key is None:
        writes.disassociate(crm, kind, record.id, to_type, to_id, source)
    else:
        writes.remove_types(crm, [_type(crm, kind, to_type, key)], record.id, to_id, source)
    return record.id


def _type(crm: Crm, from_type: ObjectType, to_type: ObjectType, key: int) -> AssociationType:
    found = crm.association_types.get(key)
    if found is None or found.from_type is not from_type or found.to_type is not to_type:
        raise Rejected(f"{abs(key)} is not an association type from {from_type.name} to {to_type.name}")
    return found


_OPERATIONS: dict[str, Callable[[Crm, ObjectType, Fields, Source], int]] = {
    "create": _create,
    "update": _update,
    "archive": _archive,
    "restore": _restore,
    "merge": _merge,
    "associate": _associate,
    "disassociate": _disassociate,
    "privacy_delete": _privacy_delete,
}
