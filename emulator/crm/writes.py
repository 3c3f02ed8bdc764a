"""The writes that a portal's records know, each announced as one Write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.crm.association_types import AssociationType
from emulator.crm.catalog.shorthand import LIFECYCLE
from emulator.crm.changes import Associated, Change, Created, Deleted, PrivacyDeleted, PropertyChanged, Restored, Write
from emulator.crm.labels import check_limit
from emulator.crm.object_types import CONTACT, ObjectType
from emulator.crm.records import Record, Source
from emulator.crm.store import Crm
from emulator.errors import Conflict, InvalidInput, ObjectNotFound, ResourceNotFound

Link = tuple[AssociationType, int]

_STAGES = [value for value, _ in LIFECYCLE]


def record_id(text: str) -> int:
    """Raises ObjectNotFound for what is not a number."""
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise ObjectNotFound
    return int(text)


def find(crm: Crm, kind: ObjectType, text: str, id_property: str | None = None, *, archived: bool = False) -> Record:
    """One record by id, by a merged-away id, or by the value of a unique property."""
    table = crm.table(kind)
    if id_property and id_property != "hs_object_id":
        found = table.holder(checked_id_property(crm, kind, id_property), text)
        number = found if found is not None else -1
    else:
        number = table.resolve(record_id(text))
    record = table.find(number, archived=archived)
    if record is None:
        raise ResourceNotFound
    return record


def checked_id_property(crm: Crm, kind: ObjectType, name: str) -> str:
    if name not in crm.table(kind).unique:
        raise InvalidInput(f"Property '{name}' is not a unique identifier property of {kind.constant}.")
    return name


def create(crm: Crm, kind: ObjectType, raw: Mapping[str, Any], source: Source, links: Sequence[Link] = ()) -> Record:
    record, write = prepare_create(crm, kind, raw, source, links)
    crm.announce(write)
    return record


def prepare_create(
    crm: Crm, kind: ObjectType, raw: Mapping[str, Any], source: Source, links: Sequence[Link] = ()
) -> tuple[Record, Write]:
    """Create without announcing it, for batches that may yet be taken back."""
    if not kind.creatable:
        raise InvalidInput(f"Objects of type {kind.constant} cannot be created")
    values = {name: value for name, value in crm.values(kind).clean(raw, {}).items() if value}
    _check_complete(crm, kind, values)
    crm.write_rules.check_new(kind, values)
    _check_unique(crm, kind, values, None)
    _check_belongs(crm, kind, links)
    table = crm.table(kind)
    for type_, to_id in links:
        check_partner(crm, type_, to_id)
    at = crm.stamp()
    record = Record(table.next_id, values, at, source)
    table.add(record)
    changes: list[Change] = [Created(kind, record.id)]
    changes += [PropertyChanged(kind, record.id, name, value) for name, value in values.items()]
    try:
        for type_, to_id in links:
            # Only now: each may use up what the next one would need.
            check_limit(crm, type_, record.id, to_id)
            changes += crm.links.add(type_, record.id, to_id)
    except InvalidInput:
        take_back(crm, kind, record, changes)
        raise
    return record, Write(at, source, tuple(changes))


def take_back(crm: Crm, kind: ObjectType, record: Record, changes: Sequence[Change]) -> None:
    """Undo a prepared create, and what its associations displaced."""
    crm.links.forget(kind, record.id)
    crm.table(kind).forget(record)
    for change in changes:
        if isinstance(change, Associated) and change.removed:
            crm.links.put_unchecked(change.type, change.from_id, change.to_id)


def _check_complete(crm: Crm, kind: ObjectType, values: dict[str, str]) -> None:
    if kind.needs_one_of and not any(values.get(name) for name in kind.needs_one_of):
        raise _incomplete(kind, kind.needs_one_of)
    missing = [name for name in kind.needs_all_of if not values.get(name)]
    pipelines = crm.pipelines.all(kind.type_id)
    names = {p.values_from: p.name for p in crm.schema(kind).all() if p.values_from in ("pipeline", "stage")}
    name = names.get("pipeline")
    if name and len(pipelines) > 1 and not values.get(name):
        missing.append(name)
    if missing:
        raise _incomplete(kind, missing)
    if name and pipelines:
        pipeline_id = values.setdefault(name, pipelines[0].id)
        pipeline = crm.pipelines.named(kind.type_id, pipeline_id)
        values.setdefault(names["stage"], pipeline.stages[0].id)


def _check_belongs(crm: Crm, kind: ObjectType, links: Sequence[Link]) -> None:
    """A lead is a lead of somebody. developers.hubspot.com/docs/guides/api/crm/objects/leads"""
    wanted = [crm.association_types[key] for key in kind.belongs_by]
    if wanted and not any(type_ in wanted for type_, _ in links):
        raise InvalidInput(f"{kind.title} must be created with an associated primary {wanted[0].to_type.name}")


def _incomplete(kind: ObjectType, names: Sequence[str]) -> InvalidInput:
    return InvalidInput(
        f"Error creating {kind.constant}. Some required properties were not set.", context={"properties": list(names)}
    )


def _check_unique(crm: Crm, kind: ObjectType, values: Mapping[str, str], own_id: int | None) -> None:
    for name, value in unique_keys(crm, kind, values):
        holder = crm.table(kind).holder(name, value)
        if holder is not None and holder != own_id:
            raise Conflict(f"{kind.title} already exists. Existing ID: {holder}")


def unique_keys(crm: Crm, kind: ObjectType, values: Mapping[str, str]) -> list[tuple[str, str]]:
    """The values that no other record may have, each with its property."""
    return [
        (name, value.strip().lower())
        for name in crm.table(kind).unique
        for value in _unique_values(name, values)
        if value.strip()
    ]


def _unique_values(name: str, values: Mapping[str, str]) -> list[str]:
    given = [values.get(name, "")]
    if name == "email":
        given += values.get("hs_additional_emails", "").split(";")
    return [value for value in given if value]


def update(crm: Crm, kind: ObjectType, record: Record, raw: Mapping[str, Any], source: Source) -> Record:
    return apply_update(crm, kind, record, check_update(crm, kind, record, raw), source)


def check_update(crm: Crm, kind: ObjectType, record: Record, raw: Mapping[str, Any]) -> dict[str, str]:
    """What an update would store; raises without having changed anything."""
    cleaned = crm.values(kind).clean(raw, record.values)
    _keep_lifecycle_forward(record, cleaned)
    crm.write_rules.check_changed(kind, record.values, cleaned)
    _check_unique(crm, kind, cleaned, record.id)
    return cleaned


def apply_update(crm: Crm, kind: ObjectType, record: Record, cleaned: Mapping[str, str], source: Source) -> Record:
    """Writing the value that is there already changes nothing, and nobody hears of it."""
    changed = {name: value for name, value in cleaned.items() if record.values.get(name, "") != value}
    if not changed:
        return record
    table = crm.table(kind)
    at = crm.stamp()
    table.unindex_unique(record)
    for name, value in changed.items():
        record.set(name, value, at, source)
    table.index_unique(record)
    table.touch(record, at)
    changes = tuple(PropertyChanged(kind, record.id, name, value) for name, value in changed.items())
    crm.announce(Write(at, source, changes))
    return record


def _keep_lifecycle_forward(record: Record, cleaned: dict[str, str]) -> None:
    """The lifecycle stage only moves forward; an earlier one is ignored unless the stage is cleared first."""
    before, after = record.values.get("lifecyclestage"), cleaned.get("lifecyclestage")
    if before in _STAGES and after in _STAGES and _STAGES.index(after) < _STAGES.index(before):
        del cleaned["lifecyclestage"]


def archive(crm: Crm, kind: ObjectType, record: Record, source: Source) -> None:
    at = crm.stamp()
    crm.table(kind).archive(record, at)
    crm.announce(Write(at, source, (Deleted(kind, record.id),)))


def restore(crm: Crm, kind: ObjectType, record: Record, source: Source) -> None:
    _check_unique(crm, kind, record.values, record.id)
    crm.table(kind).restore(record)
    crm.announce(Write(crm.stamp(), source, (Restored(kind, record.id),)))


def privacy_delete(crm: Crm, kind: ObjectType, record: Record, source: Source) -> None:
    """Delete for good. A live record is also announced as deleted, in any order."""
    was_live = record.archived_at is None
    crm.links.forget(kind, record.id)
    crm.table(kind).forget(record)
    changes: tuple[Change, ...] = (PrivacyDeleted(kind, record.id),) if kind is CONTACT else ()
    if was_live:
        changes = (*changes, Deleted(kind, record.id))
    crm.announce(Write(crm.stamp(), source, changes))


def check_partner(crm: Crm, type_: AssociationType, to_id: int) -> None:
    if crm.table(type_.to_type).live_record(to_id) is None:
        raise InvalidInput(f"One or more associations are invalid: {type_.to_type.constant} {to_id} does not exist")


def check_pair(crm: Crm, type_: AssociationType, from_id: int, to_id: int) -> None:
    check_ends(crm, type_, from_id, to_id)
    check_limit(crm, type_, from_id, to_id)


def check_ends(crm: Crm, type_: AssociationType, from_id: int, to_id: int) -> None:
    """Raises InvalidInput or ResourceNotFound for what can never be associated."""
    if crm.association_types.get(type_.key) is not type_:
        # Deleted while the call waited for the lock.
        raise InvalidInput(f"No association type {type_.category} {type_.type_id} exists")
    if type_.from_type is type_.to_type and from_id == to_id:
        raise InvalidInput(f"Object {from_id} cannot be associated to itself")
    for kind, number in ((type_.from_type, from_id), (type_.to_type, to_id)):
        if crm.table(kind).live_record(number) is None:
            raise ResourceNotFound(f"No {kind.name} with ID {number} exists.")


def associate(crm: Crm, types: Sequence[AssociationType], from_id: int, to_id: int, source: Source) -> None:
    """Add these types to the pair; types that are there already are no change."""
    for type_ in types:
        check_pair(crm, type_, from_id, to_id)
    _announce(crm, source, lambda: [fact for type_ in types for fact in crm.links.add(type_, from_id, to_id)])


def replace_types(crm: Crm, types: Sequence[AssociationType], from_id: int, to_id: int, source: Source) -> None:
    """Give the pair exactly these labels."""
    for type_ in types:
        check_pair(crm, type_, from_id, to_id)
    from_type, to_type = types[0].from_type, types[0].to_type

    def change() -> list[Change]:
        had = crm.links.remove_all(from_type, from_id, to_type, to_id)
        has = [fact for type_ in types for fact in crm.links.add(type_, from_id, to_id)]
        return _net(had, has)

    _announce(crm, source, change)


def _net(removed: Sequence[Any], added: Sequence[Any]) -> list[Change]:
    """What is taken away and put back again never happened."""
    before = {(fact.type.key, fact.from_id, fact.to_id) for fact in removed}
    after = {(fact.type.key, fact.from_id, fact.to_id) for fact in added}
    gone = [fact for fact in removed if (fact.type.key, fact.from_id, fact.to_id) not in after]
    new = [fact for fact in added if (fact.type.key, fact.from_id, fact.to_id) not in before]
    return [*gone, *new]


def disassociate(
    crm: Crm, from_type: ObjectType, from_id: int, to_type: ObjectType, to_id: int, source: Source
) -> None:
    _announce(crm, source, lambda: list(crm.links.remove_all(from_type, from_id, to_type, to_id)))


def remove_types(crm: Crm, types: Sequence[AssociationType], from_id: int, to_id: int, source: Source) -> None:
    _announce(crm, source, lambda: [fact for type_ in types for fact in crm.links.remove(type_, from_id, to_id)])


def _announce(crm: Crm, source: Source, change: Callable[[], Sequence[Change]]) -> None:
    """Associations move nobody's last-modified time."""
    changes = tuple(change())
    if changes:
        crm.announce(Write(crm.stamp(), source, changes))
    for kind, number in dict.fromkeys(orphan for change_ in changes if (orphan := _orphan(crm, change_))):
        archive(crm, kind, crm.table(kind).records[number], source)


def _orphan(crm: Crm, change: Change) -> tuple[ObjectType, int] | None:
    """The record, if this took away the last one that it belongs to: it goes with it."""
    if not isinstance(change, Associated) or not change.removed:
        return None
    kind, number = change.type.from_type, change.from_id
    if change.type.key not in kind.belongs_by or crm.table(kind).live_record(number) is None:
        return None
    left = {type_.key for type_, _ in crm.links.of_record(kind, number)}
    return (kind, number) if left.isdisjoint(kind.belongs_by) else None


def associate_as_user(
    crm: Crm, from_type: ObjectType, from_id: int, to_type: ObjectType, to_id: int, source: Source
) -> None:
    """As a user does: the plain type, and the first company becomes the primary one."""
    plain = crm.association_types.default(from_type, to_type)
    if plain is None:
        raise InvalidInput(f"{from_type.constant} and {to_type.constant} cannot be associated")
    types = [plain]
    primary = crm.association_types.primary(from_type, to_type)
    if primary is not None and not _has_primary(crm, primary, from_id, to_id):
        types.append(primary)
    associate(crm, types, from_id, to_id, source)


def _has_primary(crm: Crm, primary: AssociationType, from_id: int, to_id: int) -> bool:
    start, partner_type, key = (
        (from_id, primary.to_type, primary.key)
        if primary.exclusive
        else (to_id, primary.from_type, primary.inverse_key)
    )
    holder = primary.from_type if primary.exclusive else primary.to_type
    return any(key in types for types in crm.links.targets(holder, start, partner_type).values())
