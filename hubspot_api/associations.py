"""Associations between CRM records.

Source: HubSpot's page "Associate records" (associations v4, and the dated paths that equal it). Batch calls are exempt
from the burst allowance and draw on one of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hubspot_api.answers import Answer, error_details
from hubspot_api.client import Client
from hubspot_api.fields import Fields
from hubspot_api.parts import parts_of
from hubspot_api.ports import Bucket
from hubspot_api.said import ErrorDetail

READ_SIZE = 1_000  # inputs HubSpot takes at once
WRITE_SIZE = 1_000  # it takes 2,000; half of that keeps an answer, two rows per input, small

_NONE_FOUND = "NO_ASSOCIATIONS_FOUND"
_ONE = "/crm/objects/{version}/{from_type}/{from_id}/associations"
_BATCH = "/crm/associations/{version}/{from_type}/{to_type}/batch/"


@dataclass(frozen=True, slots=True)
class AssociationType:
    """A kind of association: HUBSPOT_DEFINED, USER_DEFINED (ids differ per account), INTEGRATOR_DEFINED, WORK."""

    type_id: int
    category: str = "HUBSPOT_DEFINED"
    label: str | None = None


@dataclass(frozen=True, slots=True)
class AssociatedWith:
    """A record that another, new one is to be associated with."""

    to_id: int
    types: tuple[AssociationType, ...]


@dataclass(frozen=True, slots=True)
class Associated:
    """A record on the other end, with all kinds of association between the two."""

    to_id: int
    types: tuple[AssociationType, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records to associate. Without `types`, the default one."""

    from_id: int
    to_id: int
    types: tuple[AssociationType, ...] = ()


@dataclass(frozen=True, slots=True)
class AssociationsFound:
    """Answer of a batch read. `by_id` has every record that HubSpot answered for, also those with no association.

    A record that an error is about, or may be about, is not in `by_id`: its associations are unknown, not none.
    """

    by_id: Mapping[int, tuple[Associated, ...]]
    errors: tuple[ErrorDetail, ...] = ()


def read(client: Client, from_type: str, to_type: str, ids: Iterable[int]) -> AssociationsFound:
    """Read all associations of many records towards one object type."""
    wanted = tuple(dict.fromkeys(ids))
    found = _Reading()
    for part in parts_of(wanted, READ_SIZE):
        _read_part(client, from_type, to_type, part, found)
    by_id = {one: tuple(found.rows.get(one, ())) for one in wanted if one not in found.unknown}
    return AssociationsFound(by_id, tuple(found.errors))


def associate(
    client: Client,
    from_type: str,
    from_id: int,
    to_type: str,
    to_id: int,
    types: Sequence[AssociationType] = (),
) -> None:
    """Associate two records. `types` replace the kinds there were; without any, the default kind is added."""
    path = _ONE + ("/{to_type}/{to_id}" if types else "/default/{to_type}/{to_id}")
    client.request("PUT", path, path_params=_ends(from_type, from_id, to_type, to_id), json=wire_types(types) or None)


def dissociate(client: Client, from_type: str, from_id: int, to_type: str, to_id: int) -> None:
    """Remove every association between two records."""
    client.request("DELETE", _ONE + "/{to_type}/{to_id}", path_params=_ends(from_type, from_id, to_type, to_id))


def associate_many(client: Client, from_type: str, to_type: str, pairs: Sequence[Pair]) -> tuple[ErrorDetail, ...]:
    """Associate any number of pairs; those without types get the default kind. Return what HubSpot refused."""
    typed = [{**_wire(pair), "types": wire_types(pair.types)} for pair in pairs if pair.types]
    default = [_wire(pair) for pair in pairs if not pair.types]
    refused = _write(client, from_type, to_type, "create", typed)
    return refused + _write(client, from_type, to_type, "associate/default", default)


def dissociate_many(client: Client, from_type: str, to_type: str, pairs: Sequence[Pair]) -> tuple[ErrorDetail, ...]:
    """Remove every association between each of any number of pairs, whatever their types. Return what was refused."""
    by_id: dict[int, list[int]] = {}
    for pair in pairs:
        by_id.setdefault(pair.from_id, []).append(pair.to_id)
    inputs = [{"from": {"id": str(one)}, "to": [{"id": str(to)} for to in tos]} for one, tos in by_id.items()]
    return _write(client, from_type, to_type, "archive", inputs)


def remove_types(client: Client, from_type: str, to_type: str, pairs: Sequence[Pair]) -> tuple[ErrorDetail, ...]:
    """Remove the kinds named with each of any number of pairs, and leave their others. Return what was refused.

    Removing the kind without a label removes all. Raises ValueError for a pair without types.
    """
    if not all(pair.types for pair in pairs):
        raise ValueError("name the types to remove, or use dissociate_many")
    typed = [{**_wire(pair), "types": wire_types(pair.types)} for pair in pairs]
    return _write(client, from_type, to_type, "labels/archive", typed)


def wire_types(types: Sequence[AssociationType]) -> list[dict[str, object]]:
    """Spell association types as writes take them."""
    return [{"associationCategory": one.category, "associationTypeId": one.type_id} for one in types]


def wire_associations(associations: Sequence[AssociatedWith]) -> list[dict[str, object]]:
    """Spell associations as creates take them."""
    return [{"to": {"id": str(one.to_id)}, "types": wire_types(one.types)} for one in associations]


@dataclass(slots=True)
class _Reading:
    rows: dict[int, list[Associated]] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)
    errors: list[ErrorDetail] = field(default_factory=list)


def _read_part(client: Client, from_type: str, to_type: str, part: Sequence[int], found: _Reading) -> None:
    """Read some records, and the further pages of those with many associations."""
    inputs = [{"id": str(one)} for one in part]
    while inputs:
        answer = _post(client, from_type, to_type, "read", {"inputs": inputs})
        following: list[dict[str, str]] = []
        silent = {int(one["id"]) for one in inputs}
        for record_id, associated, after in answer.fields.each("results", _read_row):
            silent.discard(record_id)
            found.rows.setdefault(record_id, []).extend(associated)
            if after is not None:
                following.append({"id": str(record_id), "after": after})
        _note_errors(answer, part, silent, found)
        inputs = following


def _read_row(fields: Fields) -> tuple[int, tuple[Associated, ...], str | None]:
    return fields.child("from").id(), fields.each("to", _read_associated), fields.after()


def _read_associated(fields: Fields) -> Associated:
    return Associated(fields.id("toObjectId"), fields.each("associationTypes", read_type))


def read_type(fields: Fields) -> AssociationType:
    """Check one kind of association of an answer."""
    return AssociationType(fields.integer("typeId"), fields.text("category"), fields.optional_text("label"))


def _note_errors(answer: Answer, asked: Sequence[int], silent: set[int], found: _Reading) -> None:
    """Tell "has none" from "could not be read": an error that names no record may be about any that is `silent`."""
    for detail in error_details(answer.fields.values.get("errors")):
        if detail.sub_category.endswith(_NONE_FOUND):
            continue
        named = {int(text) for texts in detail.context.values() for text in texts if text.isascii() and text.isdigit()}
        found.unknown |= named.intersection(asked) or silent
        found.errors.append(detail)


def _write(
    client: Client, from_type: str, to_type: str, verb: str, inputs: Sequence[Mapping[str, object]]
) -> tuple[ErrorDetail, ...]:
    errors: list[ErrorDetail] = []
    for part in parts_of(inputs, WRITE_SIZE):
        answer = _post(client, from_type, to_type, verb, {"inputs": part})
        errors += error_details(answer.fields.values.get("errors")) if answer.json is not None else ()
    return tuple(errors)


def _wire(pair: Pair) -> dict[str, object]:
    return {"from": {"id": str(pair.from_id)}, "to": {"id": str(pair.to_id)}}


def _ends(from_type: str, from_id: int, to_type: str, to_id: int) -> dict[str, str | int]:
    return {"from_type": from_type, "from_id": from_id, "to_type": to_type, "to_id": to_id}


def _post(client: Client, from_type: str, to_type: str, verb: str, body: Mapping[str, object]) -> Answer:
    return client.request(
        "POST",
        _BATCH + verb,
        path_params={"from_type": from_type, "to_type": to_type},
        json=body,
        bucket=Bucket.ASSOCIATIONS,
        idempotent=True,  # associating and dissociating twice is the same as once
    )
