"""/properties/v1, /properties/v2 and /companies/v2/properties: definitions and their groups, read only."""

from __future__ import annotations

import falcon

from emulator.crm.object_types import ObjectType
from emulator.legacy.properties import definition_v2, group_v2
from emulator.marketing import form_properties
from emulator.web.exchange import flag, reply
from emulator.web.gate import ApiResource


class _DefinitionResource(ApiResource):
    def kind(self, req: falcon.Request, name: str) -> ObjectType:
        kind = self.object_type(req, name)
        self.caller(req).require(kind.scopes.schema_read)
        return kind


class Definitions(_DefinitionResource):
    """A bare array."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str = "companies") -> None:
        if kind_name.lower() in form_properties.NAMES:
            self.caller(req).require(["forms"])
            reply(resp, [definition_v2(definition) for definition in form_properties.PROPERTIES])
            return
        kind = self.kind(req, kind_name)
        crm = self.caller(req).portal.crm
        with crm.lock:
            found = crm.schema(kind).all()
        reply(resp, [definition_v2(definition) for definition in found])


class Definition(_DefinitionResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str, kind_name: str = "companies") -> None:
        kind = self.kind(req, kind_name)
        crm = self.caller(req).portal.crm
        with crm.lock:
            found = crm.schema(kind).named(name)
        reply(resp, definition_v2(found))


class Groups(_DefinitionResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str = "companies") -> None:
        kind = self.kind(req, kind_name)
        crm = self.caller(req).portal.crm
        with crm.lock:
            groups = crm.schema(kind).groups()
            definitions = crm.schema(kind).all() if flag(req, "includeProperties") else None
        reply(resp, [group_v2(group, definitions) for group in groups])
