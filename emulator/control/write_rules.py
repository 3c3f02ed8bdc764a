"""An account's rules for writes, as a control call sets them."""

from __future__ import annotations

from typing import Any

import falcon

from emulator.control.fields import Fields, Rejected
from emulator.control.resources import ControlResource, body_of
from emulator.crm.object_types import ObjectType
from emulator.crm.store import Crm
from emulator.crm.write_rules import Condition, KindRules
from emulator.errors import UnknownObjectType
from emulator.web.exchange import reply
from emulator.world import Emulator


class PortalWriteRules(ControlResource):
    """PUT replaces the rules of one kind of records."""

    def on_put(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        crm = self.portal(hub_id).crm
        fields = Fields(body_of(req), ("object_type", "required", "conditional"))
        with crm.lock:
            try:
                kind = crm.object_type(fields.text("object_type"))
            except UnknownObjectType as unknown:
                raise Rejected(f"object_type: {unknown}") from None
            required = tuple(fields.texts("required", []))
            given = enumerate(fields.items("conditional", []))
            rules = KindRules(required, tuple(_condition(each, place) for place, each in given))
            _check_names(crm, kind, rules)
            crm.write_rules.by_type[kind.type_id] = rules
        reply(
            resp, {"object_type": kind.type_id, "required": list(rules.required), "conditional": len(rules.conditional)}
        )


def _condition(given: Any, place: int) -> Condition:
    fields = Fields(given, ("property", "value", "require"), f"conditional[{place}]")
    return Condition(fields.text("property"), fields.text("value"), tuple(fields.texts("require")))


def _check_names(crm: Crm, kind: ObjectType, rules: KindRules) -> None:
    named = [*rules.required, *(name for each in rules.conditional for name in (each.property_name, *each.require))]
    for name in named:
        if crm.schema(kind).get(name) is None:
            raise Rejected(f"{kind.plural} have no property {name}")


def routes(emulator: Emulator) -> list[tuple[str, ControlResource]]:
    return [("/_emulator/portals/{hub_id}/write_rules", PortalWriteRules(emulator))]
