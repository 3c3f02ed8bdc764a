"""Property values as v1 and v2 wrap them: each with its time and source, dates in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emulator.crm.object_types import ObjectType
from emulator.crm.properties import Property
from emulator.crm.records import Record, Source, Version
from emulator.crm.store import Crm
from emulator.instants import parse_date, parse_instant

_CALCULATED = Source("CALCULATED", "")


def in_ms(definition: Property, text: str) -> str:
    try:
        if definition.type == "datetime":
            return str(parse_instant(text))
        if definition.type == "date":
            return str(parse_date(text))
    except ValueError:
        pass  # A value from before the property had this type is shown as it is.
    return text


class Values:
    """The values of one kind's records, newest version first."""

    def __init__(self, crm: Crm, kind: ObjectType) -> None:
        self._kind = kind
        self._schema = crm.schema(kind)
        self._derived = crm.derived(kind)

    def valued(self, record: Record) -> list[str]:
        """The names of all properties that the record has a value for."""
        values = record.values
        stored = [name for name, value in values.items() if value and self._schema.get(name) is not None]
        return stored + [name for name, derive in self._derived.items() if name not in values and derive(record)]

    def versions(self, record: Record, name: str) -> list[Version]:
        """Empty for a property that is unknown, or that never had a value."""
        definition = self._schema.get(name)
        if definition is None:
            return []
        stored = record.versions(name)
        if not stored:
            stored = self._computed(record, name)
        return [version._replace(value=in_ms(definition, version.value)) for version in stored]

    def _computed(self, record: Record, name: str) -> list[Version]:
        value = self._derived[name](record) if name in self._derived else None
        if not value:
            return []
        at = record.updated_at if name == self._kind.modified_property else record.created_at
        return [Version(value, at, _CALCULATED)]


def wrapped(values: Values, record: Record, names: Iterable[str], history: Iterable[str]) -> dict[str, Any]:
    """Properties as companies v2, deals v1 and tickets v1 show them; names without a value are left out."""
    full = set(history)
    shown: dict[str, Any] = {}
    for name in sorted({*names, *full}):
        versions = values.versions(record, name)
        if versions and (versions[0].value or name in full):
            shown[name] = _wrap(name, versions if name in full else versions[:1])
    return shown


def _wrap(name: str, versions: list[Version]) -> dict[str, Any]:
    newest = versions[0]
    return {
        "value": newest.value,
        "timestamp": newest.at,
        "source": newest.source.type,
        "sourceId": newest.source.id or None,
        "versions": [_version(name, version) for version in versions],
    }


def _version(name: str, version: Version) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": name,
        "value": version.value,
        "timestamp": version.at,
        "source": version.source.type,
        "sourceVid": [],
    }
    if version.source.id:
        row["sourceId"] = version.source.id
    if version.source.user_id is not None:
        row["updatedByUserId"] = version.source.user_id
    return row
