"""Property definitions: /crm/v3/properties and /crm/properties/{date}."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import falcon

from emulator.crm.catalog import GROUPS
from emulator.crm.object_types import ObjectType
from emulator.crm.properties import FIELD_TYPES, TYPES, Option, Property
from emulator.errors import InvalidInput, ResourceNotFound
from emulator.instants import iso
from emulator.web.exchange import flag, json_object, member, no_content, reply
from emulator.web.gate import ApiResource
from emulator.web.records import batch_inputs

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


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
        with crm.lock:
            found = crm.schema(kind).all(archived=flag(req, "archived"))
        reply(resp, {"results": [definition.as_json() for definition in found]})

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.kind(req, kind_name, write=True)
        crm = self.caller(req).portal.crm
        definition = _definition(kind, json_object(req), self.now())
        with crm.lock:
            crm.schema(kind).define(definition)
            if definition.unique:
                crm.table(kind).unique.setdefault(definition.name, {})
        reply(resp, definition.as_json(), 201)


def _definition(kind: ObjectType, body: dict[str, Any], now: int) -> Property:
    name = member(body, "name", str, "")
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} is not a valid property name: lower-case letters, digits and underscores")
    value_type, field_type = member(body, "type", str, ""), member(body, "fieldType", str, "")
    if value_type not in TYPES or field_type not in FIELD_TYPES:
        raise InvalidInput(f"{value_type or 'null'} and {field_type or 'null'} are not a valid type and fieldType")
    group = member(body, "groupName", str, "")
    if group not in dict(GROUPS[kind.type_id]):
        raise InvalidInput(f"The property group {group!r} does not exist")
    return Property(
        name,
        member(body, "label", str, name),
        value_type,
        field_type,
        group,
        description=member(body, "description", str, ""),
        options=_options(body, value_type),
        unique=member(body, "hasUniqueValue", bool, False),
        hidden=member(body, "hidden", bool, False),
        hubspot_defined=False,
        created_at=now,
    )


def _options(body: dict[str, Any], value_type: str) -> tuple[Option, ...]:
    if value_type == "bool":
        return (Option("true", "True", 0), Option("false", "False", 1))
    return tuple(
        Option(
            member(each, "value", str, ""),
            member(each, "label", str, ""),
            member(each, "displayOrder", int, -1),
            member(each, "hidden", bool, False),
            member(each, "description", str, ""),
        )
        for each in member(body, "options", list, [])
    )


class PropertyItem(_PropertyResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str, name: str) -> None:
        kind = self.kind(req, kind_name)
        crm = self.caller(req).portal.crm
        with crm.lock:
            definition = crm.schema(kind).named(name, archived=flag(req, "archived"))
        reply(resp, definition.as_json())

    def on_patch(self, req: falcon.Request, resp: falcon.Response, kind_name: str, name: str) -> None:
        kind = self.kind(req, kind_name, write=True)
        body = json_object(req)
        crm = self.caller(req).portal.crm
        with crm.lock:
            definition = crm.schema(kind).named(name)
            if definition.hubspot_defined:
                raise InvalidInput(f"Property '{name}' is defined by HubSpot and cannot be changed.")
            changed = replace(
                definition,
                label=member(body, "label", str, definition.label),
                description=member(body, "description", str, definition.description),
                options=_options(body, definition.type) if "options" in body else definition.options,
            )
            crm.schema(kind).redefine(changed)
        reply(resp, changed.as_json())

    def on_delete(self, req: falcon.Request, resp: falcon.Response, kind_name: str, name: str) -> None:
        kind = self.kind(req, kind_name, write=True)
        crm = self.caller(req).portal.crm
        with crm.lock:
            crm.schema(kind).archive(name, self.now())
        no_content(resp)


class PropertyBatchRead(_PropertyResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.kind(req, kind_name)
        body = json_object(req)
        wanted = [member(each, "name", str, "") for each in batch_inputs(body, 100)]
        archived = member(body, "archived", bool, False)
        crm = self.caller(req).portal.crm
        with crm.lock:
            known = {each.name: each for each in crm.schema(kind).all(archived=archived)}
        moment = iso(self.now())
        results = [known[name].as_json() for name in dict.fromkeys(wanted) if name in known]
        reply(resp, {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment})


class GroupList(_PropertyResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        kind = self.kind(req, kind_name)
        reply(resp, {"results": [_group(*each, order) for order, each in enumerate(GROUPS[kind.type_id])]})


class GroupItem(_PropertyResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str, name: str) -> None:
        kind = self.kind(req, kind_name)
        for order, each in enumerate(GROUPS[kind.type_id]):
            if each[0] == name:
                reply(resp, _group(*each, order))
                return
        raise ResourceNotFound(f'Property group "{name}" does not exist')


def _group(name: str, label: str, order: int) -> dict[str, Any]:
    return {"name": name, "label": label, "displayOrder": order, "archived": False}
