"""Pipelines and their stages. Source: HubSpot's page "Pipelines"."""

from __future__ import annotations

from dataclasses import dataclass

from hubspot_api.client import Client
from hubspot_api.fields import Fields


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage. `closed`: a record in it is done. `probability` of deals, from 0 to 1 as text, else None."""

    id: str
    label: str
    order: int
    closed: bool
    probability: str | None
    archived: bool


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline; `stages` in the order people see. Ids are text: "default", a number, a UUID."""

    id: str
    label: str
    order: int
    stages: tuple[Stage, ...]
    archived: bool


def list_all(client: Client, object_type: str) -> tuple[Pipeline, ...]:
    """Return the pipelines of deals, tickets or another object type, in the order people see."""
    answer = client.request("GET", "/crm/pipelines/{version}/{object_type}", path_params={"object_type": object_type})
    return tuple(sorted(answer.fields.each("results", _pipeline), key=lambda pipeline: pipeline.order))


def _pipeline(fields: Fields) -> Pipeline:
    return Pipeline(
        id=fields.text("id"),
        label=fields.text("label"),
        order=fields.integer("displayOrder"),
        stages=tuple(sorted(fields.each("stages", _stage), key=lambda stage: stage.order)),
        archived=fields.flag("archived", default=False),
    )


def _stage(fields: Fields) -> Stage:
    metadata = fields.optional_child("metadata")
    values = metadata.values if metadata else {}
    return Stage(
        id=fields.text("id"),
        label=fields.text("label"),
        order=fields.integer("displayOrder"),
        closed=str(values.get("isClosed")).lower() == "true" or values.get("ticketState") == "CLOSED",
        probability=metadata.optional_text("probability") if metadata else None,
        archived=fields.flag("archived", default=False),
    )
