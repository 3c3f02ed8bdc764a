"""Merging: two records become a new one, and both old ids lead to it.

developers.hubspot.com/changelog: "Updated merge functionality for contacts and companies".
"""

from __future__ import annotations

from emulator.crm.association_types import AssociationType
from emulator.crm.catalog.shorthand import LIFECYCLE
from emulator.crm.changes import Merged, Write
from emulator.crm.object_types import CONTACT, ObjectType
from emulator.crm.records import Record, Source, Version
from emulator.crm.store import Crm
from emulator.errors import InvalidInput

# More than this many identities on one contact is refused.
MOST_IDENTITIES = 250

_MERGED = "hs_merged_object_ids"
_MERGED_WITH_TIMES = "hs_calculated_merged_vids"
_STAGES = [value for value, _ in LIFECYCLE]


def merge(crm: Crm, kind: ObjectType, primary: Record, other: Record, source: Source) -> Record:
    """The primary's values win, the other's fill its gaps. Cannot be undone.

    Raises InvalidInput.
    """
    if primary is other:
        raise InvalidInput("Cannot merge an object with itself")
    merged_ids = _merged_ids(primary, other)
    if len(merged_ids) > MOST_IDENTITIES:
        raise InvalidInput(f"Cannot have more than {MOST_IDENTITIES} identities on a profile")
    at = crm.stamp()
    table = crm.table(kind)
    values = _combined(kind, primary, other)
    moved = sum(1 for name in values if name not in primary.values)
    record = Record(table.next_id, values, at, source)
    record.created_at = min(primary.created_at, other.created_at)
    record.history = _histories(record, primary, other, at, source)
    record.values[_MERGED] = ";".join(map(str, merged_ids))
    if kind is CONTACT:
        record.values[_MERGED_WITH_TIMES] = _with_times(primary, other, at)
    _replace(crm, kind, record, primary, other)
    crm.announce(Write(at, source, (Merged(kind, primary.id, other.id, record.id, moved),)))
    return record


def _merged_ids(primary: Record, other: Record) -> list[int]:
    earlier = [text for record in (primary, other) for text in record.values.get(_MERGED, "").split(";") if text]
    return sorted({primary.id, other.id, *map(int, earlier)})


def _with_times(primary: Record, other: Record, at: int) -> str:
    earlier = [record.values.get(_MERGED_WITH_TIMES, "") for record in (primary, other)]
    return ";".join(filter(None, [*earlier, f"{primary.id}:{at}", f"{other.id}:{at}"]))


def _combined(kind: ObjectType, primary: Record, other: Record) -> dict[str, str]:
    values = {**other.values, **primary.values}
    stages = [r.values["lifecyclestage"] for r in (primary, other) if r.values.get("lifecyclestage") in _STAGES]
    if stages:
        values["lifecyclestage"] = max(stages, key=_STAGES.index)
    if kind is CONTACT:
        _keep_addresses(values, primary, other)
    return values


def _keep_addresses(values: dict[str, str], primary: Record, other: Record) -> None:
    """The other's address becomes an additional one."""
    addresses = [
        address
        for record in (primary, other)
        for address in (record.values.get("email", ""), *record.values.get("hs_additional_emails", "").split(";"))
        if address and address != values.get("email")
    ]
    if addresses:
        values["hs_additional_emails"] = ";".join(dict.fromkeys(addresses))


def _histories(record: Record, primary: Record, other: Record, at: int, source: Source) -> dict[str, list[Version]]:
    """The versions of the record whose value was kept, ending with the value that the merge left."""
    histories: dict[str, list[Version]] = {}
    for name, value in record.values.items():
        origin = primary if name in primary.values else other
        versions = list(reversed(origin.versions(name)))
        if not versions or versions[-1].value != value:
            versions.append(Version(value, at, source))
        histories[name] = versions
    return histories


def _replace(crm: Crm, kind: ObjectType, record: Record, primary: Record, other: Record) -> None:
    table = crm.table(kind)
    links = [(type_, to_id) for old in (primary, other) for type_, to_id in crm.links.of_record(kind, old.id)]
    for old in (primary, other):
        crm.links.forget(kind, old.id)
        table.forget(old)
        table.aliases[old.id] = record.id
    table.add(record)
    has_primary: set[int] = set()
    for type_, to_id in links:
        if type_.to_type is kind and to_id in (primary.id, other.id):
            continue
        if type_.exclusive and type_.key in has_primary:
            type_ = _plain_of(crm, type_)
        elif type_.exclusive:
            has_primary.add(type_.key)
        crm.links.add(type_, record.id, to_id)


def _plain_of(crm: Crm, type_: AssociationType) -> AssociationType:
    """The excess "Primary" of the record merged away becomes a plain association."""
    return crm.association_types.plain(type_.from_type, type_.to_type) or type_
