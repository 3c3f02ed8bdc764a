"""How much of its limits an account has used. /crm/v3/limits and /crm/limits/{date}."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import falcon

from emulator.crm import allowances
from emulator.crm.allowances import crowded, partners_limit, percentage, pipelines_limit
from emulator.crm.association_types import USER_DEFINED
from emulator.crm.labels import MOST_LABELS
from emulator.crm.object_types import ObjectType
from emulator.crm.store import Crm
from emulator.errors import MissingScopes
from emulator.portals import Portal
from emulator.web.exchange import reply
from emulator.web.gate import ApiResource
from emulator.web.versions import DATED, V3

if TYPE_CHECKING:
    from emulator.world import Emulator

_MOST_SAMPLES = 10

Json = dict[str, Any]


class LimitResource(ApiResource):
    def portal(self, req: falcon.Request) -> Portal:
        """Whoever may read or write any kind of record or schema may look. Raises MissingScopes."""
        caller = self.caller(req)
        if not any(scope.startswith(("crm.objects.", "crm.schemas.", "tickets")) for scope in caller.token.scopes):
            raise MissingScopes(["crm.objects.contacts.read"])
        return caller.portal


def _kind(kind: ObjectType) -> Json:
    return {"objectTypeId": kind.type_id, "singularLabel": kind.title, "pluralLabel": kind.plural_title}


def _usage(kind: ObjectType, usage: int) -> Json:
    return _kind(kind) | {"usage": usage}


def _used(kind: ObjectType, usage: int, limit: int) -> Json:
    return _usage(kind, usage) | {"limit": limit, "percentage": percentage(usage, limit)}


def _overall(rows: list[Json], limit: int) -> Json:
    usage = sum(row["usage"] for row in rows)
    return {
        "overallLimit": limit,
        "overallUsage": usage,
        "overallPercentage": percentage(usage, limit),
        "byObjectType": rows,
    }


def _standard(crm: Crm) -> list[ObjectType]:
    return [kind for kind in crm.types if not kind.custom]


def _custom(crm: Crm) -> list[ObjectType]:
    return [kind for kind in crm.types if kind.custom]


class RecordLimits(LimitResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm = self.portal(req).crm
        with crm.lock:
            standard = [_used(kind, len(crm.table(kind).live), allowances.MOST_RECORDS) for kind in _standard(crm)]
            custom = [_usage(kind, len(crm.table(kind).live)) for kind in _custom(crm)]
        overall = _overall(custom, allowances.MOST_RECORDS_OF_CUSTOM_OBJECTS)
        reply(resp, {"hubspotDefinedObjectTypes": standard, "customObjectTypes": overall})


class PipelineLimits(LimitResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.portal(req)
        crm = portal.crm
        with crm.lock:
            counts = {kind: len(crm.pipelines.all(kind.type_id)) for kind in crm.types}
        standard = [
            _used(kind, count, pipelines_limit(kind, portal.tier))
            for kind, count in counts.items()
            if count and not kind.custom
        ]
        custom = [_usage(kind, count) for kind, count in counts.items() if kind.custom]
        overall = _overall(custom, allowances.MOST_PIPELINES_OF_CUSTOM_OBJECTS)
        reply(resp, {"hubspotDefinedObjectTypes": standard, "customObjectTypes": overall})


class CustomPropertyLimits(LimitResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.portal(req)
        crm, limit = portal.crm, allowances.MOST_PROPERTIES[portal.tier]
        with crm.lock:
            rows = [_used(kind, _own_properties(crm, kind), limit) for kind in crm.types]
        reply(resp, _overall(rows, limit * len(rows)))


def _own_properties(crm: Crm, kind: ObjectType) -> int:
    return sum(each.archived_at is None for each in crm.schema(kind).custom())


class CalculatedPropertyLimits(LimitResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Those of the account's own count."""
        portal = self.portal(req)
        crm = portal.crm
        with crm.lock:
            rows = [_usage(kind, sum(each.calculated for each in crm.schema(kind).custom())) for kind in crm.types]
        reply(resp, _overall([row for row in rows if row["usage"]], allowances.MOST_CALCULATED[portal.tier]))


class CustomObjectLimits(LimitResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.portal(req)
        limit = allowances.MOST_OBJECT_TYPES[portal.tier]
        with portal.crm.lock:
            usage = len(_custom(portal.crm))
        reply(resp, {"usage": usage, "limit": limit, "percentage": percentage(usage, limit)})


class LabelLimits(LimitResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Of the pairs asked for, or of all that have labels of the account's own."""
        crm = self.portal(req).crm
        ends = [
            crm.object_type(name) if (name := req.get_param(parameter)) else None
            for parameter in ("fromObjectTypeId", "toObjectTypeId")
        ]
        with crm.lock:
            labels: dict[tuple[ObjectType, ObjectType], list[str]] = {}
            for each in crm.association_types:
                pair = (each.from_type, each.to_type)
                if each.category == USER_DEFINED and each.label and _wanted(pair, ends):
                    labels.setdefault(pair, []).append(each.label)
        reply(resp, {"results": [_label_row(*pair, found) for pair, found in labels.items()]})


def _wanted(pair: Iterable[ObjectType], ends: Iterable[ObjectType | None]) -> bool:
    return all(end is None or end is kind for kind, end in zip(pair, ends, strict=True))


def _label_row(from_type: ObjectType, to_type: ObjectType, labels: list[str]) -> Json:
    return {
        "fromObjectType": _kind(from_type),
        "toObjectType": _kind(to_type),
        "allLabels": labels,
        "usage": len(labels),
        "limit": MOST_LABELS,
        "percentage": percentage(len(labels), MOST_LABELS),
    }


class AssociationLimits(LimitResource):
    """Records of one kind that are near or at their limit of associations with another."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, from_name: str, to_name: str) -> None:
        crm = self.portal(req).crm
        from_type, to_type = self.object_type(req, from_name), self.object_type(req, to_name)
        with crm.lock:
            limit = partners_limit(crm, from_type, to_type)
            found = [(_label(crm, from_type, each), count) for each, count in crowded(crm, from_type, to_type)]
        full = [sample for sample, count in found if count >= limit]
        near = [
            sample | {"usage": count, "percentage": percentage(count, limit)}
            for sample, count in found
            if count < limit
        ]
        answer = {
            "limit": limit,
            "totalRecordsAtLimit": len(full),
            "totalRecordsNearLimit": len(near),
            "atLimitFromRecordSamples": full[:_MOST_SAMPLES],
            "nearLimitFromRecordSamples": near[:_MOST_SAMPLES],
        }
        reply(resp, answer)


def _label(crm: Crm, kind: ObjectType, record_id: int) -> Json:
    record = crm.table(kind).records[record_id]
    return {"objectId": record_id, "label": crm.read(kind, record, kind.label_property) or ""}


class CrowdedFrom(LimitResource):
    """The kinds of which some record is near or at its limit."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        crm = self.portal(req).crm
        with crm.lock:
            pairs = {(each.from_type, each.to_type) for each in crm.association_types}
            rows: list[Json] = []
            for kind in crm.types:
                rows += _near(crm, kind, [to for one, to in pairs if one is kind], kind)
        reply(resp, {"results": rows})


class CrowdedTo(LimitResource):
    """The kinds that records of one kind have nearly too many of."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, from_name: str) -> None:
        crm, from_type = self.portal(req).crm, self.object_type(req, from_name)
        with crm.lock:
            rows = [row for kind in crm.types for row in _near(crm, from_type, [kind], kind)]
        reply(resp, {"results": rows})


def _near(crm: Crm, from_type: ObjectType, to_types: Iterable[ObjectType], shown: ObjectType) -> list[Json]:
    """A row about the kind that is shown, or none."""
    at = near = False
    for to_type in to_types:
        limit = partners_limit(crm, from_type, to_type)
        for _, count in crowded(crm, from_type, to_type):
            at, near = at or count >= limit, near or count < limit
    return [_kind(shown) | {"hasRecordsAtLimit": at, "hasRecordsNearLimit": near}] if at or near else []


def routes(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    kinds: list[tuple[str, type[ApiResource]]] = [
        ("records", RecordLimits),
        ("pipelines", PipelineLimits),
        ("custom-properties", CustomPropertyLimits),
        ("calculated-properties", CalculatedPropertyLimits),
        ("custom-object-types", CustomObjectLimits),
        ("associations/labels", LabelLimits),
        ("associations/records/from", CrowdedFrom),
        ("associations/records/{from_name}/to", CrowdedTo),
        ("associations/records/{from_name}/{to_name}", AssociationLimits),
    ]
    return [
        (f"{version.path('limits')}/{path}", resource(emulator, version))
        for version in (V3, *DATED)
        for path, resource in kinds
    ]
