"""The control API of workflows: define, enrol, look; and option fetches."""

from __future__ import annotations

import json
from typing import Any

import falcon

from emulator.control.fields import Fields, Rejected
from emulator.control.resources import ControlResource, body_of, rows_since
from emulator.errors import HubSpotError
from emulator.ids import id_of
from emulator.portals import Portal
from emulator.web.exchange import no_content, reply
from emulator.workflows.definitions import Definition
from emulator.workflows.executions import Execution
from emulator.workflows.options import OptionFetch, fetch_options
from emulator.workflows.plans import (
    CustomAction,
    FromProperty,
    Plan,
    PropertyTrigger,
    SendWebhook,
    SetProperty,
    Signature,
    Static,
    Value,
    WebhookTrigger,
    Workflow,
)
from emulator.workflows.reading import read_plan
from emulator.world import Emulator

Json = dict[str, Any]


class WorkflowResource(ControlResource):
    def workflow(self, portal: Portal, text: str) -> Workflow:
        """Raises Rejected."""
        found = self.emulator.workflows.book.workflows.get(id_of(text) or 0)
        if found is None or found.hub_id != portal.hub_id:
            raise Rejected(f"portal {portal.hub_id} has no workflow {text}")
        return found

    def shown(self, portal: Portal, workflow: Workflow) -> Json:
        answer: Json = {
            "id": workflow.id,
            "name": workflow.plan.name,
            "object_type_id": workflow.type_id,
            "enabled": workflow.plan.enabled,
            "revision": workflow.revision,
            "active": len(workflow.active),
            "enrolled": len(workflow.enrolled),
            "completed": workflow.completed,
        }
        if workflow.token and isinstance(workflow.plan.trigger, WebhookTrigger):
            host = self.emulator.options.origins[portal.hublet]
            path = f"/automation/v4/webhook-triggers/{portal.hub_id}/{workflow.token}"
            answer["webhook_trigger"] = {"id": workflow.token, "url": host + path}
        return answer

    def definition(self, definition_id: int) -> Definition:
        """Raises Rejected."""
        found = self.emulator.workflows.definitions.by_id.get(definition_id)
        if found is None or found.archived_at is not None:
            raise Rejected(f"there is no custom action {definition_id}")
        return found


class WorkflowList(WorkflowResource):
    """POST with the id of a workflow gives it another plan."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal = self.portal(hub_id)
        found = self.emulator.workflows.book.of_portal(portal.hub_id)
        reply(resp, {"items": [self.shown(portal, each) for each in found]})

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal = self.portal(hub_id)
        body = body_of(req)
        plan = read_plan(body)
        before = self.workflow(portal, str(body["id"])) if body.get("id") is not None else None
        kind_id = _kind_id(portal, plan.object_type)
        if before is not None and before.type_id != kind_id:
            raise Rejected(f"workflow {before.id} is about another kind of record")
        self._check(portal, plan, kind_id, before)
        made = self.emulator.workflows.define(portal, plan, before)
        reply(resp, self.shown(portal, made), 200 if before else 201)

    def _check(self, portal: Portal, plan: Plan, kind_id: str, before: Workflow | None) -> None:
        """Whatever a workflow names must be there.

        Raises Rejected.
        """
        names = {value.name for action in plan.actions for value in _values(action) if isinstance(value, FromProperty)}
        names |= {action.name for action in plan.actions if isinstance(action, SetProperty)}
        if isinstance(plan.trigger, PropertyTrigger):
            names.add(plan.trigger.name)
        with portal.crm.lock:
            kind = portal.crm.object_type(kind_id)
            unknown = sorted(name for name in names if portal.crm.schema(kind).get(name) is None)
            unique = portal.crm.table(kind).unique
            if unknown:
                raise Rejected(f"{kind.name} has no property {unknown[0]}")
            if isinstance(plan.trigger, WebhookTrigger) and plan.trigger.match_property not in unique:
                raise Rejected(f"trigger.match.property: {plan.trigger.match_property} is not a unique property")
        used = {
            each.definition_id for each in (before.plan.actions if before else ()) if isinstance(each, CustomAction)
        }
        for action in plan.actions:
            if isinstance(action, SendWebhook) and isinstance(action.auth, Signature):
                if self.emulator.workflows.app(action.auth.app_id) is None:
                    raise Rejected(f"there is no app {action.auth.app_id}")
            elif isinstance(action, CustomAction):
                self._check_custom(portal, action, kind_id, known=action.definition_id in used)

    def _check_custom(self, portal: Portal, action: CustomAction, kind_id: str, *, known: bool) -> None:
        """An unpublished action stays where it is used, but is not offered again."""
        definition = self.definition(action.definition_id)
        app = self.emulator.workflows.app(definition.app_id)
        if app is None or self.emulator.grants.install(app.client_id, portal.hub_id) is None:
            raise Rejected(f"app {definition.app_id} of custom action {definition.id} is not installed")
        if not definition.published and not known:
            raise Rejected(f"custom action {definition.id} is not published")
        with portal.crm.lock:
            kind = portal.crm.object_type(kind_id)
        if not definition.is_for(*kind.names):
            raise Rejected(f"custom action {definition.id} is not for {kind.plural}")
        _check_inputs(definition, action)


def _kind_id(portal: Portal, name: str) -> str:
    try:
        with portal.crm.lock:
            return portal.crm.object_type(name).type_id
    except HubSpotError as unknown:
        raise Rejected(f"object_type: {unknown}") from None


def _values(action: object) -> list[Value]:
    match action:
        case SendWebhook(body=body):
            return list((body or {}).values())
        case CustomAction(input_fields=inputs):
            return list(inputs.values())
        case SetProperty(value=value):
            return [value]
    return []


def _check_inputs(definition: Definition, action: CustomAction) -> None:
    fields = definition.latest.fields
    for name in fields:
        if fields[name]["isRequired"] and name not in action.input_fields:
            raise Rejected(f"custom action {definition.id} needs the input {name}")
    for name, value in action.input_fields.items():
        if name not in fields:
            raise Rejected(f"custom action {definition.id} has no input {name}")
        kind = "STATIC_VALUE" if isinstance(value, Static) else "OBJECT_PROPERTY"
        if kind not in fields[name].get("supportedValueTypes", [kind]):
            raise Rejected(f"input {name} does not take {kind}")
        options = [option["value"] for option in fields[name]["typeDefinition"]["options"]]
        if isinstance(value, Static) and options and value.text not in options:
            raise Rejected(f"input {name} must be one of {', '.join(options)}")


class WorkflowItem(WorkflowResource):
    def on_get(self, _req: falcon.Request, resp: falcon.Response, hub_id: str, workflow_id: str) -> None:
        portal = self.portal(hub_id)
        workflow = self.workflow(portal, workflow_id)
        reply(resp, {**self.shown(portal, workflow), "plan": workflow.plan.given})

    def on_delete(self, _req: falcon.Request, resp: falcon.Response, hub_id: str, workflow_id: str) -> None:
        """Records on the way leave it where they are."""
        self.emulator.workflows.remove(self.workflow(self.portal(hub_id), workflow_id))
        no_content(resp)


class Enrollments(WorkflowResource):
    """What a user does in HubSpot: enrol these records now."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str, workflow_id: str) -> None:
        portal = self.portal(hub_id)
        workflow = self.workflow(portal, workflow_id)
        fields = Fields(body_of(req), ("object_type", "ids"))
        if "object_type" in fields and _kind_id(portal, fields.text("object_type")) != workflow.type_id:
            raise Rejected(f"workflow {workflow.id} is about another kind of record")
        enrolled: list[str] = []
        skipped: list[Json] = []
        for given in fields.items("ids"):
            reason = self._enroll(portal, workflow, str(given))
            if reason is None:
                enrolled.append(str(given))
            else:
                skipped.append({"id": str(given), "reason": reason})
        reply(resp, {"enrolled": enrolled, "skipped": skipped})

    def _enroll(self, portal: Portal, workflow: Workflow, text: str) -> str | None:
        with portal.crm.lock:
            table = portal.crm.table(portal.crm.object_type(workflow.type_id))
            number = table.resolve(id_of(text) or -1)
            if table.live_record(number) is None:
                return "there is no such record"
        return self.emulator.workflows.enroll(workflow, number, manual=True)


class OptionFetches(WorkflowResource):
    """What HubSpot does while somebody configures a custom action in a workflow."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal = self.portal(hub_id)
        names = ("definition_id", "input_field", "object_type", "input_fields", "q", "after")
        fields = Fields(body_of(req), names)
        definition = self.definition(fields.whole("definition_id", low=1))
        app = self.emulator.workflows.app(definition.app_id)
        if app is None or self.emulator.grants.install(app.client_id, portal.hub_id) is None:
            raise Rejected(f"app {definition.app_id} is not installed")
        if fields.text("input_field") not in definition.latest.fields:
            raise Rejected(f"custom action {definition.id} has no input {fields.text('input_field')}")
        wanted = OptionFetch(
            portal.hub_id,
            definition,
            app,
            _kind_id(portal, fields.text("object_type", "contact")),
            fields.text("input_field"),
            _filled_in(fields.mapping("input_fields", {})),
            fields.optional_text("q"),
            fields.optional_text("after"),
        )
        if wanted.url is None:
            raise Rejected(f"input {wanted.input_field} has no optionsUrl")
        reply(resp, fetch_options(self.emulator.workflows, wanted, self.emulator.clock.now_ms()))


def _filled_in(given: Json) -> Json:
    """`"blue"` or {"static": "blue"}, and {"property": "widget_name"}, in HubSpot's words."""
    shown: Json = {}
    for name, value in given.items():
        fields = Fields({"static": value} if isinstance(value, str) else value, ("static", "property"), name)
        if "property" in fields:
            shown[name] = {"type": "OBJECT_PROPERTY", "propertyName": fields.text("property")}
        else:
            shown[name] = {"type": "STATIC_VALUE", "value": fields.text("static")}
    return shown


class Executions(ControlResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        rows: list[Execution]
        rows, following = rows_since(req, self.emulator.workflows.ledger)
        reply(resp, {"items": [execution_json(row) for row in rows], "next": following})


def execution_json(row: Execution) -> Json:
    shown: Json = row._asdict() | {"outputs": dict(row.outputs), "headers": dict(row.headers)}
    shown["body"] = _shown_body(row.body)
    shown["answer"] = row.answer.decode("utf-8", "replace")
    return shown


def _shown_body(body: bytes) -> Any:
    return json.loads(body) if body else None


def routes(emulator: Emulator) -> list[tuple[str, ControlResource]]:
    portal = "/_emulator/portals/{hub_id}"
    return [
        (f"{portal}/workflows", WorkflowList(emulator)),
        (f"{portal}/workflows/{{workflow_id}}", WorkflowItem(emulator)),
        (f"{portal}/workflows/{{workflow_id}}/enroll", Enrollments(emulator)),
        (f"{portal}/option_fetches", OptionFetches(emulator)),
        ("/_emulator/workflow_executions", Executions(emulator)),
    ]
