"""Pipelines of deals, tickets and other object types. Source: HubSpot's page "Pipelines".

Changing one moves the last-modified time of every record in it, and so sends many webhooks.
"""

from __future__ import annotations

from dataclasses import dataclass

from hubspot_api.client import Client
from hubspot_api.fields import Fields
from hubspot_api.pipeline_stages import Audit, NewStage, Stage, read_audits, read_stage

_ALL = "/crm/pipelines/{version}/{object_type}"
_ONE = _ALL + "/{pipeline_id}"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline; `stages` in the order people see. Ids are text: "default", a number, a UUID."""

    id: str
    label: str
    order: int
    stages: tuple[Stage, ...]
    archived: bool


@dataclass(frozen=True, slots=True)
class NewPipeline:
    """A pipeline as it shall be, its stages in order: one at least. `id` None: HubSpot gives it one."""

    label: str
    stages: tuple[NewStage, ...]
    order: int = 0
    id: str | None = None

    def wire(self) -> dict[str, object]:
        """Spell it as HubSpot takes it."""
        return {
            "label": self.label,
            "displayOrder": self.order,
            "stages": [stage.wire(place) for place, stage in enumerate(self.stages)],
        }


def list_all(client: Client, object_type: str) -> tuple[Pipeline, ...]:
    """Return the pipelines of deals, tickets or another object type, in the order people see."""
    answer = client.request("GET", _ALL, path_params={"object_type": object_type})
    return tuple(sorted(answer.fields.each("results", _pipeline), key=lambda pipeline: pipeline.order))


def get(client: Client, object_type: str, pipeline_id: str) -> Pipeline:
    """Return one pipeline. Raises NotFound."""
    return _pipeline(client.request("GET", _ONE, path_params=_names(object_type, pipeline_id)).fields)


def audits(client: Client, object_type: str, pipeline_id: str) -> tuple[Audit, ...]:
    """Return what was done to a pipeline, the latest first; its stages have audits of their own. Raises NotFound."""
    path_params = _names(object_type, pipeline_id)
    return read_audits(client.request("GET", _ONE + "/audit", path_params=path_params).fields)


def create(client: Client, object_type: str, new: NewPipeline) -> Pipeline:
    """Make a pipeline. Raises Conflict when its id or label is taken, ValidationFailed for a stage that cannot be."""
    body = new.wire() | ({} if new.id is None else {"pipelineId": new.id})
    return _pipeline(client.request("POST", _ALL, path_params={"object_type": object_type}, json=body).fields)


def update(
    client: Client, object_type: str, pipeline_id: str, *, label: str | None = None, order: int | None = None
) -> Pipeline:
    """Change how a pipeline is called and where it is shown; None leaves it as it is. Raises NotFound, Conflict."""
    changes = {"label": label, "displayOrder": order}
    body = {name: value for name, value in changes.items() if value is not None}
    path_params = _names(object_type, pipeline_id)
    return _pipeline(client.request("PATCH", _ONE, path_params=path_params, json=body, idempotent=True).fields)


def replace(
    client: Client, object_type: str, pipeline_id: str, wanted: NewPipeline, *, if_used: bool = False
) -> Pipeline:
    """Make a pipeline what is `wanted`: a stage that is not named there, by its id, is removed.

    Raises ValidationFailed while records are in such a stage, unless `if_used`; NotFound.
    """
    params = {"validateReferencesBeforeDelete": not if_used}
    path_params = _names(object_type, pipeline_id)
    return _pipeline(client.request("PUT", _ONE, path_params=path_params, params=params, json=wanted.wire()).fields)


def archive(client: Client, object_type: str, pipeline_id: str, *, if_used: bool = False) -> None:
    """Remove a pipeline. Raises ValidationFailed when it is the last, and while records are in it unless `if_used`."""
    params = {"validateReferencesBeforeDelete": not if_used}
    client.request("DELETE", _ONE, path_params=_names(object_type, pipeline_id), params=params)


def _names(object_type: str, pipeline_id: str) -> dict[str, str | int]:
    return {"object_type": object_type, "pipeline_id": pipeline_id}


def _pipeline(fields: Fields) -> Pipeline:
    return Pipeline(
        id=fields.text("id"),
        label=fields.text("label"),
        order=fields.integer("displayOrder"),
        stages=tuple(sorted(fields.each("stages", read_stage), key=lambda stage: stage.order)),
        archived=fields.flag("archived", default=False),
    )
