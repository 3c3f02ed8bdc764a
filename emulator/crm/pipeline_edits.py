"""Changing a portal's pipelines and stages.

Editing one touches every record in it, as in HubSpot: their last-modified time moves without a property having changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from emulator.crm.object_types import DEAL, TICKET, ObjectType
from emulator.crm.pipelines import Audit, Pipeline, Stage
from emulator.crm.store import Crm
from emulator.errors import Conflict, InvalidInput

# developers.hubspot.com/docs/guides/api/crm/pipelines
_MOST_STAGES = {DEAL.type_id: 100, TICKET.type_id: 100}
_MOST_OTHERS = 30
# A program that edits pipelines all day must not fill the memory.
_MOST_AUDITS = 1_000


class InUse(InvalidInput):
    """Records are in it; `subCategory` says in what."""

    def __init__(self, what: str, identifier: str) -> None:
        super().__init__(f"{what} {identifier} is being referenced by records", subCategory=f"PipelineError.{what}")


def most_stages(kind: ObjectType) -> int:
    return 100 if kind.custom else _MOST_STAGES.get(kind.type_id, _MOST_OTHERS)


def add(crm: Crm, kind: ObjectType, pipeline: Pipeline) -> Pipeline:
    """Raises Conflict or InvalidInput."""
    if any(each.label == pipeline.label or each.id == pipeline.id for each in crm.pipelines.all(kind.type_id)):
        raise Conflict(f"A pipeline with the id {pipeline.id} or the label {pipeline.label} already exists.")
    _check(crm, kind, pipeline)
    crm.pipelines.add(kind.type_id, pipeline)
    _audit(crm, pipeline, "CREATE")
    return pipeline


def put(crm: Crm, kind: ObjectType, pipeline: Pipeline, *, keep_referenced: bool = False) -> Pipeline:
    """Replace a pipeline by a changed one of the same id.

    Raises Conflict, InvalidInput or, if records may not be left in stages that are no more, InUse.
    """
    before = crm.pipelines.named(kind.type_id, pipeline.id)
    if any(each.label == pipeline.label and each.id != pipeline.id for each in crm.pipelines.all(kind.type_id)):
        raise Conflict(f"A pipeline with the label {pipeline.label} already exists.")
    _check(crm, kind, pipeline)
    gone = {stage.id for stage in before.stages} - {stage.id for stage in pipeline.stages}
    if keep_referenced:
        _check_unused(crm, kind, "STAGE_ID_IN_USE", _names(crm, kind).get("stage", ""), gone)
    rows = crm.pipelines.all(kind.type_id)
    changed = replace(pipeline, updated_at=crm.stamp())
    rows[rows.index(before)] = changed
    _audit(crm, changed, "UPDATE")
    _touch(crm, kind, pipeline.id)
    return changed


def remove(crm: Crm, kind: ObjectType, pipeline: Pipeline, *, keep_referenced: bool = False) -> None:
    """Raises InUse, and InvalidInput for the only one that is left."""
    rows = crm.pipelines.all(kind.type_id)
    if len(rows) == 1 and not kind.custom:
        raise InvalidInput("The last pipeline of an object cannot be deleted")
    if keep_referenced:
        _check_unused(crm, kind, "PIPELINE_ID_IN_USE", _names(crm, kind).get("pipeline", ""), {pipeline.id})
    rows.remove(pipeline)
    _audit(crm, pipeline, "DELETE")


def with_stages(pipeline: Pipeline, change: Callable[[list[Stage]], None]) -> Pipeline:
    stages = list(pipeline.stages)
    change(stages)
    return replace(pipeline, stages=tuple(sorted(stages, key=lambda stage: stage.display_order)))


def _check(crm: Crm, kind: ObjectType, pipeline: Pipeline) -> None:
    if not pipeline.label:
        raise InvalidInput("A pipeline needs a label")
    if not pipeline.stages or len(pipeline.stages) > most_stages(kind):
        raise InvalidInput(f"A pipeline of {kind.plural} has at least 1 and at most {most_stages(kind)} stages")
    _check_distinct("id", [stage.id for stage in pipeline.stages])
    _check_distinct("label", [stage.label for stage in pipeline.stages])
    for stage in pipeline.stages:
        _check_metadata(kind, stage)
    others = [each for each in crm.pipelines.all(kind.type_id) if each.id != pipeline.id]
    taken = {stage.id for other in others for stage in other.stages}
    repeated = taken.intersection(stage.id for stage in pipeline.stages)
    if repeated:
        raise Conflict(f"The stage id {min(repeated)} is taken by another pipeline.")


def _check_distinct(what: str, values: Sequence[str]) -> None:
    if not all(values) or len(set(values)) != len(values):
        raise InvalidInput(f"Every stage of a pipeline needs a {what} of its own")


def _check_metadata(kind: ObjectType, stage: Stage) -> None:
    if kind is DEAL:
        try:
            likely = 0.0 <= float(stage.metadata.get("probability", "")) <= 1.0
        except ValueError:
            likely = False
        if not likely:
            raise InvalidInput(f"Stage {stage.label}: metadata.probability must be between 0.0 and 1.0")
    if kind is TICKET and stage.metadata.get("ticketState", "OPEN") not in ("OPEN", "CLOSED"):
        raise InvalidInput(f"Stage {stage.label}: metadata.ticketState must be OPEN or CLOSED")


def completed(kind: ObjectType, metadata: dict[str, str]) -> dict[str, str]:
    """What HubSpot adds to a stage's metadata."""
    if kind is DEAL and "isClosed" not in metadata:
        closed = metadata.get("probability") in ("0.0", "1.0", "0", "1")
        return {**metadata, "isClosed": str(closed).lower()}
    if kind is TICKET:
        state = metadata.get("ticketState", "OPEN")
        return {**metadata, "ticketState": state, "isClosed": str(state == "CLOSED").lower()}
    return {"isClosed": "false", **metadata}


def _names(crm: Crm, kind: ObjectType) -> dict[str | None, str]:
    return {definition.values_from: definition.name for definition in crm.schema(kind).all()}


def _check_unused(crm: Crm, kind: ObjectType, what: str, name: str, values: set[str]) -> None:
    table = crm.table(kind)
    for record_id in table.live:
        value = table.records[record_id].values.get(name)
        if value in values:
            raise InUse(what, value)


def _touch(crm: Crm, kind: ObjectType, pipeline_id: str) -> None:
    table, name = crm.table(kind), _names(crm, kind).get("pipeline", "")
    at = crm.stamp()
    for record_id in list(table.live):
        record = table.records[record_id]
        if record.values.get(name) == pipeline_id:
            table.touch(record, at)


def _audit(crm: Crm, pipeline: Pipeline, action: str) -> None:
    """Newest first, of the pipeline and of each of its stages."""
    at = crm.clock.now_ms()
    rows = [(pipeline.id, pipeline.as_json()), *((stage.id, stage.as_json()) for stage in pipeline.stages)]
    for identifier, raw in rows:
        audits = crm.pipelines.audits.setdefault(identifier, [])
        audits.insert(0, Audit(identifier, action, at, raw))
        del audits[_MOST_AUDITS:]
