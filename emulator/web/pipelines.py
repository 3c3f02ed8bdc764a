"""Pipelines and their stages: /crm/v3/pipelines and /crm/pipelines/{date}."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import falcon

from emulator.crm import pipeline_edits
from emulator.crm.object_types import ObjectType
from emulator.crm.pipelines import Pipeline, Stage
from emulator.crm.store import Crm
from emulator.errors import Conflict, InvalidInput
from emulator.ids import id_of
from emulator.web.exchange import flag, json_object, member, no_content, reply
from emulator.web.gate import ApiResource
from emulator.web.versions import Version

Json = dict[str, Any]


class _PipelineResource(ApiResource):
    def opened(self, req: falcon.Request, kind_name: str, *, write: bool = False) -> tuple[Crm, ObjectType]:
        kind, caller = self.object_type(req, kind_name), self.caller(req)
        caller.require(kind.scopes.schema_write if write else kind.scopes.schema_read)
        return caller.portal.crm, kind


def _fresh_id(crm: Crm, kind: ObjectType) -> str:
    """Numbers, which do not collide with the words that built-in stages have for ids."""
    pipelines = crm.pipelines.all(kind.type_id)
    taken = {each.id for each in pipelines} | {stage.id for each in pipelines for stage in each.stages}
    # A client may have chosen the id; a huge one is no start for ours.
    numbers = [number for each in taken if len(each) < 12 and (number := id_of(each)) is not None]
    return str(max([1_200_000, *numbers]) + 1)


def _metadata(body: Any) -> dict[str, str]:
    given = member(body, "metadata", dict, {})
    return {str(name): str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


def _stage(kind: ObjectType, body: Any, stage_id: str, now: int, order: int = 0) -> Stage:
    if not isinstance(body, dict) or not body.get("label"):
        raise InvalidInput("A stage needs a label")
    metadata = pipeline_edits.completed(kind, _metadata(body))
    order = member(body, "displayOrder", int, order)
    return Stage(stage_id, member(body, "label", str, ""), metadata, order, now, now)


def _stages(crm: Crm, kind: ObjectType, body: Json, now: int) -> tuple[Stage, ...]:
    first = int(_fresh_id(crm, kind)) + 1
    given = member(body, "stages", list, [])
    stages = [
        _stage(kind, each, member(each, "stageId", str, None) or str(first + place), now, place)
        for place, each in enumerate(given)
    ]
    return tuple(sorted(stages, key=lambda stage: stage.display_order))


class PipelineList(_PipelineResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        crm, kind = self.opened(req, kind_name)
        with crm.lock:
            reply(resp, {"results": [pipeline.as_json() for pipeline in crm.pipelines.all(kind.type_id)]})

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str) -> None:
        crm, kind = self.opened(req, kind_name, write=True)
        body, now = json_object(req), self.now()
        with crm.lock:
            pipeline = Pipeline(
                member(body, "pipelineId", str, None) or _fresh_id(crm, kind),
                member(body, "label", str, ""),
                _stages(crm, kind, body, now),
                member(body, "displayOrder", int, 0),
                now,
                now,
            )
            reply(resp, pipeline_edits.add(crm, kind, pipeline).as_json(), 201)


class PipelineItem(_PipelineResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str, pipeline_id: str) -> None:
        crm, kind = self.opened(req, kind_name)
        with crm.lock:
            reply(resp, crm.pipelines.named(kind.type_id, pipeline_id).as_json())

    def on_put(self, req: falcon.Request, resp: falcon.Response, kind_name: str, pipeline_id: str) -> None:
        """Stages that are not named any more are gone."""
        crm, kind = self.opened(req, kind_name, write=True)
        body = json_object(req)
        with crm.lock:
            before = crm.pipelines.named(kind.type_id, pipeline_id)
            wanted = replace(
                _described(before, body), stages=_stages(crm, kind, body, self.now()) if "stages" in body else ()
            )
            reply(resp, pipeline_edits.put(crm, kind, wanted, keep_referenced=_validates(req)).as_json())

    def on_patch(self, req: falcon.Request, resp: falcon.Response, kind_name: str, pipeline_id: str) -> None:
        crm, kind = self.opened(req, kind_name, write=True)
        body = json_object(req)
        with crm.lock:
            wanted = _described(crm.pipelines.named(kind.type_id, pipeline_id), body)
            reply(resp, pipeline_edits.put(crm, kind, wanted).as_json())

    def on_delete(self, req: falcon.Request, resp: falcon.Response, kind_name: str, pipeline_id: str) -> None:
        crm, kind = self.opened(req, kind_name, write=True)
        with crm.lock:
            pipeline = crm.pipelines.named(kind.type_id, pipeline_id)
            pipeline_edits.remove(crm, kind, pipeline, keep_referenced=_validates(req))
        no_content(resp)


def _described(before: Pipeline, body: Json) -> Pipeline:
    label = member(body, "label", str, before.label)
    return replace(before, label=label, display_order=member(body, "displayOrder", int, before.display_order))


def _validates(req: falcon.Request) -> bool:
    return flag(req, "validateReferencesBeforeDelete") or flag(req, "validateDealStageUsagesBeforeDelete")


class PipelineAudit(_PipelineResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str, pipeline_id: str) -> None:
        crm, kind = self.opened(req, kind_name)
        with crm.lock:
            pipeline = crm.pipelines.named(kind.type_id, pipeline_id)
            reply(resp, _audits(crm, pipeline.id))


def _audits(crm: Crm, identifier: str) -> Json:
    return {"results": [each.as_json(crm.hub_id) for each in crm.pipelines.audits.get(identifier, [])]}


class StageList(_PipelineResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str, pipeline_id: str) -> None:
        crm, kind = self.opened(req, kind_name)
        with crm.lock:
            pipeline = crm.pipelines.named(kind.type_id, pipeline_id)
        reply(resp, {"results": [stage.as_json() for stage in pipeline.stages]})

    def on_post(self, req: falcon.Request, resp: falcon.Response, kind_name: str, pipeline_id: str) -> None:
        crm, kind = self.opened(req, kind_name, write=True)
        body = json_object(req)
        with crm.lock:
            pipeline = crm.pipelines.named(kind.type_id, pipeline_id)
            stage_id = member(body, "stageId", str, None) or _fresh_id(crm, kind)
            if pipeline.stage(stage_id) is not None:
                raise Conflict(f"A stage with the id {stage_id} already exists.")
            stage = _stage(kind, body, stage_id, self.now(), len(pipeline.stages))
            pipeline_edits.put(crm, kind, pipeline_edits.with_stages(pipeline, lambda stages: stages.append(stage)))
        reply(resp, stage.as_json(), 201)


class StageItem(_PipelineResource):
    def on_get(
        self, req: falcon.Request, resp: falcon.Response, kind_name: str, pipeline_id: str, stage_id: str
    ) -> None:
        crm, kind = self.opened(req, kind_name)
        with crm.lock:
            reply(resp, crm.pipelines.named(kind.type_id, pipeline_id).named_stage(stage_id).as_json())

    def on_put(
        self, req: falcon.Request, resp: falcon.Response, kind_name: str, pipeline_id: str, stage_id: str
    ) -> None:
        self._change(req, resp, kind_name, pipeline_id, stage_id, whole=True)

    def on_patch(
        self, req: falcon.Request, resp: falcon.Response, kind_name: str, pipeline_id: str, stage_id: str
    ) -> None:
        self._change(req, resp, kind_name, pipeline_id, stage_id, whole=False)

    def _change(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        kind_name: str,
        pipeline_id: str,
        stage_id: str,
        *,
        whole: bool,
    ) -> None:
        crm, kind = self.opened(req, kind_name, write=True)
        body = json_object(req)
        with crm.lock:
            pipeline = crm.pipelines.named(kind.type_id, pipeline_id)
            before = pipeline.named_stage(stage_id)
            metadata = _metadata(body) if whole else {**_without_closed(before.metadata, body), **_metadata(body)}
            if whole and not body.get("label"):
                raise InvalidInput("A stage needs a label")
            stage = replace(
                before,
                label=member(body, "label", str, before.label),
                display_order=member(body, "displayOrder", int, before.display_order),
                metadata=pipeline_edits.completed(kind, metadata),
                updated_at=self.now(),
            )

            def swap(stages: list[Stage]) -> None:
                stages[stages.index(before)] = stage

            pipeline_edits.put(crm, kind, pipeline_edits.with_stages(pipeline, swap))
        reply(resp, stage.as_json())

    def on_delete(
        self, req: falcon.Request, resp: falcon.Response, kind_name: str, pipeline_id: str, stage_id: str
    ) -> None:
        crm, kind = self.opened(req, kind_name, write=True)
        with crm.lock:
            pipeline = crm.pipelines.named(kind.type_id, pipeline_id)
            stage = pipeline.named_stage(stage_id)
            wanted = pipeline_edits.with_stages(pipeline, lambda stages: stages.remove(stage))
            pipeline_edits.put(crm, kind, wanted, keep_referenced=_validates(req))
        no_content(resp)


def _without_closed(metadata: dict[str, str], body: Json) -> dict[str, str]:
    """What follows from a probability follows again when that is changed."""
    changes = _metadata(body)
    return {name: value for name, value in metadata.items() if name != "isClosed" or "probability" not in changes}


class StageAudit(_PipelineResource):
    def on_get(
        self, req: falcon.Request, resp: falcon.Response, kind_name: str, pipeline_id: str, stage_id: str
    ) -> None:
        crm, kind = self.opened(req, kind_name)
        with crm.lock:
            stage = crm.pipelines.named(kind.type_id, pipeline_id).named_stage(stage_id)
            reply(resp, _audits(crm, stage.id))


def routes(version: Version) -> list[tuple[str, type[ApiResource]]]:
    base = version.path("pipelines") + "/{kind_name}"
    stages = f"{base}/{{pipeline_id}}/stages"
    return [
        (base, PipelineList),
        (f"{base}/{{pipeline_id}}", PipelineItem),
        (f"{base}/{{pipeline_id}}/audit", PipelineAudit),
        (stages, StageList),
        (f"{stages}/{{stage_id}}", StageItem),
        (f"{stages}/{{stage_id}}/audit", StageAudit),
    ]
