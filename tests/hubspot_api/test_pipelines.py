"""Pipelines and their stages, written in the emulator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hubspot_api import errors, objects, pipeline_stages, pipelines
from hubspot_api.pipeline_stages import NewStage, deal_stage, ticket_stage
from hubspot_api.pipelines import NewPipeline
from tests.hubspot_api.emulated import Place
from tests.hubspot_api.fakes import ok, world

RENEWALS = NewPipeline("Renewals", (deal_stage("Due", 0.5), deal_stage("Kept", 1), deal_stage("Gone", 0)), order=4)


def test_a_pipeline_lives_and_dies(place: Place) -> None:
    client = place.client()
    made = pipelines.create(client, "deals", RENEWALS)
    assert (made.label, made.order, made.archived) == ("Renewals", 4, False)
    assert [(one.label, one.probability, one.closed, one.order) for one in made.stages] == [
        ("Due", "0.5", False, 0),
        ("Kept", "1.0", True, 1),
        ("Gone", "0.0", True, 2),
    ]
    assert pipelines.get(client, "deals", made.id) == made
    assert pipelines.update(client, "deals", made.id, label="Prolonged").label == "Prolonged"
    moved = pipelines.update(client, "deals", made.id, order=0)
    assert moved == replace(made, label="Prolonged", order=0)
    assert moved in pipelines.list_all(client, "deals")
    pipelines.archive(client, "deals", made.id)
    with pytest.raises(errors.NotFound):
        pipelines.get(client, "deals", made.id)


def test_a_pipeline_is_replaced_as_a_whole(place: Place) -> None:
    client = place.client()
    made = pipelines.create(client, "deals", RENEWALS)
    due, kept, gone = made.stages
    deal = objects.create(client, "deals", {"dealname": "D", "pipeline": made.id, "dealstage": gone.id})
    wanted = NewPipeline(
        "Renewals", (NewStage(kept.label, kept.metadata, kept.id), deal_stage("Soon", 0.3, stage_id=due.id))
    )
    with pytest.raises(errors.ValidationFailed) as used:
        pipelines.replace(client, "deals", made.id, wanted)
    assert used.value.sub_category == "PipelineError.STAGE_ID_IN_USE"
    after = pipelines.replace(client, "deals", made.id, wanted, if_used=True)
    assert [(one.id, one.label, one.probability) for one in after.stages] == [
        (kept.id, "Kept", "1.0"),
        (due.id, "Soon", "0.3"),
    ]
    with pytest.raises(errors.ValidationFailed) as used:
        pipelines.archive(client, "deals", made.id)
    assert used.value.sub_category == "PipelineError.PIPELINE_ID_IN_USE"
    objects.archive(client, "deals", deal.id)
    pipelines.archive(client, "deals", made.id)


def test_pipelines_that_are_refused(place: Place) -> None:
    client = place.client()
    pipelines.create(client, "deals", replace(RENEWALS, id="renewals"))
    for taken in (replace(RENEWALS, label="Other", id="renewals"), RENEWALS):
        with pytest.raises(errors.Conflict):
            pipelines.create(client, "deals", taken)
    for bad in (replace(RENEWALS, label="Empty", stages=()), replace(RENEWALS, label="Bare", stages=(NewStage("A"),))):
        with pytest.raises(errors.ValidationFailed):
            pipelines.create(client, "deals", bad)
    with pytest.raises(errors.ValidationFailed):
        pipelines.archive(client, "tickets", pipelines.list_all(client, "tickets")[0].id)
    with pytest.raises(errors.NotFound):
        pipelines.update(client, "deals", "nowhere", label="x")


def test_a_stage_lives_and_dies(place: Place) -> None:
    client = place.client()
    made = pipeline_stages.create(client, "tickets", "0", ticket_stage("Reopened", stage_id="again"), order=9)
    assert (made.id, made.label, made.order, made.closed) == ("again", "Reopened", 9, False)
    assert pipelines.get(client, "tickets", "0").stages[-1] == made
    closed = pipeline_stages.update(client, "tickets", "0", "again", ticket_stage("Done", closed=True), order=8)
    assert (closed.id, closed.label, closed.order, closed.closed) == ("again", "Done", 8, True)
    renamed = pipeline_stages.update(client, "tickets", "0", "again", NewStage("Over", closed.metadata), order=8)
    assert renamed == replace(closed, label="Over")

    ticket = objects.create(client, "tickets", {"subject": "T", "hs_pipeline_stage": "again"})
    with pytest.raises(errors.ValidationFailed) as used:
        pipeline_stages.archive(client, "tickets", "0", "again")
    assert used.value.sub_category == "PipelineError.STAGE_ID_IN_USE"
    pipeline_stages.archive(client, "tickets", "0", "again", if_used=True)
    assert renamed not in pipelines.get(client, "tickets", "0").stages
    assert objects.get(client, "tickets", ticket.id).id == ticket.id


def test_stages_that_are_refused(place: Place) -> None:
    client = place.client()
    with pytest.raises(errors.Conflict):
        pipeline_stages.create(client, "deals", "default", deal_stage("Again", 1, stage_id="closedwon"), order=1)
    with pytest.raises(errors.ValidationFailed):
        pipeline_stages.update(client, "deals", "default", "closedwon", NewStage("Won"), order=1)
    with pytest.raises(errors.NotFound):
        pipeline_stages.archive(client, "deals", "default", "no_such_stage")
    with pytest.raises(ValueError, match="0 to 1"):
        deal_stage("Sure", 1.1)


def test_metadata_that_is_no_text_is_read_as_text() -> None:
    sent = {"id": "a", "label": "A", "displayOrder": 0, "metadata": {"isClosed": True, "probability": 0.5, "x": None}}
    here = world(ok(sent))
    stage = pipeline_stages.create(here.client, "deals", "default", deal_stage("A", 0.5), order=0)
    assert (stage.closed, stage.probability, stage.metadata) == (
        True,
        "0.5",
        {"isClosed": "true", "probability": "0.5"},
    )


def test_what_was_done_to_pipelines_and_stages_is_told(place: Place) -> None:
    client = place.client()
    made = pipelines.create(client, "deals", RENEWALS)
    due = made.stages[0]
    place.control("clock", advance_s=5)
    pipelines.update(client, "deals", made.id, label="Prolonged")
    pipeline_stages.update(client, "deals", made.id, due.id, NewStage("Soon", due.metadata), order=0)
    latest, *_, first = pipelines.audits(client, "deals", made.id)
    assert {latest.identifier, first.identifier} == {made.id}
    assert (first.action, latest.after["label"]) == ("CREATE", "Prolonged")
    assert latest.at > first.at
    assert [one.action for one in pipeline_stages.audits(client, "deals", made.id, due.id)] == [
        *("UPDATE", "UPDATE", "CREATE")  # a change of its pipeline is one of its stages too
    ]
    with pytest.raises(errors.NotFound):
        pipelines.audits(client, "deals", "no such pipeline")
