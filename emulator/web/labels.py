"""Association types: which there are, labels of the account's own, and limits.

/crm/v4/associations/{from}/{to}/labels, and under /crm/associations/{v4|date}.
"""

from __future__ import annotations

from typing import Any

import falcon

from emulator.crm import labels
from emulator.crm.association_types import AssociationType, key_of
from emulator.crm.object_types import ObjectType
from emulator.crm.store import Crm
from emulator.errors import HubSpotError, InvalidInput, ResourceNotFound
from emulator.ids import id_of
from emulator.limits import Meter
from emulator.web.batches import BatchResource, failure
from emulator.web.exchange import json_object, member, no_content, reply
from emulator.web.gate import ApiResource, call_of
from emulator.web.records import batch_inputs
from emulator.web.versions import V3, Version

Json = dict[str, Any]


class _PairResource(BatchResource):
    """Calls about a pair of kinds; they have the associations' allowance."""

    meter = Meter.ASSOCIATIONS

    def pair(
        self, req: falcon.Request, from_name: str, to_name: str, *, write: bool = False
    ) -> tuple[Crm, ObjectType, ObjectType]:
        caller = self.caller(req)
        kinds = self.object_type(req, from_name), self.object_type(req, to_name)
        for kind in kinds:
            caller.require(kind.scopes.write if write else kind.scopes.read)
        return caller.portal.crm, *kinds


class Labels(_PairResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        crm, from_type, to_type = self.pair(req, from_name, to_name)
        with crm.lock:
            reply(resp, {"results": [type_.spec() for type_ in crm.association_types.between(from_type, to_type)]})

    def on_post(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        crm, from_type, to_type = self.pair(req, from_name, to_name, write=True)
        body = json_object(req)
        name, label = member(body, "name", str, ""), member(body, "label", str, "")
        if not name or not label:
            raise InvalidInput("An association label needs a name and a label")
        with crm.lock:
            made = labels.define_label(crm, from_type, to_type, name, label, member(body, "inverseLabel", str))
            reply(resp, {"results": [type_.spec() for type_ in made]})

    def on_put(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        crm, from_type, to_type = self.pair(req, from_name, to_name, write=True)
        body = json_object(req)
        label = member(body, "label", str, "")
        if not label:
            raise InvalidInput("label is required")
        with crm.lock:
            type_ = labels.own_label(crm, from_type, to_type, member(body, "associationTypeId", int, 0))
            labels.rename_label(crm, type_, label, member(body, "inverseLabel", str))
        no_content(resp)


class LabelItem(_PairResource):
    def on_delete(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str, type_id: str) -> None:
        crm, from_type, to_type = self.pair(req, from_name, to_name, write=True)
        with crm.lock:
            labels.remove_label(crm, labels.own_label(crm, from_type, to_type, id_of(type_id) or 0))
        no_content(resp)


class TypeNames(_PairResource):
    """The same list, as v3 has it."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        crm, from_type, to_type = self.pair(req, from_name, to_name)
        with crm.lock:
            types = crm.association_types.between(from_type, to_type)
            reply(resp, {"results": [{"id": str(type_.type_id), "name": type_.name} for type_ in types]})


def _configuration(crm: Crm, type_: AssociationType) -> Json:
    return {**type_.spec(), "userEnforcedMaxToObjectIds": crm.association_limits[type_.key]}


class AllConfigurations(ApiResource):
    meter = Meter.ASSOCIATIONS

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm = self.caller(req).portal.crm
        with crm.lock:
            limited = [crm.association_types[key] for key in crm.association_limits]
            reply(resp, {"results": [_configuration(crm, type_) for type_ in limited]})


class Configurations(_PairResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        crm, from_type, to_type = self.pair(req, from_name, to_name)
        with crm.lock:
            types = [
                type_
                for type_ in crm.association_types.between(from_type, to_type)
                if type_.key in crm.association_limits
            ]
            reply(resp, {"results": [_configuration(crm, type_) for type_ in types]})


class _ConfigurationBatch(_PairResource):
    def change(self, crm: Crm, type_: AssociationType, given: Any) -> Json:
        labels.limit(crm, type_, member(given, "maxToObjectIds", int, 0))
        return _configuration(crm, type_)

    def run(self, req: falcon.Request, from_name: str, to_name: str) -> tuple[list[Json], list[Json]]:
        crm, from_type, to_type = self.pair(req, from_name, to_name, write=True)
        results: list[Json] = []
        errors: list[Json] = []
        with crm.lock:
            for given in batch_inputs(json_object(req), 100):
                try:
                    type_ = _named(crm, from_type, to_type, given)
                    results.append(self.change(crm, type_, given))
                except HubSpotError as refused:
                    errors.append(failure(refused, call_of(req).correlation_id, None))
        return results, errors


def _named(crm: Crm, from_type: ObjectType, to_type: ObjectType, given: Any) -> AssociationType:
    type_id = member(given, "typeId", int, 0)
    type_ = crm.association_types.get(key_of(member(given, "category", str, ""), type_id))
    if type_ is None or type_.from_type is not from_type or type_.to_type is not to_type:
        raise ResourceNotFound(f"No association type {type_id} from {from_type.name} to {to_type.name} exists.")
    return type_


class ConfigurationCreate(_ConfigurationBatch):
    def success(self) -> int:
        return self.version.associations_created

    def on_post(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        self.answer(resp, *self.run(req, from_name, to_name), self.now())


class ConfigurationUpdate(_ConfigurationBatch):
    def on_post(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        self.answer(resp, *self.run(req, from_name, to_name), self.now())


class ConfigurationPurge(_ConfigurationBatch):
    def change(self, crm: Crm, type_: AssociationType, _given: Any) -> Json:
        crm.association_limits.pop(type_.key, None)
        return {}

    def on_post(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        _, errors = self.run(req, from_name, to_name)
        if self.version.associations_archived == 204 and not errors:
            no_content(resp)
        else:
            self.answer(resp, [], errors, self.now())


def routes(version: Version) -> list[tuple[str, type[ApiResource]]]:
    """v4's specification has these under /crm/associations/v4, its documentation under /crm/v4/associations."""
    pair = "{from_name}/{to_name}"
    if version is V3:
        return [(f"{version.path('associations')}/{pair}/types", TypeNames)]
    bases = {version.path("associations"), f"/crm/associations/{version.name}"}
    return [route for base in sorted(bases) for route in _under(base, pair)]


def _under(base: str, pair: str) -> list[tuple[str, type[ApiResource]]]:
    configurations = f"{base}/definitions/configurations"
    return [
        (f"{base}/{pair}/labels", Labels),
        (f"{base}/{pair}/labels/{{type_id}}", LabelItem),
        (f"{configurations}/all", AllConfigurations),
        (f"{configurations}/{pair}", Configurations),
        (f"{configurations}/{pair}/batch/create", ConfigurationCreate),
        (f"{configurations}/{pair}/batch/update", ConfigurationUpdate),
        (f"{configurations}/{pair}/batch/purge", ConfigurationPurge),
    ]
