"""Records by the hundred. What fails in part answers 207, or from 2026-09 on hides in the success."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import falcon

from emulator.crm import writes
from emulator.crm.changes import Write
from emulator.crm.claims import Claims
from emulator.crm.object_types import CONTACT, ObjectType
from emulator.crm.records import Record, Source
from emulator.crm.store import Crm, View
from emulator.errors import Conflict, HubSpotError, InvalidInput, ObjectNotFound
from emulator.instants import iso
from emulator.web.exchange import flag, json_object, member, no_content, reply, text_id, texts
from emulator.web.gate import ApiResource, call_of
from emulator.web.records import LARGEST_PAGE_WITH_HISTORY, author, batch_inputs, links_of

LARGEST_BATCH = 100

Json = dict[str, Any]


class BatchResource(ApiResource):
    def success(self) -> int:
        """The status when nothing failed."""
        return 200

    def answer(self, resp: falcon.Response, results: list[Json], errors: list[Json], started: int) -> None:
        body: Json = {
            "status": "COMPLETE",
            "results": results,
            "startedAt": iso(started),
            "completedAt": iso(self.now()),
        }
        if errors:
            body["numErrors"] = len(errors)
            body["errors"] = errors
        partial = errors and self.version.multi_status
        reply(resp, body, 207 if partial else self.success())


def missing(kind: ObjectType, ids: Sequence[str]) -> list[Json]:
    """All ids that were not found, in one error."""
    if not ids:
        return []
    return [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": f"Could not get some {kind.constant} objects, they may be deleted or not exist. Check that ids"
            " are valid.",
            "context": {"ids": list(ids)},
        }
    ]


class BatchRead(BatchResource):
    """Ids of merged-away records are not followed here; a single GET does that."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.object_type(req, kind_name)
        caller = self.caller(req)
        caller.require(kind.scopes.read)
        started = self.now()
        body = json_object(req)
        history = texts(body, "propertiesWithHistory")
        most = LARGEST_PAGE_WITH_HISTORY if history else LARGEST_BATCH
        message = f"The maximum number of inputs supported in a batch request for property histories is {most}"
        inputs = batch_inputs(body, most, message if history else None)
        ids = list(dict.fromkeys(text_id(member(each, "id", object)) for each in inputs))
        id_property = member(body, "idProperty", str)
        crm = caller.portal.crm
        with crm.lock:
            view = View(crm, kind, texts(body, "properties"), history)
            found = {each: _find(crm, kind, each, id_property, archived=flag(req, "archived")) for each in ids}
            results = [view.show(record) for record in found.values() if record is not None]
        absent = [each for each, record in found.items() if record is None]
        self.answer(resp, results, missing(kind, absent), started)


def _find(crm: Crm, kind: ObjectType, text: str, id_property: str | None, *, archived: bool = False) -> Record | None:
    table = crm.table(kind)
    if id_property and id_property != "hs_object_id":
        number = table.holder(writes.checked_id_property(crm, kind, id_property), text)
    else:
        number = _number(text)
    return table.find(number, archived=archived) if number is not None else None


def _number(text: str) -> int | None:
    try:
        return writes.record_id(text)
    except ObjectNotFound:
        return None


class BatchArchive(BatchResource):
    """Tells nothing about single ids: unknown ones are passed over."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.object_type(req, kind_name)
        caller = self.caller(req)
        caller.require(kind.scopes.write)
        inputs = batch_inputs(json_object(req), LARGEST_BATCH)
        crm = caller.portal.crm
        with crm.lock:
            for text in dict.fromkeys(text_id(member(each, "id", object)) for each in inputs):
                record = _find(crm, kind, text, None)
                if record is not None:
                    writes.archive(crm, kind, record, author(caller))
        no_content(resp)


def trace_ids(inputs: Sequence[Any]) -> list[str] | None:
    """The trace ids, if every input has one of its own: then inputs fail one by one instead of all together."""
    found = [str(each["objectWriteTraceId"]) for each in inputs if _traced(each)]
    return found if len(set(found)) == len(inputs) else None


def _traced(given: Any) -> bool:
    return isinstance(given, dict) and given.get("objectWriteTraceId") is not None


def failure(error: HubSpotError, correlation_id: str, trace_id: str | None) -> Json:
    """One input's error within a batch answer."""
    body = error.body(correlation_id)
    body.pop("correlationId", None)
    context = dict(body.get("context", {}))
    if trace_id is not None:
        context["objectWriteTraceId"] = [trace_id]
    if isinstance(error, Conflict):
        context["existingId"] = [error.message.rpartition(" ")[2]]
    return body | {"context": context}


class BatchCreate(BatchResource):
    """All or nothing, unless every input carries a trace id of its own."""

    def success(self) -> int:
        return 201

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.object_type(req, kind_name)
        caller = self.caller(req)
        caller.require(kind.scopes.write)
        started = self.now()
        inputs = batch_inputs(json_object(req), LARGEST_BATCH)
        traces = trace_ids(inputs)
        no_errors: list[Json] = []
        crm = caller.portal.crm
        with crm.lock, crm.write_rules.enforced(self.version.enforces_rules):
            made, errors = (
                (_create_all(crm, kind, inputs, author(caller)), no_errors)
                if traces is None
                else _create_each(crm, kind, inputs, author(caller), call_of(req).correlation_id)
            )
            view = View(crm, kind)
            results = [_traced_result(view.show_written(record), given) for record, given in made]
        self.answer(resp, results, errors, started)


def _traced_result(shown: Json, given: Any) -> Json:
    return shown | {"objectWriteTraceId": str(given["objectWriteTraceId"])} if _traced(given) else shown


Made = list[tuple[Record, Any]]


def _create_all(crm: Crm, kind: ObjectType, inputs: Sequence[Any], source: Source) -> Made:
    prepared: list[tuple[Record, Write]] = []
    try:
        for given in inputs:
            properties = member(given, "properties", dict, {})
            prepared.append(writes.prepare_create(crm, kind, properties, source, links_of(crm, kind, given)))
    except HubSpotError:
        _take_back(crm, kind, prepared)
        raise
    for _, write in prepared:
        crm.announce(write)
    return [(record, given) for (record, _), given in zip(prepared, inputs, strict=True)]


def _take_back(crm: Crm, kind: ObjectType, prepared: Sequence[tuple[Record, Write]]) -> None:
    for record, write in reversed(prepared):
        writes.take_back(crm, kind, record, write.changes)


def _create_each(
    crm: Crm, kind: ObjectType, inputs: Sequence[Any], source: Source, correlation_id: str
) -> tuple[Made, list[Json]]:
    made: Made = []
    errors: list[Json] = []
    for given in inputs:
        try:
            properties = member(given, "properties", dict, {})
            made.append((writes.create(crm, kind, properties, source, links_of(crm, kind, given)), given))
        except HubSpotError as refused:
            errors.append(failure(refused, correlation_id, str(given["objectWriteTraceId"])))
    return made, errors


class BatchUpdate(BatchResource):
    """Missing ids are reported together; invalid values refuse the whole batch, or with trace ids each its own."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.object_type(req, kind_name)
        caller = self.caller(req)
        caller.require(kind.scopes.write)
        started = self.now()
        inputs = batch_inputs(json_object(req), LARGEST_BATCH)
        _refuse_repeats(inputs)
        crm = caller.portal.crm
        with crm.lock, crm.write_rules.enforced(self.version.enforces_rules):
            found, absent = _find_inputs(crm, kind, inputs)
            one_by_one = trace_ids(inputs) is not None
            checked, errors = _check(crm, kind, found, one_by_one, call_of(req).correlation_id)
            view = View(crm, kind)
            results = []
            for record, given, cleaned in checked:
                writes.apply_update(crm, kind, record, cleaned, author(caller))
                results.append(_traced_result(view.show_written(record), given))
        self.answer(resp, results, missing(kind, absent) + errors, started)


def _refuse_repeats(inputs: Sequence[Any]) -> None:
    """Values of unique properties are the same in any case."""
    _refuse_duplicates([text_id(member(each, "id", object)).strip().lower() for each in inputs])


def _refuse_duplicates(ids: Sequence[str]) -> None:
    repeated = [each for each, times in Counter(ids).items() if times > 1]
    if repeated:
        raise InvalidInput(f"Duplicate IDs found in batch input: [{', '.join(repeated)}]. IDs must be unique")


def _find_inputs(crm: Crm, kind: ObjectType, inputs: Sequence[Any]) -> tuple[list[tuple[Record, Any]], list[str]]:
    found: list[tuple[Record, Any]] = []
    absent: list[str] = []
    for given in inputs:
        text = text_id(given["id"])
        record = _find(crm, kind, text, member(given, "idProperty", str))
        if record is None:
            absent.append(text)
        else:
            found.append((record, given))
    _refuse_duplicates([str(record.id) for record, _ in found])
    return found, absent


def _check(
    crm: Crm, kind: ObjectType, found: Sequence[tuple[Record, Any]], one_by_one: bool, correlation_id: str
) -> tuple[list[tuple[Record, Any, dict[str, str]]], list[Json]]:
    checked: list[tuple[Record, Any, dict[str, str]]] = []
    errors: list[Json] = []
    claims = Claims(crm, kind)
    for record, given in found:
        try:
            cleaned = writes.check_update(crm, kind, record, member(given, "properties", dict, {}))
            claims.take(cleaned, record.id)
        except HubSpotError as refused:
            if not one_by_one:
                raise
            errors.append(failure(refused, correlation_id, str(given["objectWriteTraceId"])))
        else:
            checked.append((record, given, cleaned))
    return checked, errors


class BatchUpsert(BatchResource):
    """By a unique property. Partial upserts are not supported by e-mail: there one failure refuses all."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.object_type(req, kind_name)
        caller = self.caller(req)
        caller.require(kind.scopes.write)
        started = self.now()
        inputs = batch_inputs(json_object(req), LARGEST_BATCH)
        _refuse_repeats(inputs)
        crm = caller.portal.crm
        with crm.lock, crm.write_rules.enforced(self.version.enforces_rules):
            id_property = _common_id_property(crm, kind, inputs)
            together = kind is CONTACT and id_property == "email"
            if together:
                self._check_all(crm, kind, inputs, id_property)
            results: list[Json] = []
            errors: list[Json] = []
            for outcome in self._upsert(crm, kind, inputs, id_property, author(caller), call_of(req).correlation_id):
                (errors if "category" in outcome else results).append(outcome)
        self.answer(resp, results, errors, started)

    def _check_all(self, crm: Crm, kind: ObjectType, inputs: Sequence[Any], id_property: str) -> None:
        """Raises what the first input would come up against that cannot be written, with nothing changed."""
        claims = Claims(crm, kind)
        prepared: list[tuple[Record, Write]] = []
        try:
            for given in inputs:
                text, properties = text_id(given["id"]), member(given, "properties", dict, {})
                record = _find(crm, kind, text, id_property)
                if record is None:
                    values = {id_property: text, **properties}
                    prepared.append(writes.prepare_create(crm, kind, values, Source("INTEGRATION", "0")))
                    claims.take(prepared[-1][0].values, prepared[-1][0].id)
                else:
                    claims.take(writes.check_update(crm, kind, record, properties), record.id)
        finally:
            _take_back(crm, kind, prepared)

    def _upsert(
        self,
        crm: Crm,
        kind: ObjectType,
        inputs: Sequence[Any],
        id_property: str,
        source: Source,
        correlation_id: str,
    ) -> Iterator[Json]:
        view = View(crm, kind)
        for given in inputs:
            text = text_id(given["id"])
            properties = member(given, "properties", dict, {})
            try:
                record = _find(crm, kind, text, id_property)
                new = record is None
                if record is None:
                    record = writes.create(crm, kind, {id_property: text, **properties}, source)
                else:
                    # The id finds the record, by a contact's further address too; it is not written.
                    writes.update(crm, kind, record, properties, source)
            except HubSpotError as refused:
                trace = str(given["objectWriteTraceId"]) if _traced(given) else None
                yield failure(refused, correlation_id, trace)
            else:
                yield _traced_result(view.show_written(record), given) | {"new": new}


def _common_id_property(crm: Crm, kind: ObjectType, inputs: Sequence[Any]) -> str:
    given = {member(each, "idProperty", str, "") for each in inputs}
    if len(given) != 1 or not (name := next(iter(given))):
        raise InvalidInput("Every input must name the same idProperty")
    return writes.checked_id_property(crm, kind, name)
