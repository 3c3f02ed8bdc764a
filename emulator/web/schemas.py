"""Schemas of custom objects: /crm-object-schemas/{v3|date}/schemas, and /crm/v3/schemas as every client calls it."""

from __future__ import annotations

from typing import Any

import falcon

from emulator.crm import custom_objects
from emulator.crm.association_types import AssociationType
from emulator.crm.custom_objects import Wanted
from emulator.crm.object_types import CUSTOM, ObjectType
from emulator.crm.schemas import CustomObject
from emulator.crm.store import Crm
from emulator.errors import InvalidInput
from emulator.ids import id_of
from emulator.instants import iso
from emulator.web.exchange import flag, json_object, member, no_content, reply
from emulator.web.gate import ApiResource
from emulator.web.property_definitions import definition
from emulator.web.records import batch_inputs
from emulator.web.versions import V3, Version

Json = dict[str, Any]

_READ = ("crm.schemas.custom.read", "crm.objects.custom.read")
_WRITE = ("crm.schemas.custom.write",)


class _SchemaResource(ApiResource):
    def opened(self, req: falcon.Request, *, write: bool = False) -> Crm:
        caller = self.caller(req)
        caller.require(_WRITE if write else _READ)
        return caller.portal.crm


def described(crm: Crm, custom: CustomObject) -> Json:
    """The definition without its properties and associations."""
    return {**_kind(crm, custom.kind), **_times(custom), "description": custom.description or None} | {
        "secondaryDisplayProperties": list(custom.secondary)
    }


def _times(custom: CustomObject) -> Json:
    return {
        "createdAt": iso(custom.created_at),
        "updatedAt": iso(custom.updated_at),
        "archived": custom.archived_at is not None,
    }


def _kind(crm: Crm, kind: ObjectType) -> Json:
    return {
        "id": kind.type_id.removeprefix(CUSTOM),
        "objectTypeId": kind.type_id,
        "fullyQualifiedName": kind.plural if kind.custom else kind.constant,
        "name": kind.name if kind.custom else kind.constant,
        "portalId": crm.hub_id,
        "labels": {"singular": kind.title, "plural": kind.plural_title},
        "requiredProperties": list(kind.needs_all_of),
        "searchableProperties": list(kind.searchable),
        "primaryDisplayProperty": kind.label_property,
        "secondaryDisplayProperties": [],
        "allowsSensitiveProperties": False,
        "archived": False,
    }


def _whole(req: falcon.Request, crm: Crm, answer: Json, kind: ObjectType, *, archived: bool = False) -> Json:
    """With properties and associations, unless the call does without."""
    if archived:
        return answer | {"properties": [], "associations": []}
    properties = [each.as_json() for each in crm.schema(kind).all()] if _includes(req, "Property") else []
    associations = crm.association_types.of_kind(kind) if _includes(req, "Association") else []
    return answer | {"properties": properties, "associations": [_association(each) for each in associations]}


def _includes(req: falcon.Request, what: str) -> bool:
    name = f"include{what}Definitions"
    return not req.has_param(name) or flag(req, name)


def _association(type_: AssociationType) -> Json:
    return {
        "id": str(type_.type_id),
        "fromObjectTypeId": type_.from_type.type_id,
        "toObjectTypeId": type_.to_type.type_id,
        "name": type_.name,
        "cardinality": "ONE_TO_MANY",
        "inverseCardinality": "ONE_TO_MANY",
    }


def _wanted(body: Json, now: int) -> Wanted:
    labels = member(body, "labels", dict, {})
    name = member(body, "name", str, "")
    return Wanted(
        name,
        member(labels, "singular", str, ""),
        member(labels, "plural", str, ""),
        member(body, "description", str, ""),
        [definition(each, now, f"{name}_information") for each in member(body, "properties", list, [])],
        _texts(body, "requiredProperties"),
        _texts(body, "searchableProperties"),
        member(body, "primaryDisplayProperty", str, ""),
        _texts(body, "secondaryDisplayProperties"),
        _texts(body, "associatedObjects"),
    )


def _texts(body: Json, name: str) -> tuple[str, ...]:
    given = member(body, name, list, [])
    if not all(isinstance(each, str) for each in given):
        raise InvalidInput(f"{name} must be a list of names")
    return tuple(given)


class SchemaList(_SchemaResource):
    """All at once: this list has no pages."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm, archived = self.opened(req), flag(req, "archived")
        with crm.lock:
            found = [each for each in crm.custom_objects.values() if (each.archived_at is not None) == archived]
            results = [_whole(req, crm, described(crm, each), each.kind, archived=archived) for each in found]
        reply(resp, {"results": results})

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm, body = self.opened(req, write=True), json_object(req)
        for name in ("name", "labels", "requiredProperties", "properties", "associatedObjects"):
            if body.get(name) is None:
                raise InvalidInput(f"Some required fields were not set: [{name}]")
        with crm.lock:
            made = custom_objects.add(crm, _wanted(body, self.now()))
            reply(resp, _whole(req, crm, described(crm, made), made.kind), 201)


class SchemaItem(_SchemaResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        """Those of HubSpot's own objects can be read too."""
        crm = self.opened(req)
        with crm.lock:
            kind = crm.object_type(kind_name)
            custom = crm.custom_objects.get(kind.type_id)
            shown = described(crm, custom) if custom else _kind(crm, kind)
            reply(resp, _whole(req, crm, shown, kind))

    def on_patch(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        crm, body = self.opened(req, write=True), json_object(req)
        with crm.lock:
            custom = custom_objects.named(crm, crm.object_type(kind_name).type_id)
            custom_objects.change(crm, custom, _changed(custom, body))
            reply(resp, described(crm, custom))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        """`?archived=true` deletes for good, so that the name can be used again."""
        crm = self.opened(req, write=True)
        with crm.lock:
            custom = custom_objects.named(crm, kind_name)
            if flag(req, "archived"):
                custom_objects.forget(crm, custom)
            elif custom.archived_at is None:
                custom_objects.archive(crm, custom)
        no_content(resp)


def _changed(custom: CustomObject, body: Json) -> Wanted:
    kind, labels = custom.kind, member(body, "labels", dict, {})
    description = "" if member(body, "clearDescription", bool, False) else custom.description
    return Wanted(
        kind.name,
        member(labels, "singular", str, kind.label),
        member(labels, "plural", str, kind.plural_label),
        member(body, "description", str, description),
        (),
        _texts(body, "requiredProperties") if "requiredProperties" in body else kind.needs_all_of,
        _texts(body, "searchableProperties") if "searchableProperties" in body else kind.searchable,
        member(body, "primaryDisplayProperty", str, kind.label_property),
        _texts(body, "secondaryDisplayProperties") if "secondaryDisplayProperties" in body else custom.secondary,
        (),
    )


class SchemaBatchRead(_SchemaResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm, body = self.opened(req), json_object(req)
        names = [each if isinstance(each, str) else member(each, "id", str, "") for each in batch_inputs(body, 100)]
        with crm.lock:
            found = [crm.object_type(name) for name in dict.fromkeys(names)]
            results = [
                _whole(req, crm, described(crm, custom) if custom else _kind(crm, kind), kind)
                for kind in found
                for custom in [crm.custom_objects.get(kind.type_id)]
            ]
        reply(resp, {"results": results})


class SchemaAssociations(_SchemaResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        crm, body = self.opened(req, write=True), json_object(req)
        with crm.lock:
            custom = custom_objects.named(crm, crm.object_type(kind_name).type_id)
            from_type = crm.object_type(member(body, "fromObjectTypeId", str, ""))
            to_type = crm.object_type(member(body, "toObjectTypeId", str, ""))
            made = custom_objects.associate_with(crm, custom, from_type, to_type, member(body, "name", str, ""))
        reply(resp, _association(made), 201)


class SchemaAssociation(_SchemaResource):
    def on_delete(self, req: falcon.Request, resp: falcon.Response, kind_name: str, type_id: str) -> None:
        crm = self.opened(req, write=True)
        with crm.lock:
            custom = custom_objects.named(crm, crm.object_type(kind_name).type_id)
            custom_objects.remove_association(crm, custom, id_of(type_id) or 0)
        no_content(resp)


def routes(version: Version) -> list[tuple[str, type[ApiResource]]]:
    bases = [f"/crm-object-schemas/{version.name}/schemas"]
    if version is V3:
        bases.append("/crm/v3/schemas")
    return [route for base in bases for route in _under(base)]


def _under(base: str) -> list[tuple[str, type[ApiResource]]]:
    return [
        (base, SchemaList),
        (f"{base}/batch/read", SchemaBatchRead),
        (f"{base}/{{kind_name}}", SchemaItem),
        (f"{base}/{{kind_name}}/associations", SchemaAssociations),
        (f"{base}/{{kind_name}}/associations/{{type_id}}", SchemaAssociation),
    ]
