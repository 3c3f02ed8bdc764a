"""Associations of one record: listed, made and removed."""

from __future__ import annotations

from typing import Any

import falcon

from emulator.crm import partners, writes
from emulator.crm.association_types import AssociationType
from emulator.crm.store import Crm, View
from emulator.errors import InvalidInput, InvalidJson
from emulator.web.associations import LARGEST_PAGE, allowed, both_directions, by_name, plain
from emulator.web.batches import BatchResource
from emulator.web.exchange import json_body, next_page, no_content, number, reply
from emulator.web.gate import ApiResource, Caller
from emulator.web.records import author, inline, specs

Json = dict[str, Any]


class AssociationPage(ApiResource):
    """GET …/objects/{from}/{id}/associations/{to}"""

    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str, record_id: str, to_name: str) -> None:
        from_type, to_type, caller = allowed(self, req, kind_name, to_name)
        limit = number(req, "limit", LARGEST_PAGE, 1, LARGEST_PAGE)
        after = number(req, "after", 0, 0, 10**18)
        crm = caller.portal.crm
        with crm.lock:
            record = writes.find(crm, from_type, record_id)
            if self.version.name == "v3":
                results, following = partners.rows(crm, from_type, record.id, to_type, after, limit)
            else:
                found, following = partners.page(crm, from_type, record.id, to_type, after, limit)
                results = [{"toObjectId": each.record_id, "associationTypes": each.specs()} for each in found]
        answer: Json = {"results": results}
        if following is not None:
            answer["paging"] = next_page(req, str(following))
        reply(resp, answer)


class AssociationPair(ApiResource):
    """PUT and DELETE …/objects/{from}/{id}/associations/{to}/{toId}"""

    def on_put(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        kind_name: str,
        record_id: str,
        to_name: str,
        to_id: str,
    ) -> None:
        from_type, to_type, caller = allowed(self, req, kind_name, to_name, write=True)
        body = json_body(req)
        if not isinstance(body, list):
            raise InvalidJson("Cannot deserialize value of type `java.util.ArrayList` from Object value")
        types = specs(caller.portal.crm.association_types, body, from_type, to_type)
        if not types:
            raise InvalidInput("At least one association type is required")
        from_number, to_number = writes.record_id(record_id), writes.record_id(to_id)
        with caller.portal.crm.lock:
            writes.replace_types(caller.portal.crm, types, from_number, to_number, author(caller))
        labels = [type_.label for type_ in dict.fromkeys(types) if type_.label]
        answer = {
            "fromObjectTypeId": from_type.type_id,
            "fromObjectId": from_number,
            "toObjectTypeId": to_type.type_id,
            "toObjectId": to_number,
            "labels": labels,
        }
        reply(resp, answer, 201)

    def on_delete(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        kind_name: str,
        record_id: str,
        to_name: str,
        to_id: str,
    ) -> None:
        """Removes all types between the two; nothing there is no error."""
        from_type, to_type, caller = allowed(self, req, kind_name, to_name, write=True)
        from_number, to_number = writes.record_id(record_id), writes.record_id(to_id)
        crm = caller.portal.crm
        with crm.lock:
            writes.disassociate(crm, from_type, from_number, to_type, to_number, author(caller))
        no_content(resp)


class NamedAssociation(ApiResource):
    """PUT and DELETE …/objects/{from}/{id}/associations/{to}/{toId}/{type}: v3's way, which clients still use."""

    def on_put(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        kind_name: str,
        record_id: str,
        to_name: str,
        to_id: str,
        type_name: str,
    ) -> None:
        crm, type_, caller = self._named(req, kind_name, to_name, type_name)
        with crm.lock:
            record = writes.find(crm, type_.from_type, record_id)
            writes.associate(crm, [type_], record.id, writes.record_id(to_id), author(caller))
            shown = View(crm, type_.from_type).show(record)
            shown["associations"] = inline(req, crm, type_.from_type, record, [type_.to_type])
        reply(resp, shown)

    def on_delete(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        kind_name: str,
        record_id: str,
        to_name: str,
        to_id: str,
        type_name: str,
    ) -> None:
        crm, type_, caller = self._named(req, kind_name, to_name, type_name)
        with crm.lock:
            writes.remove_types(crm, [type_], writes.record_id(record_id), writes.record_id(to_id), author(caller))
        no_content(resp)

    def _named(
        self, req: falcon.Request, kind_name: str, to_name: str, type_name: str
    ) -> tuple[Crm, AssociationType, Caller]:
        from_type, to_type, caller = allowed(self, req, kind_name, to_name, write=True)
        return caller.portal.crm, by_name(caller.portal.crm.association_types, type_name, from_type, to_type), caller


class DefaultAssociation(BatchResource):
    """PUT …/objects/{from}/{id}/associations/default/{to}/{toId}"""

    def on_put(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        kind_name: str,
        record_id: str,
        to_name: str,
        to_id: str,
    ) -> None:
        from_type, to_type, caller = allowed(self, req, kind_name, to_name, write=True)
        started = self.now()
        known = caller.portal.crm.association_types
        type_ = plain(known, from_type, to_type)
        from_number, to_number = writes.record_id(record_id), writes.record_id(to_id)
        with caller.portal.crm.lock:
            writes.associate(caller.portal.crm, [type_], from_number, to_number, author(caller))
        self.answer(resp, both_directions(known, type_, from_number, to_number), [], started)
