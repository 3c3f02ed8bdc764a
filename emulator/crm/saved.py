"""A portal's records and all that describes them, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from emulator.crm.association_types import USER_DEFINED, AssociationType
from emulator.crm.object_types import ObjectType
from emulator.crm.pipelines import Audit, Pipeline, Stage
from emulator.crm.properties import Option, Property, PropertyGroup
from emulator.crm.records import Record, Source, Table, Version
from emulator.crm.saved_schemas import load_custom_object, save_custom_object
from emulator.crm.store import Crm
from emulator.crm.write_rules import Condition, KindRules

Json = dict[str, Any]


def save_crm(crm: Crm) -> Json:
    """Call it under the portal's lock."""
    return {
        "custom_objects": [save_custom_object(each) for each in crm.custom_objects.values()],
        "latest_custom_object": crm.latest_custom_object,
        "association_types": [_type(each) for each in crm.association_types if each.category == USER_DEFINED],
        "association_limits": {str(key): most for key, most in crm.association_limits.items()},
        "write_rules": {type_id: asdict(rules) for type_id, rules in crm.write_rules.by_type.items()},
        "pipelines": {
            kind.type_id: [asdict(each) for each in pipelines]
            for kind in crm.types
            if (pipelines := crm.pipelines.all(kind.type_id))
        },
        "pipeline_audits": {
            identifier: [asdict(each) for each in audits] for identifier, audits in crm.pipelines.audits.items()
        },
        "tables": {table.kind.type_id: _table(crm, table) for table in crm.tables.values()},
        "links": list(crm.links.rows()),
    }


def load_crm(crm: Crm, saved: Json) -> None:
    for each in saved.get("custom_objects", []):
        load_custom_object(crm, each)
    crm.latest_custom_object = saved.get("latest_custom_object", 0)
    for each in saved.get("association_types", []):
        crm.association_types.add(_load_type(crm, each))
    crm.association_limits.update((int(key), most) for key, most in saved.get("association_limits", {}).items())
    for type_id, rules in saved.get("write_rules", {}).items():
        crm.write_rules.by_type[type_id] = _load_rules(rules)
    for type_id, pipelines in saved["pipelines"].items():
        crm.pipelines.replace(type_id, [_load_pipeline(each) for each in pipelines])
    for identifier, audits in saved.get("pipeline_audits", {}).items():
        crm.pipelines.audits[identifier] = [Audit(**each) for each in audits]
    for type_id, table in saved["tables"].items():
        _load_table(crm, crm.object_type(type_id), table)
    for key, from_id, to_id in saved["links"]:
        crm.links.put_unchecked(crm.association_types[key], from_id, to_id)


def _load_rules(saved: Json) -> KindRules:
    conditional = (
        Condition(each["property_name"], each["value"], tuple(each["require"])) for each in saved["conditional"]
    )
    return KindRules(tuple(saved["required"]), tuple(conditional))


def _type(type_: AssociationType) -> Json:
    return {
        "type_id": type_.type_id,
        "from_type": type_.from_type.type_id,
        "to_type": type_.to_type.type_id,
        "name": type_.name,
        "label": type_.label,
        "inverse_id": type_.inverse_id,
    }


def _load_type(crm: Crm, saved: Json) -> AssociationType:
    kinds = {side: crm.object_type(saved[side]) for side in ("from_type", "to_type")}
    return AssociationType(**{**saved, **kinds, "category": USER_DEFINED})


def _table(crm: Crm, table: Table) -> Json:
    return {
        "next_id": table.next_id,
        "aliases": {str(old): new for old, new in table.aliases.items()},
        "groups": [asdict(group) for group in crm.schema(table.kind).groups() if not group.hubspot_defined],
        "properties": [_property(each) for each in crm.schema(table.kind).custom()],
        "records": [_record(record) for record in table.records.values()],
    }


def _property(definition: Property) -> Json:
    saved = asdict(definition)
    del saved["allowed"]
    return saved


def _source(source: Source) -> list[Any]:
    return [source.type, source.id, source.user_id, source.label]


def _record(record: Record) -> Json:
    saved: Json = {
        "id": record.id,
        "values": record.values,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "archived_at": record.archived_at,
        "origin": _source(record.origin),
    }
    if record.history:
        saved["history"] = {
            name: [[version.value, version.at, _source(version.source)] for version in versions]
            for name, versions in record.history.items()
        }
    return saved


def _load_pipeline(saved: Json) -> Pipeline:
    return Pipeline(**{**saved, "stages": tuple(Stage(**each) for each in saved["stages"])})


def _load_table(crm: Crm, kind: ObjectType, saved: Json) -> None:
    crm.empty(kind)
    for each in saved.get("groups", []):
        crm.schema(kind).replace_group(PropertyGroup(**each))
    for each in saved["properties"]:
        options = tuple(Option(**option) for option in each["options"])
        crm.redefine(kind, Property(**{**each, "options": options}))
    table = crm.table(kind)
    table.aliases.update((int(old), new) for old, new in saved["aliases"].items())
    sources: dict[tuple[Any, ...], Source] = {}
    table.load(_load_record(each, sources) for each in saved["records"])
    table.next_id = saved["next_id"]


def _load_record(saved: Json, sources: dict[tuple[Any, ...], Source]) -> Record:
    def source(given: list[Any]) -> Source:
        """Records share their sources."""
        return sources.setdefault(tuple(given), Source(*given))

    record = Record(saved["id"], saved["values"], saved["created_at"], source(saved["origin"]))
    record.updated_at, record.archived_at = saved["updated_at"], saved["archived_at"]
    if "history" in saved:
        record.history = {
            name: [Version(value, at, source(given)) for value, at, given in versions]
            for name, versions in saved["history"].items()
        }
    return record
