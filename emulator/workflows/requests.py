"""What goes over the wire: the requests of actions and of option fetches, signed anew each time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from emulator.clock import wall_ms
from emulator.crm.object_types import ObjectType
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.oauth.apps import App
from emulator.webhooks.signatures import sign_v2, sign_v3
from emulator.workflows.definitions import Definition
from emulator.workflows.plans import ApiKey, FromEvent, FromOutput, FromProperty, SendWebhook, Static, Value
from emulator.workflows.records import all_properties, text_of, whole_record
from emulator.workflows.runs import Run
from emulator.workflows.wire import Outgoing

Json = dict[str, Any]

# As receivers report it.
USER_AGENT = "HubSpot Connect 2.0 (http://dev.hubspot.com/) - AutomationActionsExecutionService-web"


@dataclass(frozen=True)
class Timeouts:
    """knowledge.hubspot.com/workflows/how-do-i-use-webhooks-with-hubspot-workflows"""

    connect_s: float = 3.0
    response_s: float = 30.0


@dataclass(frozen=True)
class Sight:
    """What an action sees of its record. Made and used under the portal's lock."""

    crm: Crm
    kind: ObjectType
    record: Record
    run: Run

    def resolve(self, value: Value) -> str | None:
        match value:
            case Static(text=text):
                return text
            case FromProperty(name=name):
                return text_of(self.crm, self.kind, self.record, name) or None
            case FromOutput(action=action, field=field):
                return self.run.outputs.get(action, {}).get(field)
            case FromEvent(field=field):
                return self.run.event.get(field)


def webhook_request(action: SendWebhook, sight: Sight, signer: App | None, timeouts: Timeouts) -> Outgoing:
    custom = None if action.body is None else {name: sight.resolve(each) for name, each in action.body.items()}
    headers = _plain_headers()
    query: list[tuple[str, str]] = []
    body = b""
    if action.method == "GET":
        values = all_properties(sight.crm, sight.kind, sight.record) if custom is None else custom
        query += [(name, value or "") for name, value in values.items()]
    else:
        body = encode(whole_record(sight.crm, sight.kind, sight.record) if custom is None else custom)
    if isinstance(action.auth, ApiKey) and action.auth.location == "query":
        query.append((action.auth.name, action.auth.value))
    elif isinstance(action.auth, ApiKey):
        headers[action.auth.name] = action.auth.value
    return _outgoing(action.method, _with_query(action.url, query), headers, body, signer, timeouts)


def execution_request(
    definition: Definition, inputs: Mapping[str, Value], sight: Sight, signer: App, timeouts: Timeouts
) -> Outgoing:
    """developers.hubspot.com/docs/api/automation/custom-workflow-actions#execution"""
    run = sight.run
    values = {name: sight.resolve(each) for name, each in inputs.items()}
    body: Json = {
        "callbackId": run.callback_id,
        "origin": origin(run.hub_id, definition),
        "context": {"source": "WORKFLOWS", "workflowId": run.workflow_id},
        "object": _object(definition, sight),
        "inputFields": {name: value for name, value in values.items() if value is not None},
    }
    url = definition.latest.body["actionUrl"]
    return _outgoing("POST", url, _plain_headers(), encode(body), signer, timeouts)


def _object(definition: Definition, sight: Sight) -> Json:
    shown: Json = {"objectId": sight.record.id, "objectType": sight.kind.constant}
    wanted = definition.latest.body.get("objectRequestOptions", {}).get("properties", [])
    if wanted:
        values = {name: text_of(sight.crm, sight.kind, sight.record, name) for name in wanted}
        shown["properties"] = {name: value for name, value in values.items() if value}
    return shown


def options_request(url: str, body: Json, signer: App, timeouts: Timeouts) -> Outgoing:
    return _outgoing("POST", url, _plain_headers(), encode(body), signer, timeouts)


def origin(hub_id: int, definition: Definition) -> Json:
    return {
        "portalId": hub_id,
        "actionDefinitionId": definition.id,
        "actionDefinitionVersion": definition.latest.number,
    }


def encode(body: Any) -> bytes:
    """Compact, and in UTF-8 but for lone surrogates, which only an escape can carry."""
    try:
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":")).encode()


def _plain_headers() -> dict[str, str]:
    return {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": USER_AGENT}


def _with_query(url: str, query: list[tuple[str, str]]) -> str:
    """What the address asks for already stays as it is written."""
    if not query:
        return url
    parts = urlsplit(url)
    added = urlencode(query, errors="replace")
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


def _outgoing(
    method: str, url: str, headers: dict[str, str], body: bytes, signer: App | None, timeouts: Timeouts
) -> Outgoing:
    if signer is not None:
        headers |= _signatures(signer.client_secret, method, url, body)
    return Outgoing(method, url, headers, body, timeouts.connect_s, timeouts.response_s)


def _signatures(secret: str, method: str, url: str, body: bytes) -> dict[str, str]:
    """Documented is v2; v3 has been sent beside the older versions since 2021."""
    now = wall_ms()
    return {
        "X-HubSpot-Request-Timestamp": str(now),
        "X-HubSpot-Signature": sign_v2(secret, method, url, body),
        "X-HubSpot-Signature-Version": "v2",
        "X-HubSpot-Signature-v3": sign_v3(secret, method, url, body, now),
    }
