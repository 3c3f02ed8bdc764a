"""Workflows through the API: v4's flows, the list before it, and the addresses that enrol by webhook."""

from __future__ import annotations

from typing import Any

import falcon

from emulator.errors import InvalidInput, ResourceNotFound
from emulator.instants import iso
from emulator.limits import Meter
from emulator.portals import Portal
from emulator.web.exchange import json_object, member, next_page, number, reply
from emulator.web.gate import ApiResource, Caller, call_of
from emulator.web.versions import V4
from emulator.workflows.plans import WebhookTrigger, Workflow
from emulator.workflows.shown import flow, flow_listing, legacy_detail, legacy_listing
from emulator.world import Emulator

Json = dict[str, Any]

LARGEST_PAGE = 100
CONTACT_TYPE = "0-1"


class FlowResource(ApiResource):
    def allowed(self, req: falcon.Request) -> Caller:
        caller = self.caller(req)
        caller.require(["automation"])
        return caller

    def workflows(self, portal: Portal) -> list[Workflow]:
        room = self.emulator.workflows
        with room.changed:
            return sorted(room.book.of_portal(portal.hub_id), key=lambda each: each.id)

    def named(self, portal: Portal, text: str) -> Workflow:
        """Raises ResourceNotFound."""
        found = next((each for each in self.workflows(portal) if str(each.id) == text), None)
        if found is None:
            raise ResourceNotFound(f"Flow with id {text[:50]} not found")
        return found

    def shown(self, workflow: Workflow) -> Json:
        room = self.emulator.workflows
        with room.changed:
            return flow(workflow, room.definitions)


class FlowList(FlowResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.allowed(req).portal
        limit, after = number(req, "limit", LARGEST_PAGE, 1, LARGEST_PAGE), number(req, "after", 0, 0, 10**17)
        found = [each for each in self.workflows(portal) if each.id > after]
        answer: Json = {"results": [flow_listing(each) for each in found[:limit]]}
        if len(found) > limit:
            answer["paging"] = next_page(req, str(found[limit - 1].id))
        reply(resp, answer)


class FlowItem(FlowResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, flow_id: str) -> None:
        reply(resp, self.shown(self.named(self.allowed(req).portal, flow_id)))


class FlowBatchRead(FlowResource):
    """Ids that lead nowhere are told together, in a 207."""

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.allowed(req).portal
        started = iso(self.now())
        wanted = [_coordinate(each, ("FLOW_ID",)) for each in member(json_object(req), "inputs", list, [])]
        known = {str(each.id): each for each in self.workflows(portal)}
        results = [self.shown(known[text]) for _, text in wanted if text in known]
        lost = [text for _, text in wanted if text not in known]
        _reply_batch(resp, results, lost, "flow", started, iso(self.now()))


class IdMappings(FlowResource):
    """From v3's numbers to v4's and back."""

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.allowed(req).portal
        started = iso(self.now())
        kinds = ("FLOW_ID", "WORKFLOW_ID")
        wanted = [_coordinate(each, kinds) for each in member(json_object(req), "inputs", list, [])]
        found = self.workflows(portal)
        known = {("FLOW_ID", str(each.id)): each for each in found}
        known |= {("WORKFLOW_ID", str(each.legacy_id)): each for each in found if each.type_id == CONTACT_TYPE}
        matched = [known[each] for each in wanted if each in known]
        results = [{"flowId": each.id, "workflowId": each.legacy_id} for each in matched]
        lost = [text for kind, text in wanted if (kind, text) not in known]
        _reply_batch(resp, results, lost, "workflow", started, iso(self.now()))


def _coordinate(given: Any, kinds: tuple[str, ...]) -> tuple[str, str]:
    kind = member(given, "type", str, "FLOW_ID")
    if kind not in kinds:
        raise InvalidInput(f"Invalid value for type: {kind[:50]}. Must be one of {', '.join(kinds)}")
    name = "flowId" if kind == "FLOW_ID" else "workflowId"
    value = given.get(name) if isinstance(given, dict) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidInput(f"Some required fields were not set: [{name}]")
    return kind, str(value)


def _reply_batch(
    resp: falcon.Response, results: list[Json], lost: list[str], noun: str, started: str, completed: str
) -> None:
    answer: Json = {"status": "COMPLETE", "results": results}
    if lost:
        error = {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": f"Could not find some {noun} ids",
            "context": {"ids": lost},
        }
        answer |= {"numErrors": 1, "errors": [error]}
    answer |= {"requestedAt": started, "startedAt": started, "completedAt": completed}
    reply(resp, answer, 207 if lost else 200)


class LegacyList(FlowResource):
    """v3 knows workflows of contacts only, and does not page."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.allowed(req).portal
        found = [each for each in self.workflows(portal) if each.type_id == CONTACT_TYPE]
        reply(resp, {"workflows": [legacy_listing(portal, each) for each in found]})


class LegacyItem(FlowResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, workflow_id: str) -> None:
        portal = self.allowed(req).portal
        for each in self.workflows(portal):
            if each.type_id == CONTACT_TYPE and workflow_id in (str(each.legacy_id), str(each.id)):
                reply(resp, legacy_detail(portal, each))
                return
        raise ResourceNotFound(f"Workflow with id {workflow_id[:50]} not found")


class WebhookTriggers(ApiResource):
    """The address is the secret. 202 whether or not there is such a record."""

    meter = Meter.NONE

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str, token: str) -> None:
        portal = self.emulator.portals.get(int(hub_id)) if hub_id.isdecimal() and len(hub_id) < 18 else None
        workflow = self.emulator.workflows.book.behind(portal.hub_id, token) if portal else None
        if portal is None or workflow is None:
            raise ResourceNotFound
        call_of(req).hub_id = portal.hub_id
        body = json_object(req)
        trigger = workflow.plan.trigger
        assert isinstance(trigger, WebhookTrigger)
        record_id = _match(portal, workflow.type_id, trigger, body)
        if record_id is not None:
            self.emulator.workflows.enroll(workflow, record_id, _event(trigger, body))
        reply(resp, {"id": call_of(req).correlation_id}, 202)


def _match(portal: Portal, type_id: str, trigger: WebhookTrigger, body: Json) -> int | None:
    value = body.get(trigger.match_field)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    with portal.crm.lock:
        table = portal.crm.tables.get(type_id)
        return table.holder(trigger.match_property, str(value)) if table is not None else None


def _event(trigger: WebhookTrigger, body: Json) -> dict[str, str]:
    """The mapped fields that are there and of the type they were mapped as."""
    event = {name: _mapped(kind, body.get(name)) for name, kind in trigger.fields.items()}
    return {name: value for name, value in event.items() if value is not None}


def _mapped(kind: str, value: Any) -> str | None:
    match kind, value:
        case "boolean", bool():
            return str(value).lower()
        case _, bool():
            return None
        case (("string" | "datetime"), (str() | int() | float())):
            return str(value)
        case "number", (int() | float()):
            return str(value)
        case "number", str() if _is_number(value):
            return value
    return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def routes(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    found: list[tuple[str, ApiResource]] = []
    for base in ("/automation/v4", "/automation/2026-09-beta"):
        found += [
            (f"{base}/flows", FlowList(emulator, V4)),
            (f"{base}/flows/batch/read", FlowBatchRead(emulator, V4)),
            (f"{base}/flows/{{flow_id}}", FlowItem(emulator, V4)),
            (f"{base}/workflow-id-mappings/batch/read", IdMappings(emulator, V4)),
        ]
    return [
        *found,
        ("/automation/v4/webhook-triggers/{hub_id}/{token}", WebhookTriggers(emulator, V4)),
        ("/automation/v3/workflows", LegacyList(emulator)),
        ("/automation/v3/workflows/{workflow_id}", LegacyItem(emulator)),
    ]
