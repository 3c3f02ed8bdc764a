"""Pipelines and their stages, per portal and kind of record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.errors import ResourceNotFound
from emulator.instants import iso


@dataclass(frozen=True)
class Stage:
    id: str
    label: str
    metadata: dict[str, str]
    display_order: int = 0
    # 0: built in, as old as HubSpot itself.
    created_at: int = 0
    updated_at: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "displayOrder": self.display_order,
            "metadata": dict(self.metadata),
            "id": self.id,
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.updated_at),
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            "archived": False,
        }


@dataclass(frozen=True)
class Pipeline:
    id: str
    label: str
    stages: tuple[Stage, ...]
    display_order: int = 0
    created_at: int = 0
    updated_at: int = 0

    def stage(self, stage_id: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.id == stage_id), None)

    def named_stage(self, stage_id: str) -> Stage:
        """Raises ResourceNotFound."""
        stage = self.stage(stage_id)
        if stage is None:
            raise ResourceNotFound
        return stage

    def as_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "displayOrder": self.display_order,
            "id": self.id,
            "stages": [stage.as_json() for stage in self.stages],
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.updated_at),
            "archived": False,
        }


@dataclass(frozen=True)
class Audit:
    """One change of a pipeline or stage; `identifier` is its id."""

    identifier: str
    action: str
    at: int
    raw: dict[str, Any]

    def as_json(self, hub_id: int) -> dict[str, Any]:
        return {
            "portalId": hub_id,
            "identifier": self.identifier,
            "action": self.action,
            "timestamp": iso(self.at),
            "rawObject": self.raw,
        }


def deal_stages(*rows: tuple[str, str, str]) -> tuple[Stage, ...]:
    return tuple(
        Stage(stage_id, label, {"isClosed": str(odds in ("0.0", "1.0")).lower(), "probability": odds}, order)
        for order, (stage_id, label, odds) in enumerate(rows)
    )


def stages(*rows: tuple[str, str, bool]) -> tuple[Stage, ...]:
    """Of kinds whose stages say only whether they are the end."""
    return tuple(
        Stage(stage_id, label, {"isClosed": str(closed).lower()}, order)
        for order, (stage_id, label, closed) in enumerate(rows)
    )


def ticket_stages(*rows: tuple[str, str, str]) -> tuple[Stage, ...]:
    return tuple(
        Stage(stage_id, label, {"isClosed": str(state == "CLOSED").lower(), "ticketState": state}, order)
        for order, (stage_id, label, state) in enumerate(rows)
    )


class Pipelines:
    """The pipelines of one portal by kind of record, the default one first."""

    def __init__(self, defaults: Mapping[str, Pipeline]) -> None:
        self._by_type = {type_id: [pipeline] for type_id, pipeline in defaults.items()}
        self.audits: dict[str, list[Audit]] = {}

    def all(self, type_id: str) -> list[Pipeline]:
        return self._by_type.get(type_id, [])

    def add(self, type_id: str, pipeline: Pipeline) -> None:
        self._by_type.setdefault(type_id, []).append(pipeline)

    def replace(self, type_id: str, pipelines: list[Pipeline]) -> None:
        self._by_type[type_id] = pipelines

    def find(self, type_id: str, pipeline_id: str) -> Pipeline | None:
        return next((each for each in self.all(type_id) if each.id == pipeline_id), None)

    def named(self, type_id: str, pipeline_id: str) -> Pipeline:
        pipeline = self.find(type_id, pipeline_id)
        if pipeline is None:
            raise ResourceNotFound
        return pipeline

    def stage(self, type_id: str, stage_id: str) -> Stage | None:
        found = (pipeline.stage(stage_id) for pipeline in self.all(type_id))
        return next((stage for stage in found if stage is not None), None)
