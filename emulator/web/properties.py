"""Property definitions: /crm/v3/properties and /crm/properties/{date}."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import falcon

from emulator.crm.object_types import ObjectType
from emulator.crm.properties import PLAIN, PropertyGroup
from emulator.errors import HubSpotError, InvalidInput
from emulator.web.batches import BatchResource, failure
from emulator.web.exchange import flag, json_object, member, no_content, reply
from emulator.web.gate import ApiResource, call_of
from emulator.web.property_definitions import changed, definition, sensitivity
from emulator.web.records import batch_inputs


class _PropertyResource(ApiResource):
    def kind(self, req: falcon.Request, kind_name: str, *, write: bool = False) -> ObjectType:
        kind = self.object_type(req, kind_name)
        self.caller(req).require(kind.scopes.schema_write if write else kind.scopes.schema_read)
        return kind


class PropertyList(_PropertyResource):
    """All at once: this list has no pages."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.kind(req, kind_name)
        crm = self.caller(req).portal.crm
        wanted = sensitivity(req.get_param("dataSensitivity") or PLAIN)
        with crm.lock:
            found = crm.schema(kind).all(archived=flag(req, "archived"))
        reply(resp, {"results": [each.as_json() for each in found if each.sensitivity == wanted]})

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.kind(req, kind_name, write=True)
        crm = self.caller(req).portal.crm
        wanted = definition(json_object(req), self.now())
        with crm.lock:
            crm.define(kind, wanted)
        reply(resp, wanted.as_json(), 201)


class PropertyItem(_PropertyResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str, name: str) -> None:
        kind = self.kind(req, kind_name)
        crm = self.caller(req).portal.crm
        with crm.lock:
            found = crm.schema(kind).named(name, archived=flag(req, "archived"))
        reply(resp, found.as_json())

    def on_patch(self, req: falcon.Request, resp: falcon.Response, kind_name: str, name: str) -> None:
        kind = self.kind(req, kind_name, write=True)
        body = json_object(req)
        crm = self.caller(req).portal.crm
        with crm.lock:
            schema = crm.schema(kind)
            wanted = changed(schema.named(name), body, self.now())
            schema.group(wanted.group)
            crm.redefine(kind, wanted)
        reply(resp, wanted.as_json())

    def on_delete(self, req: falcon.Request, resp: falcon.Response, kind_name: str, name: str) -> None:
        kind = self.kind(req, kind_name, write=True)
        crm = self.caller(req).portal.crm
        with crm.lock:
            crm.archive_property(kind, name)
        no_content(resp)


class PropertyBatchRead(_PropertyResource, BatchResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.kind(req, kind_name)
        body = json_object(req)
        wanted = [member(each, "name", str, "") for each in batch_inputs(body, 100)]
        archived = member(body, "archived", bool, False)
        crm = self.caller(req).portal.crm
        with crm.lock:
            known = {each.name: each for each in crm.schema(kind).all(archived=archived)}
        results = [known[name].as_json() for name in dict.fromkeys(wanted) if name in known]
        self.answer(resp, results, [], self.now())


class PropertyBatchCreate(_PropertyResource, BatchResource):
    """Each by itself: what is refused is reported beside what was made."""

    def success(self) -> int:
        return 201

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.kind(req, kind_name, write=True)
        inputs = batch_inputs(json_object(req), 100)
        crm = self.caller(req).portal.crm
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        with crm.lock:
            for given in inputs:
                try:
                    wanted = definition(given, self.now())
                    crm.define(kind, wanted)
                except HubSpotError as refused:
                    errors.append(failure(refused, call_of(req).correlation_id, None))
                else:
                    results.append(wanted.as_json())
        self.answer(resp, results, errors, self.now())


class PropertyBatchArchive(_PropertyResource):
    """Unknown names are no error."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.kind(req, kind_name, write=True)
        wanted = [member(each, "name", str, "") for each in batch_inputs(json_object(req), 100)]
        crm = self.caller(req).portal.crm
        with crm.lock:
            for name in wanted:
                crm.archive_property(kind, name)
        no_content(resp)


class GroupList(_PropertyResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.kind(req, kind_name)
        crm = self.caller(req).portal.crm
        with crm.lock:
            reply(resp, {"results": [group.as_json() for group in crm.schema(kind).groups()]})

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.kind(req, kind_name, write=True)
        body = json_object(req)
        name, label = member(body, "name", str, ""), member(body, "label", str, "")
        if not name or not label:
            raise InvalidInput("A property group needs a name and a label")
        group = PropertyGroup(name, label, member(body, "displayOrder", int, -1))
        crm = self.caller(req).portal.crm
        with crm.lock:
            crm.schema(kind).add_group(group)
        reply(resp, group.as_json(), 201)


class GroupItem(_PropertyResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str, name: str) -> None:
        kind = self.kind(req, kind_name)
        crm = self.caller(req).portal.crm
        with crm.lock:
            reply(resp, crm.schema(kind).group(name).as_json())

    def on_patch(self, req: falcon.Request, resp: falcon.Response, kind_name: str, name: str) -> None:
        kind = self.kind(req, kind_name, write=True)
        body = json_object(req)
        crm = self.caller(req).portal.crm
        with crm.lock:
            before = crm.schema(kind).group(name)
            label = member(body, "label", str, before.label)
            group = replace(before, label=label, display_order=member(body, "displayOrder", int, before.display_order))
            crm.schema(kind).replace_group(group)
        reply(resp, group.as_json())

    def on_delete(self, req: falcon.Request, resp: falcon.Response, kind_name: str, name: str) -> None:
        kind = self.kind(req, kind_name, write=True)
        crm = self.caller(req).portal.crm
        with crm.lock:
            crm.schema(kind).remove_group(name)
        no_content(resp)
