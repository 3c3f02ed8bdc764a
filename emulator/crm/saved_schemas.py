"""Custom objects as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from emulator.crm.catalog.shorthand import system
from emulator.crm.custom_objects import SCOPES
from emulator.crm.object_types import ObjectType
from emulator.crm.properties import Schema
from emulator.crm.schemas import CustomObject
from emulator.crm.store import Crm

Json = dict[str, Any]

_TUPLES = ("default_properties", "searchable", "needs_one_of", "needs_all_of", "belongs_by", "aliases")


def save_custom_object(custom: CustomObject) -> Json:
    """All custom objects have the same scopes."""
    kind = asdict(custom.kind)
    del kind["scopes"]
    return {**asdict(custom), "kind": kind}


def load_custom_object(crm: Crm, saved: Json) -> None:
    """Its properties come with its table."""
    given = saved["kind"]
    kind = ObjectType(**{**given, **{name: tuple(given[name]) for name in _TUPLES}, "scopes": SCOPES})
    custom = CustomObject(**{**saved, "kind": kind, "secondary": tuple(saved["secondary"])})
    if custom.archived_at is None:
        group = f"{kind.name}_information"
        crm.add_kind(kind, Schema(system(group, kind), [(group, f"{kind.title} information")]))
    crm.custom_objects[kind.type_id] = custom
