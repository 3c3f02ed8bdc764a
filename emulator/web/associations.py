"""Associations in batches, in the v4 shape and the older v3 one."""

from __future__ import annotations

from typing import Any

import falcon

from emulator.crm import partners, writes
from emulator.crm.association_types import AssociationType, AssociationTypes
from emulator.crm.object_types import ObjectType
from emulator.errors import InvalidInput, ObjectNotFound
from emulator.limits import Meter
from emulator.web.batches import BatchResource, failure
from emulator.web.exchange import json_object, member, next_page, no_content, text_id
from emulator.web.gate import ApiResource, Caller, call_of
from emulator.web.records import author, batch_inputs, specs

LARGEST_PAGE = 500
MOST_READ = 1_000
MOST_WRITTEN = 2_000

Json = dict[str, Any]


def allowed(
    resource: ApiResource, req: falcon.Request, from_name: str, to_name: str, *, write: bool = False
) -> tuple[ObjectType, ObjectType, Caller]:
    """Return the two kinds that an address names, and who calls. Raises MissingScopes for either kind."""
    from_type, to_type = resource.object_type(req, from_name), resource.object_type(req, to_name)
    caller = resource.caller(req)
    for kind in (from_type, to_type):
        caller.require(kind.scopes.write if write else kind.scopes.read)
    return from_type, to_type, caller


def plain(types: AssociationTypes, from_type: ObjectType, to_type: ObjectType) -> AssociationType:
    found = types.default(from_type, to_type)
    if found is None:
        raise InvalidInput(f"{from_type.constant} and {to_type.constant} cannot be associated")
    return found


def both_directions(types: AssociationTypes, type_: AssociationType, from_id: int, to_id: int) -> list[Json]:
    return [_row(type_, from_id, to_id), _row(types.inverse(type_), to_id, from_id)]


def _row(type_: AssociationType, from_id: int, to_id: int) -> Json:
    return {
        "from": {"id": str(from_id)},
        "to": {"id": str(to_id)},
        "associationSpec": type_.written_spec(),
    }


class AssociationBatch(BatchResource):
    """The batch calls have an allowance of their own."""

    meter = Meter.ASSOCIATIONS

    def pair(self, req: falcon.Request, from_name: str, to_name: str, *, write: bool) -> tuple[ObjectType, ObjectType]:
        from_type, to_type, _ = allowed(self, req, from_name, to_name, write=write)
        return from_type, to_type

    def known(self, req: falcon.Request) -> AssociationTypes:
        """The association types of the caller's account."""
        return self.caller(req).portal.crm.association_types


class BatchRead(AssociationBatch):
    """A record without associations is missing from the results and has an error instead."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        from_type, to_type = self.pair(req, from_name, to_name, write=False)
        started = self.now()
        inputs = batch_inputs(json_object(req), MOST_READ)
        asked = [(text_id(member(each, "id", object)), _after(each)) for each in inputs]
        crm = self.caller(req).portal.crm
        results: list[Json] = []
        errors: list[Json] = []
        with crm.lock:
            for text, after in dict(asked).items():
                row = self._read(req, from_type, writes.record_id(text), to_type, after)
                if row is None:
                    errors.append(_nothing(from_type, text, to_type))
                else:
                    results.append(row)
        self.answer(resp, results, errors, started)

    def _read(
        self, req: falcon.Request, from_type: ObjectType, from_id: int, to_type: ObjectType, after: int
    ) -> Json | None:
        crm = self.caller(req).portal.crm
        if crm.table(from_type).live_record(from_id) is None:
            return None
        older = self.version.name == "v3"
        row: Json = {"from": {"id": str(from_id)}}
        if older:
            row["to"], following = partners.rows(crm, from_type, from_id, to_type, after, 100)
        else:
            found, following = partners.page(crm, from_type, from_id, to_type, after, LARGEST_PAGE)
            row["to"] = [{"toObjectId": each.record_id, "associationTypes": each.specs()} for each in found]
        if not row["to"]:
            return None
        if following is not None:
            path = f"{self.version.path('objects')}/{from_type.type_id}/{from_id}/associations/{to_type.type_id}"
            row["paging"] = next_page(req, str(following), path=path)
        return row


def _after(given: Any) -> int:
    after = given.get("after") if isinstance(given, dict) else None
    if after in (None, ""):
        return 0
    try:
        return writes.record_id(str(after))
    except ObjectNotFound:
        raise InvalidInput(f"Invalid value for after: {str(after)[:50]}") from None


def _nothing(from_type: ObjectType, text: str, to_type: ObjectType) -> Json:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {to_type.name} is associated with {from_type.name} {text}.",
        "context": {"fromObjectId": [text], "fromObjectType": [from_type.name], "toObjectType": [to_type.name]},
    }


Pairs = list[tuple[list[AssociationType], int, int]]


class _Writing(AssociationBatch):
    def pairs(self, known: AssociationTypes, inputs: list[Any], from_type: ObjectType, to_type: ObjectType) -> Pairs:
        """What to associate, checked before anything is written."""
        return [
            (self.types(known, each, from_type, to_type), _id_of(each, "from"), _id_of(each, "to")) for each in inputs
        ]

    def types(
        self, known: AssociationTypes, given: Any, from_type: ObjectType, to_type: ObjectType
    ) -> list[AssociationType]:
        if self.version.name == "v3":
            return [by_name(known, member(given, "type", str, ""), from_type, to_type)]
        return specs(known, member(given, "types", list, []), from_type, to_type)

    def write(self, req: falcon.Request, pairs: Pairs) -> tuple[Pairs, list[Json]]:
        """What was associated, and an error for each pair that came up against a limit.

        Raises InvalidInput or ResourceNotFound, with nothing written, when a pair cannot be at all.
        """
        caller = self.caller(req)
        crm = caller.portal.crm
        written: Pairs = []
        errors: list[Json] = []
        with crm.lock:
            for types, from_id, to_id in pairs:
                for type_ in types:
                    writes.check_ends(crm, type_, from_id, to_id)
            for types, from_id, to_id in pairs:
                try:
                    writes.associate(crm, types, from_id, to_id, author(caller))
                except InvalidInput as refused:
                    errors.append(failure(refused, call_of(req).correlation_id, None))
                else:
                    written.append((types, from_id, to_id))
        return written, errors

    def _written(self, types: list[AssociationType], from_id: int, to_id: int) -> Json:
        row: Json = {"from": {"id": str(from_id)}, "to": {"id": str(to_id)}}
        if self.version.name == "v3":
            return row | {"type": types[0].name}
        return {
            "fromObjectTypeId": types[0].from_type.type_id,
            "fromObjectId": from_id,
            "toObjectTypeId": types[0].to_type.type_id,
            "toObjectId": to_id,
            "labels": [type_.label for type_ in dict.fromkeys(types) if type_.label],
        }


def _id_of(given: Any, side: str) -> int:
    """`{"id": …}` in v4; a bare id is taken too."""
    value = given.get(side) if isinstance(given, dict) else None
    return writes.record_id(text_id(value.get("id") if isinstance(value, dict) else value))


def by_name(types: AssociationTypes, name: str, from_type: ObjectType, to_type: ObjectType) -> AssociationType:
    for type_ in types.between(from_type, to_type):
        if name in (type_.name, str(type_.type_id)):
            return type_
    raise InvalidInput(f"{name} is not a valid association type between {from_type.name} and {to_type.name}")


class BatchCreate(_Writing):
    def success(self) -> int:
        return self.version.associations_created

    def on_post(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        from_type, to_type = self.pair(req, from_name, to_name, write=True)
        started = self.now()
        inputs = batch_inputs(json_object(req), MOST_WRITTEN)
        pairs = self.pairs(self.known(req), inputs, from_type, to_type)
        if not all(types for types, _, _ in pairs):
            raise InvalidInput("At least one association type is required")
        written, errors = self.write(req, pairs)
        self.answer(resp, [self._written(*each) for each in written], errors, started)


class BatchDefault(_Writing):
    def on_post(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        from_type, to_type = self.pair(req, from_name, to_name, write=True)
        started = self.now()
        known = self.known(req)
        type_ = plain(known, from_type, to_type)
        pairs: Pairs = [
            ([type_], _id_of(each, "from"), _id_of(each, "to")) for each in batch_inputs(json_object(req), MOST_WRITTEN)
        ]
        written, errors = self.write(req, pairs)
        rows = [row for _, from_id, to_id in written for row in both_directions(known, type_, from_id, to_id)]
        self.answer(resp, rows, errors, started)


class _Removing(AssociationBatch):
    def done(self, resp: falcon.Response, started: int) -> None:
        """204 in the older versions, 200 with a body in the dated ones."""
        if self.version.associations_archived == 204:
            no_content(resp)
        else:
            self.answer(resp, [], [], started)


class BatchArchive(_Removing):
    """Inputs `{from:{id}, to:[{id}]}`; in v3 `to` is a single one and the type is named."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        from_type, to_type = self.pair(req, from_name, to_name, write=True)
        started = self.now()
        inputs = batch_inputs(json_object(req), MOST_WRITTEN)
        pairs = [(_id_of(each, "from"), to_id) for each in inputs for to_id in _targets(each)]
        caller = self.caller(req)
        crm = caller.portal.crm
        with crm.lock:
            for from_id, to_id in pairs:
                writes.disassociate(crm, from_type, from_id, to_type, to_id, author(caller))
        self.done(resp, started)


def _targets(given: Any) -> list[int]:
    to = given.get("to") if isinstance(given, dict) else None
    return [_id_of({"to": each}, "to") for each in (to if isinstance(to, list) else [to])]


class BatchLabelsArchive(_Removing):
    """Removing the type without a label removes all labels."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        from_type, to_type = self.pair(req, from_name, to_name, write=True)
        started = self.now()
        inputs = batch_inputs(json_object(req), MOST_WRITTEN)
        known = self.known(req)
        removals = [
            (
                specs(known, member(each, "types", list, []), from_type, to_type),
                _id_of(each, "from"),
                _id_of(each, "to"),
            )
            for each in inputs
        ]
        caller = self.caller(req)
        crm = caller.portal.crm
        with crm.lock:
            for types, from_id, to_id in removals:
                writes.remove_types(crm, types, from_id, to_id, author(caller))
        self.done(resp, started)
