"""Custom workflow actions: definitions, functions, revisions, and the completion of blocked executions.

/automation/v4/actions/{appId} and /automation/actions/{date}/{appId}.
"""

from __future__ import annotations

from typing import Any

import falcon

from emulator.errors import InvalidInput, ResourceNotFound
from emulator.oauth.apps import App
from emulator.web.developers import READ, WRITE, DeveloperResource
from emulator.web.exchange import flag, json_object, member, next_page, no_content, number, raw_body, reply
from emulator.web.gate import ApiResource
from emulator.web.versions import DATED, V4
from emulator.workflows.action_fields import function_type, read_definition, read_patch
from emulator.workflows.definitions import Definition, Definitions, identifier
from emulator.world import Emulator

Json = dict[str, Any]

LARGEST_PAGE = 100
LARGEST_BATCH = 100


class DefinitionResource(DeveloperResource):
    @property
    def definitions(self) -> Definitions:
        return self.emulator.workflows.definitions

    def readable(self, req: falcon.Request, app_id: str, definition_id: str) -> Definition:
        app = self.developers_app(req, app_id, READ)
        return self.definitions.find(app.app_id, definition_id)

    def writable(self, req: falcon.Request, app_id: str, definition_id: str) -> Definition:
        app = self.developers_app(req, app_id, WRITE)
        return self.definitions.find(app.app_id, definition_id)


def _page(req: falcon.Request, rows: list[tuple[int, Json]]) -> Json:
    """Rows in the order of their numbers."""
    limit, after = number(req, "limit", LARGEST_PAGE, 1, LARGEST_PAGE), number(req, "after", 0, 0, 10**17)
    found = [row for row in rows if row[0] > after]
    answer: Json = {"results": [shown for _, shown in found[:limit]]}
    if len(found) > limit:
        answer["paging"] = next_page(req, str(found[limit - 1][0]))
    return answer


class DefinitionList(DefinitionResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        app = self.developers_app(req, app_id, READ)
        with self.emulator.lock:
            found = self.definitions.of_app(app.app_id, archived=flag(req, "archived"))
            rows = [(each.id, each.as_json()) for each in sorted(found, key=lambda each: each.id)]
        reply(resp, _page(req, rows))

    def on_post(self, req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        app = self.developers_app(req, app_id, WRITE)
        body, functions = read_definition(json_object(req))
        with self.emulator.lock:
            made = self.definitions.create(app.app_id, body, functions, self.now())
            reply(resp, made.as_json(), 201)


class DefinitionItem(DefinitionResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, app_id: str, definition_id: str) -> None:
        app = self.developers_app(req, app_id, READ)
        with self.emulator.lock:
            found = self.definitions.find(app.app_id, definition_id, archived=flag(req, "archived"))
            reply(resp, found.as_json())

    def on_patch(self, req: falcon.Request, resp: falcon.Response, app_id: str, definition_id: str) -> None:
        """Every change makes a revision; executions use the latest."""
        definition = self.writable(req, app_id, definition_id)
        body = json_object(req)
        with self.emulator.lock:
            self.definitions.update(definition, read_patch(definition.latest.body, body), self.now())
            reply(resp, definition.as_json())

    def on_delete(self, req: falcon.Request, resp: falcon.Response, app_id: str, definition_id: str) -> None:
        definition = self.writable(req, app_id, definition_id)
        with self.emulator.lock:
            definition.archived_at = self.now()
        no_content(resp)


class RequiresObject(DefinitionResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, app_id: str, definition_id: str) -> None:
        reply(resp, {"requiresObject": self.readable(req, app_id, definition_id).requires_object})

    def on_post(self, req: falcon.Request, resp: falcon.Response, app_id: str, definition_id: str) -> None:
        definition = self.writable(req, app_id, definition_id)
        value = member(json_object(req), "requiresObject", bool)
        if value is None:
            raise InvalidInput("Some required fields were not set: [requiresObject]")
        with self.emulator.lock:
            definition.requires_object = value
        no_content(resp)


class RevisionList(DefinitionResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, app_id: str, definition_id: str) -> None:
        definition = self.readable(req, app_id, definition_id)
        with self.emulator.lock:
            rows = [(each.number, definition.revision_json(each)) for each in definition.revisions]
        reply(resp, _page(req, rows))


class RevisionItem(DefinitionResource):
    def on_get(
        self, req: falcon.Request, resp: falcon.Response, app_id: str, definition_id: str, revision_id: str
    ) -> None:
        definition = self.readable(req, app_id, definition_id)
        with self.emulator.lock:
            found = next((each for each in definition.revisions if str(each.number) == revision_id), None)
            if found is None:
                raise ResourceNotFound(f"No revision with id {revision_id[:50]} exists")
            reply(resp, definition.revision_json(found))


class FunctionList(DefinitionResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, app_id: str, definition_id: str) -> None:
        definition = self.readable(req, app_id, definition_id)
        with self.emulator.lock:
            reply(resp, {"results": [identifier(*key) for key in definition.functions]})


class FunctionItem(DefinitionResource):
    """Kept and shown, but not run: that would take HubSpot's JavaScript runtime."""

    def on_get(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        app_id: str,
        definition_id: str,
        kind: str,
        function_id: str = "",
    ) -> None:
        definition = self.readable(req, app_id, definition_id)
        source = definition.functions.get((function_type(kind), function_id))
        if source is None:
            raise ResourceNotFound(f"No function of type {kind} exists")
        reply(resp, {"functionSource": source, **identifier(kind, function_id)})

    def on_put(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        app_id: str,
        definition_id: str,
        kind: str,
        function_id: str = "",
    ) -> None:
        definition = self.writable(req, app_id, definition_id)
        source = raw_body(req).decode("utf-8", "replace")
        if not source.strip():
            raise InvalidInput("The function source must not be empty")
        with self.emulator.lock:
            definition.functions[(function_type(kind), function_id)] = source
        reply(resp, identifier(kind, function_id))

    def on_delete(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        app_id: str,
        definition_id: str,
        kind: str,
        function_id: str = "",
    ) -> None:
        definition = self.writable(req, app_id, definition_id)
        with self.emulator.lock:
            if definition.functions.pop((function_type(kind), function_id), None) is None:
                raise ResourceNotFound(f"No function of type {kind} exists")
        no_content(resp)


class CallbackResource(ApiResource):
    """With a token of the app, for the account whose workflow waits."""

    def app(self, req: falcon.Request) -> tuple[App | None, int]:
        caller = self.caller(req)
        caller.require(["automation"])
        return self.emulator.apps.get(caller.token.client_id), caller.portal.hub_id

    def complete(self, req: falcon.Request, completions: list[tuple[str, Json]]) -> None:
        app, hub_id = self.app(req)
        self.emulator.workflows.complete(app.app_id if app else 0, hub_id, completions)


class Completion(CallbackResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response, callback_id: str) -> None:
        self.app(req)
        self.complete(req, [(callback_id, _outputs(json_object(req)))])
        no_content(resp)


class BatchCompletion(CallbackResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.app(req)
        inputs = member(json_object(req), "inputs", list, [])
        if len(inputs) > LARGEST_BATCH:
            raise InvalidInput(f"The maximum number of inputs supported in a batch is {LARGEST_BATCH}")
        self.complete(req, [(member(each, "callbackId", str, ""), _outputs(each)) for each in inputs])
        no_content(resp)


def _outputs(body: Any) -> Json:
    """`typedOutputs` is required by the specification and unknown to the documentation: it may be absent."""
    outputs: Json | None = member(body, "outputFields", dict)
    if outputs is None:
        raise InvalidInput(
            "Some required fields were not set: [outputFields]", context={"properties": ["outputFields"]}
        )
    return outputs


def routes(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    found: list[tuple[str, ApiResource]] = []
    for version in (V4, *DATED):
        base = f"/automation/actions/{version.name}" if version.dated else f"/automation/{version.name}/actions"
        callbacks = f"/automation/actions/callbacks/{version.name}" if version.dated else f"{base}/callbacks"
        definition = f"{base}/{{app_id}}/{{definition_id}}"
        function = f"{definition}/functions/{{kind}}"
        found += [
            (f"{base}/{{app_id}}", DefinitionList(emulator, version)),
            (definition, DefinitionItem(emulator, version)),
            (f"{definition}/requires-object", RequiresObject(emulator, version)),
            (f"{definition}/revisions", RevisionList(emulator, version)),
            (f"{definition}/revisions/{{revision_id}}", RevisionItem(emulator, version)),
            (f"{definition}/functions", FunctionList(emulator, version)),
            (function, FunctionItem(emulator, version)),
            (f"{function}/{{function_id}}", FunctionItem(emulator, version)),
            (f"{callbacks}/complete", BatchCompletion(emulator, version)),
            (f"{callbacks}/{{callback_id}}/complete", Completion(emulator, version)),
        ]
    return found
