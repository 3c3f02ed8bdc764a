"""Pipelines as deals v1 and pipelines v1 show them."""

from __future__ import annotations

from typing import Any

from emulator.crm.object_types import ObjectType
from emulator.crm.pipelines import Pipeline
from emulator.instants import parse_instant

Json = dict[str, Any]


def deal_pipeline(pipeline: Pipeline) -> Json:
    """Of the oldest generation: the probability is a number, and winning has a flag of its own."""
    shown = pipeline.as_json()
    return {
        "pipelineId": shown["id"],
        "label": shown["label"],
        "active": not shown["archived"],
        "displayOrder": shown["displayOrder"],
        "staticDefault": shown["id"] == "default",
        "stages": [_deal_stage(stage) for stage in shown["stages"]],
    }


def _deal_stage(stage: Json) -> Json:
    odds = float(stage["metadata"].get("probability", "0"))
    return {
        "stageId": stage["id"],
        "label": stage["label"],
        "probability": odds,
        "active": not stage["archived"],
        "displayOrder": stage["displayOrder"],
        "closedWon": odds == 1.0,
    }


def pipeline_v1(kind: ObjectType, pipeline: Pipeline, *, first: bool) -> Json:
    shown = pipeline.as_json()
    return {
        "pipelineId": shown["id"],
        "createdAt": parse_instant(shown["createdAt"]),
        "updatedAt": parse_instant(shown["updatedAt"]),
        "objectType": kind.constant,
        "objectTypeId": kind.type_id,
        "label": shown["label"],
        "displayOrder": shown["displayOrder"],
        "active": not shown["archived"],
        "default": first,
        "stages": [_stage_v1(stage) for stage in shown["stages"]],
    }


def _stage_v1(stage: Json) -> Json:
    return {
        "stageId": stage["id"],
        "createdAt": parse_instant(stage["createdAt"]),
        "updatedAt": parse_instant(stage["updatedAt"]),
        "label": stage["label"],
        "displayOrder": stage["displayOrder"],
        "metadata": stage["metadata"],
        "active": not stage["archived"],
    }
