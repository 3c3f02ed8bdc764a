"""Workflows as a control call describes them, and as a snapshot keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from emulator.control.fields import Fields, Rejected
from emulator.workflows.plans import (
    Action,
    ApiKey,
    CustomAction,
    Delay,
    FromEvent,
    FromOutput,
    FromProperty,
    Plan,
    PropertyTrigger,
    SendWebhook,
    SetProperty,
    Signature,
    Static,
    Trigger,
    Value,
    WebhookTrigger,
)
from emulator.workflows.wire import is_allowed_url

MOST_ACTIONS = 100

_FIELD_TYPES = ("string", "number", "boolean", "datetime")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")


def read_plan(body: Any) -> Plan:
    """Raises Rejected."""
    fields = Fields(body, ("id", "name", "object_type", "actions", "trigger", "enabled", "re_enroll"))
    actions = fields.items("actions")
    if not 1 <= len(actions) <= MOST_ACTIONS:
        raise Rejected(f"actions must be 1 to {MOST_ACTIONS}")
    trigger = _trigger(fields.mapping("trigger")) if "trigger" in fields else None
    plan = Plan(
        name=fields.text("name"),
        object_type=fields.text("object_type", "contact"),
        actions=tuple(_action(each, f"actions[{place}]") for place, each in enumerate(actions)),
        trigger=trigger,
        enabled=fields.boolean("enabled", True),
        re_enroll=fields.boolean("re_enroll", False),
        given={name: value for name, value in body.items() if name != "id"},
    )
    _check_references(plan)
    return plan


# -- values ------------------------------------------------------------------------------------------------------------


def _value(given: Any, where: str) -> Value:
    """A bare string is short for {"static": …}."""
    if isinstance(given, str):
        return Static(given)
    fields = Fields(given, ("static", "property", "output", "event"), where)
    kinds = [name for name in ("static", "property", "output", "event") if name in fields]
    if len(kinds) != 1:
        raise Rejected(f"{where} must have one of static, property, output, event")
    match kinds[0]:
        case "static":
            return Static(fields.text("static"))
        case "property":
            return FromProperty(fields.text("property"))
        case "event":
            return FromEvent(fields.text("event"))
    output = Fields(fields.mapping("output"), ("action", "field"), f"{where}.output")
    return FromOutput(output.whole("action", low=1, high=MOST_ACTIONS), output.text("field"))


def _values(given: dict[str, Any], where: str) -> dict[str, Value]:
    return {name: _value(each, f"{where}.{name}") for name, each in given.items()}


def _used_by(action: Action) -> Iterable[Value]:
    match action:
        case SendWebhook(body=body):
            return (body or {}).values()
        case CustomAction(input_fields=fields):
            return fields.values()
        case SetProperty(value=value):
            return [value]
    return []


def _check_references(plan: Plan) -> None:
    """Outputs come from earlier actions, event fields from a webhook that enrols."""
    known = plan.trigger.fields if isinstance(plan.trigger, WebhookTrigger) else {}
    for place, action in enumerate(plan.actions):
        for value in _used_by(action):
            if isinstance(value, FromOutput) and value.action > place:
                raise Rejected(f"actions[{place}]: action {value.action} does not come before it")
            if isinstance(value, FromEvent) and value.field not in known:
                raise Rejected(f"actions[{place}]: the trigger has no field {value.field}")


# -- actions -----------------------------------------------------------------------------------------------------------


def _action(given: Any, where: str) -> Action:
    kind = given.get("type") if isinstance(given, dict) else None
    reader = _ACTIONS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise Rejected(f"{where}.type must be one of {', '.join(_ACTIONS)}")
    action: Action = reader(given, where)
    return action


def _send_webhook(given: Any, where: str) -> Action:
    fields = Fields(given, ("type", "method", "url", "auth", "body"), where)
    url = fields.text("url")
    if not is_allowed_url(url):
        raise Rejected(f"{fields.name('url')} must be https, or http near by")
    body = fields.raw("body", "all_properties")
    if body == "all_properties":
        values = None
    elif isinstance(body, dict):
        values = _values(body, fields.name("body"))
    else:
        raise Rejected(f"{fields.name('body')} must be all_properties or an object")
    auth = _auth(fields.mapping("auth"), fields.name("auth")) if "auth" in fields else None
    return SendWebhook(fields.choice("method", ("POST", "GET"), "POST"), url, auth, values)


def _auth(given: Any, where: str) -> Signature | ApiKey | None:
    fields = Fields(given, ("type", "app_id", "name", "location", "value", "secret_name"), where)
    match fields.choice("type", ("none", "signature", "api_key")):
        case "none":
            return None
        case "signature":
            return Signature(fields.whole("app_id", low=1))
    location = fields.choice("location", ("query", "header"))
    name, value = fields.text("name"), fields.text("value")
    if location == "header" and not (_HEADER_NAME.fullmatch(name) and value.isascii() and value.isprintable()):
        raise Rejected(f"{where}: name and value must be fit for a header")
    return ApiKey(name, location, value, fields.text("secret_name", "API_KEY"))


def _custom_action(given: Any, where: str) -> Action:
    fields = Fields(given, ("type", "definition_id", "input_fields"), where)
    inputs = _values(fields.mapping("input_fields", {}), fields.name("input_fields"))
    return CustomAction(fields.whole("definition_id", low=1), inputs)


def _set_property(given: Any, where: str) -> Action:
    fields = Fields(given, ("type", "property", "value"), where)
    return SetProperty(fields.text("property"), _value(fields.raw("value"), fields.name("value")))


def _delay(given: Any, where: str) -> Action:
    fields = Fields(given, ("type", "delay_s"), where)
    return Delay(fields.amount("delay_s", high=1e9))


_ACTIONS: dict[str, Any] = {
    "send_webhook": _send_webhook,
    "custom_action": _custom_action,
    "set_property": _set_property,
    "delay": _delay,
}


# -- triggers ----------------------------------------------------------------------------------------------------------


def _trigger(given: Any) -> Trigger:
    kind = given.get("type")
    if kind == "property":
        fields = Fields(given, ("type", "property", "values"), "trigger")
        return PropertyTrigger(fields.text("property"), fields.texts("values", []))
    if kind != "webhook":
        raise Rejected("trigger.type must be property or webhook")
    fields = Fields(given, ("type", "match", "fields"), "trigger")
    match = Fields(fields.mapping("match"), ("field", "property"), "trigger.match")
    types = fields.mapping("fields", {})
    named = Fields(types, types, "trigger.fields")
    known = {name: named.choice(name, _FIELD_TYPES) for name in types}
    field = match.text("field")
    return WebhookTrigger(field, match.text("property", "email"), {field: "string"} | known)
