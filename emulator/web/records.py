"""Records: list, get, create, update, archive, merge, delete for good. /crm/v3/objects and /crm/objects/{date}."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import falcon

from emulator.crm import merges, partners, writes
from emulator.crm.association_types import AssociationType, AssociationTypes, key_of
from emulator.crm.object_types import CONTACT, ObjectType
from emulator.crm.records import Record, Source, by_app
from emulator.crm.store import Crm, View
from emulator.errors import InvalidInput, InvalidJson, ResourceNotFound
from emulator.web.exchange import (
    flag,
    json_object,
    member,
    names,
    next_page,
    no_content,
    number,
    reply,
    text_id,
)
from emulator.web.gate import ApiResource, Caller

# More than this many associations of a record are paged inside it.
INLINE_PAGE = 100
LARGEST_PAGE = 100
LARGEST_PAGE_WITH_HISTORY = 50
# A kind that clients ask for the associations with, and that nobody has records of here.
CONVERSATIONS = frozenset({"conversation", "conversations", "conversation_session", "0-11"})


def author(caller: Caller) -> Source:
    return by_app(caller.token.app_id, caller.token.app_name)


def view_of(crm: Crm, kind: ObjectType, req: falcon.Request) -> View:
    return View(crm, kind, names(req, "properties"), names(req, "propertiesWithHistory"))


def links_of(crm: Crm, kind: ObjectType, body: dict[str, Any]) -> list[writes.Link]:
    """The associations that a create brings along."""
    links: list[writes.Link] = []
    for given in member(body, "associations", list, []):
        to_id = writes.record_id(text_id(member(given, "to", dict, {}).get("id")))
        links += [(type_, to_id) for type_ in specs(crm.association_types, member(given, "types", list, []), kind)]
    return links


def specs(
    types: AssociationTypes, given: Sequence[Any], from_type: ObjectType, to_type: ObjectType | None = None
) -> list[AssociationType]:
    """Association types as a call names them, by category and id.

    Raises InvalidInput for types that do not lead from here to there.
    """
    found: list[AssociationType] = []
    for spec in given:
        category = member(spec, "associationCategory", str, "")
        type_id = member(spec, "associationTypeId", int, 0)
        type_ = types.get(key_of(category, type_id))
        if type_ is None or type_.from_type is not from_type or to_type not in (None, type_.to_type):
            target = f" and {to_type.constant}" if to_type else ""
            raise InvalidInput(f"No association type {category} {type_id} exists between {from_type.constant}{target}")
        found.append(type_)
    return found


class RecordList(ApiResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.object_type(req, kind_name)
        caller = self.caller(req)
        caller.require(kind.scopes.read)
        wanted = _inline_types(caller, req)
        most = LARGEST_PAGE_WITH_HISTORY if names(req, "propertiesWithHistory") else LARGEST_PAGE
        limit = number(req, "limit", 10, 1, most)
        after = number(req, "after", 0, 0, 10**18)
        if flag(req, "archived") and not kind.lists_archived:
            raise InvalidInput(f"Paging through deleted objects is not yet supported for object type {kind.plural}")
        crm = caller.portal.crm
        with crm.lock:
            view = view_of(crm, kind, req)
            records, following = crm.table(kind).page(after, limit, archived=flag(req, "archived"))
            results = [self._shown(req, crm, kind, view, record, wanted) for record in records]
        answer: dict[str, Any] = {"results": results}
        if following is not None:
            answer["paging"] = next_page(req, str(following))
        reply(resp, answer)

    def _shown(
        self, req: falcon.Request, crm: Crm, kind: ObjectType, view: View, record: Record, wanted: list[ObjectType]
    ) -> dict[str, Any]:
        shown = view.show(record)
        if wanted and (found := inline(req, crm, kind, record, wanted)):
            shown["associations"] = found
        return shown

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.object_type(req, kind_name)
        caller = self.caller(req)
        caller.require(kind.scopes.write)
        body = json_object(req)
        crm = caller.portal.crm
        with crm.lock, crm.write_rules.enforced(self.version.enforces_rules):
            links = links_of(crm, kind, body)
            record = writes.create(crm, kind, member(body, "properties", dict, {}), author(caller), links)
            shown = View(crm, kind).show_written(record)
        reply(resp, _traced(shown, body), 201)


def _traced(shown: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """What a caller marked comes back with its mark."""
    trace_id = body.get("objectWriteTraceId")
    return shown if trace_id is None else shown | {"objectWriteTraceId": str(trace_id)}


def _inline_types(caller: Caller, req: falcon.Request) -> list[ObjectType]:
    asked = [name for name in names(req, "associations") if name.lower() not in CONVERSATIONS]
    kinds = list(dict.fromkeys(map(caller.portal.crm.object_type, asked)))
    for kind in kinds:
        caller.require(kind.scopes.read)
    return kinds


def inline(req: falcon.Request, crm: Crm, kind: ObjectType, record: Record, wanted: list[ObjectType]) -> dict[str, Any]:
    """What a record is associated with, per kind, as rows of the older shape: nothing while it is archived."""
    found: dict[str, Any] = {}
    if record.archived_at is not None:
        return found
    for to_type in wanted:
        rows, following = partners.rows(crm, kind, record.id, to_type, 0, INLINE_PAGE)
        if not rows:
            continue
        found[to_type.plural] = {"results": rows}
        if following is not None:
            path = f"/crm/v3/objects/{kind.plural}/{record.id}/associations/{to_type.plural}"
            found[to_type.plural]["paging"] = next_page(req, str(following), path=path)
    return found


class RecordItem(ApiResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str, record_id: str) -> None:
        kind = self.object_type(req, kind_name)
        caller = self.caller(req)
        caller.require(kind.scopes.read)
        wanted = _inline_types(caller, req)
        crm = caller.portal.crm
        with crm.lock:
            record = writes.find(crm, kind, record_id, req.get_param("idProperty"), archived=flag(req, "archived"))
            shown = view_of(crm, kind, req).show(record)
            if wanted and (found := inline(req, crm, kind, record, wanted)):
                shown["associations"] = found
        reply(resp, shown)

    def on_patch(self, req: falcon.Request, resp: falcon.Response, kind_name: str, record_id: str) -> None:
        kind = self.object_type(req, kind_name)
        caller = self.caller(req)
        caller.require(kind.scopes.write)
        body = json_object(req)
        crm = caller.portal.crm
        with crm.lock, crm.write_rules.enforced(self.version.enforces_rules):
            record = writes.find(crm, kind, record_id, req.get_param("idProperty"))
            writes.update(crm, kind, record, member(body, "properties", dict, {}), author(caller))
            shown = View(crm, kind).show_written(record)
        reply(resp, _traced(shown, body))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, kind_name: str, record_id: str) -> None:
        """An archived record may be archived again; one that never was is not found."""
        kind = self.object_type(req, kind_name)
        caller = self.caller(req)
        caller.require(kind.scopes.write)
        crm = caller.portal.crm
        with crm.lock:
            number_ = writes.record_id(record_id)
            record = crm.table(kind).find(number_)
            if record is not None:
                writes.archive(crm, kind, record, author(caller))
            elif crm.table(kind).find(number_, archived=True) is None:
                raise ResourceNotFound
        no_content(resp)


class Merge(ApiResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.object_type(req, kind_name)
        caller = self.caller(req)
        caller.require(kind.scopes.write)
        body = json_object(req)
        crm = caller.portal.crm
        with crm.lock:
            primary = writes.find(crm, kind, text_id(body.get("primaryObjectId")))
            other = writes.find(crm, kind, text_id(body.get("objectIdToMerge")))
            record = merges.merge(crm, kind, primary, other, author(caller))
            shown = View(crm, kind).show_written(record)
        reply(resp, shown)


class PrivacyDelete(ApiResource):
    """An unknown e-mail address is put on a blocklist, which looks the same from outside."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.object_type(req, kind_name)
        if kind is not CONTACT and not self.version.privacy_deletes_any:
            raise ResourceNotFound
        caller = self.caller(req)
        caller.require(kind.scopes.write)
        body = json_object(req)
        id_property = member(body, "idProperty", str)
        crm = caller.portal.crm
        with crm.lock:
            try:
                record = writes.find(crm, kind, text_id(body.get("objectId")), id_property)
            except ResourceNotFound:
                if id_property != "email":
                    raise
            else:
                writes.privacy_delete(crm, kind, record, author(caller))
        no_content(resp)


def batch_inputs(body: dict[str, Any], most: int, message: str | None = None) -> list[Any]:
    """The inputs of a batch call.

    Raises InvalidInput when there are too many.
    """
    inputs = body.get("inputs")
    if not isinstance(inputs, list):
        raise InvalidJson("Cannot deserialize value of type `java.util.ArrayList` for field inputs")
    if len(inputs) > most:
        raise InvalidInput(
            message
            or f"The maximum number of inputs supported in a batch is {most}. Please reduce the number of items and"
            " try again"
        )
    return inputs
