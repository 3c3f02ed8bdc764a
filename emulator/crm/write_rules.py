"""Rules that an account's admins set for what is written, which HubSpot enforces on its API from 2026-09 on.

developers.hubspot.com/changelog: "CRM API write validation enforcement", September 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from emulator.crm.object_types import ObjectType
from emulator.errors import InvalidInput


@dataclass(frozen=True)
class Condition:
    """When the property has the value, the others must have one."""

    property_name: str
    value: str
    require: tuple[str, ...]


@dataclass(frozen=True)
class KindRules:
    # The required fields of the "create record" form.
    required: tuple[str, ...] = ()
    conditional: tuple[Condition, ...] = ()


class WriteRules:
    """Read and changed under the portal's lock only, which also guards for whom they are enforced just now."""

    def __init__(self) -> None:
        self.by_type: dict[str, KindRules] = {}
        self._enforced = False

    @contextmanager
    def enforced(self, enforced: bool) -> Iterator[None]:
        """For the calls of one request."""
        self._enforced = enforced
        try:
            yield
        finally:
            self._enforced = False

    def check_new(self, kind: ObjectType, values: Mapping[str, str]) -> None:
        """Raises InvalidInput that names what is missing."""
        rules = self._rules(kind)
        missing = [name for name in rules.required if not values.get(name)]
        _refuse([*missing, *_unmet(rules, values, values)])

    def check_changed(self, kind: ObjectType, before: Mapping[str, str], changes: Mapping[str, str]) -> None:
        """Raises InvalidInput; rules about properties that the change does not touch do not matter."""
        _refuse(_unmet(self._rules(kind), {**before, **changes}, changes))

    def _rules(self, kind: ObjectType) -> KindRules:
        return self.by_type.get(kind.type_id, _NONE) if self._enforced else _NONE


_NONE = KindRules()


def _unmet(rules: KindRules, values: Mapping[str, str], touched: Mapping[str, str]) -> list[str]:
    return [
        name
        for rule in rules.conditional
        if values.get(rule.property_name) == rule.value
        and not touched.keys().isdisjoint({rule.property_name, *rule.require})
        for name in rule.require
        if not values.get(name)
    ]


def _refuse(missing: list[str]) -> None:
    if missing:
        names = list(dict.fromkeys(missing))
        errors = [
            {"message": f"{name} is required", "code": "REQUIRED_FIELD", "context": {"propertyName": [name]}}
            for name in names
        ]
        raise InvalidInput(f"Required properties were not set: {', '.join(names)}", errors=errors)
