"""Stages of pipelines. Source: HubSpot's page "Pipelines".

A label is unique within its pipeline. A pipeline has at most 100 stages (deals, tickets, custom objects) or 30.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hubspot_api.client import Client
from hubspot_api.fields import Fields

_ALL = "/crm/pipelines/{version}/{object_type}/{pipeline_id}/stages"
_ONE = _ALL + "/{stage_id}"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage. `closed`: a record in it is done. `probability` of deals, from 0 to 1 as text, else None.

    `metadata` is what HubSpot keeps these two in, as a `NewStage` takes it.
    """

    id: str
    label: str
    order: int
    closed: bool
    probability: str | None
    archived: bool
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewStage:
    """A stage as it shall be; `deal_stage` and `ticket_stage` make one. `id` None: HubSpot gives it one."""

    label: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    id: str | None = None

    def wire(self, order: int) -> dict[str, object]:
        """Spell it as HubSpot takes it, at a place among the pipeline's stages."""
        spelled: dict[str, object] = {"label": self.label, "metadata": dict(self.metadata), "displayOrder": order}
        return spelled | ({} if self.id is None else {"stageId": self.id})


@dataclass(frozen=True, slots=True)
class Audit:
    """One change of a pipeline or a stage. `action`: CREATE, UPDATE, DELETE; `after` as it was from then on.

    `user_id` of who did it, where HubSpot says it.
    """

    identifier: str
    action: str
    at: datetime
    user_id: int | None
    after: Mapping[str, Any] = field(default_factory=dict, repr=False)


def deal_stage(label: str, probability: float, *, stage_id: str | None = None) -> NewStage:
    """Describe a stage of deals. A `probability` of 0 is lost, 1 is won. Raises ValueError for what is not 0 to 1."""
    if not 0 <= probability <= 1:
        raise ValueError("a probability is from 0 to 1")
    return NewStage(label, {"probability": str(round(float(probability), 2))}, stage_id)


def ticket_stage(label: str, *, closed: bool = False, stage_id: str | None = None) -> NewStage:
    """Describe a stage of tickets."""
    return NewStage(label, {"ticketState": "CLOSED" if closed else "OPEN"}, stage_id)


def audits(client: Client, object_type: str, pipeline_id: str, stage_id: str) -> tuple[Audit, ...]:
    """Return what was done to a stage, the latest first. Raises NotFound."""
    path_params = {"object_type": object_type, "pipeline_id": pipeline_id, "stage_id": stage_id}
    return read_audits(client.request("GET", _ONE + "/audit", path_params=path_params).fields)


def create(client: Client, object_type: str, pipeline_id: str, new: NewStage, *, order: int) -> Stage:
    """Add a stage. Raises Conflict when its id is taken, ValidationFailed when its label is, NotFound."""
    path_params = {"object_type": object_type, "pipeline_id": pipeline_id}
    return read_stage(client.request("POST", _ALL, path_params=path_params, json=new.wire(order)).fields)


def update(client: Client, object_type: str, pipeline_id: str, stage_id: str, wanted: NewStage, *, order: int) -> Stage:
    """Make a stage what is `wanted`, but for its id. Raises NotFound, ValidationFailed.

    To rename one, give the metadata it has: HubSpot takes a stage as a whole.
    """
    answer = client.request(
        "PUT",
        _ONE,
        path_params={"object_type": object_type, "pipeline_id": pipeline_id, "stage_id": stage_id},
        json={"label": wanted.label, "metadata": dict(wanted.metadata), "displayOrder": order},
    )
    return read_stage(answer.fields)


def archive(client: Client, object_type: str, pipeline_id: str, stage_id: str, *, if_used: bool = False) -> None:
    """Remove a stage. Raises ValidationFailed when it is the last, and while records are in it unless `if_used`."""
    client.request(
        "DELETE",
        _ONE,
        path_params={"object_type": object_type, "pipeline_id": pipeline_id, "stage_id": stage_id},
        params={"validateReferencesBeforeDelete": not if_used},
    )


def read_stage(fields: Fields) -> Stage:
    """Check one stage of an answer."""
    metadata = _metadata(fields)
    return Stage(
        id=fields.text("id"),
        label=fields.text("label"),
        order=fields.integer("displayOrder"),
        closed=metadata.get("isClosed") == "true" or metadata.get("ticketState") == "CLOSED",
        probability=metadata.get("probability"),
        archived=fields.flag("archived", default=False),
        metadata=metadata,
    )


def read_audits(fields: Fields) -> tuple[Audit, ...]:
    """Check an answer that lists changes."""
    return tuple(sorted(fields.each("results", _audit), key=lambda audit: audit.at, reverse=True))


def _audit(fields: Fields) -> Audit:
    after = fields.optional_child("rawObject")
    return Audit(
        identifier=fields.text("identifier"),
        action=fields.text("action"),
        at=fields.moment("timestamp"),
        user_id=fields.optional_integer("fromUserId"),
        after=after.values if after else {},
    )


def _metadata(fields: Fields) -> dict[str, str]:
    """Texts, as HubSpot describes them; some have been numbers and booleans."""
    found = fields.optional_child("metadata")
    spelled = {name: str(value) for name, value in (found.values if found else {}).items() if value is not None}
    return {name: text.lower() if name == "isClosed" else text for name, text in spelled.items()}
