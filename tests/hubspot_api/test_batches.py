from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from hubspot_api import batches, errors
from hubspot_api.batches import Change, NewRecord, Upsert
from hubspot_api.records import BatchResult
from tests.hubspot_api.fakes import Reply, ok, record, refusal, world

MISSING = {
    "status": "error",
    "category": "OBJECT_NOT_FOUND",
    "message": "Could not get some CONTACT objects",
    "context": {"ids": ["2", "3"]},
}


def batch(*records: dict[str, Any], status: int = 200, failed: list[dict[str, Any]] | None = None) -> httpx2.Response:
    body: dict[str, Any] = {"status": "COMPLETE", "results": list(records), "startedAt": "x", "completedAt": "x"}
    return ok(body | ({"numErrors": len(failed), "errors": failed} if failed else {}), status)


def echo(request: httpx2.Request) -> httpx2.Response:
    """Answer with one record per input, as HubSpot does when all is well."""
    inputs = httpx2.Response(200, content=request.content).json()["inputs"]
    return batch(*[record(one["id"]) for one in inputs])


def sizes(bodies: list[Any]) -> list[int]:
    return [len(body["inputs"]) for body in bodies]


def test_any_number_is_read_in_hundreds() -> None:
    here = world(echo)
    result = batches.read(here.client, "contacts", range(1, 251), properties=["email"])
    assert sizes(here.hubspot.bodies()) == [100, 100, 50]
    assert [one.id for one in result.results] == list(range(1, 251))
    assert (result.missing_ids, result.errors, result.answered) == ((), (), 250)
    assert here.hubspot.bodies()[2]["inputs"][0] == {"id": "201"}
    assert here.hubspot.bodies()[0]["properties"] == ["email"]
    assert here.hubspot.paths() == ["POST /crm/objects/2026-03/contacts/batch/read"] * 3


def test_nothing_to_do_needs_no_call() -> None:
    here = world(echo)
    assert batches.read(here.client, "contacts", []) == BatchResult()
    assert batches.update(here.client, "contacts", []) == BatchResult()
    batches.archive(here.client, "contacts", [])
    assert here.hubspot.asked == []


def test_ids_given_twice_are_read_once() -> None:
    here = world(echo)
    assert len(batches.read(here.client, "contacts", [5, 5, 6, 5]).results) == 2
    assert sizes(here.hubspot.bodies()) == [2]


def test_archived_records_are_read_on_request() -> None:
    here = world(echo)
    batches.read(here.client, "contacts", [1], archived=True)
    assert here.hubspot.paths() == ["POST /crm/objects/2026-03/contacts/batch/read?archived=true"]


@pytest.mark.parametrize("status", [200, 207])
def test_what_is_missing_is_named_whatever_the_status(status: int) -> None:
    here = world(batch(record(1), status=status, failed=[MISSING]))
    result = batches.read(here.client, "contacts", [1, 2, 3])
    assert [one.id for one in result.results] == [1]
    assert result.missing_ids == (2, 3)
    assert result.errors[0].category == "OBJECT_NOT_FOUND"
    assert result.errors[0].ids == ("2", "3")


def test_what_hubspot_leaves_out_without_a_word_is_missing_too() -> None:
    here = world(batch(record(1)))
    assert batches.read(here.client, "contacts", [1, 2]).missing_ids == (2,)


def test_a_record_that_comes_back_under_another_id_leaves_the_old_one_missing() -> None:
    result = batches.read(world(batch(record(9))).client, "contacts", [7])
    assert [one.id for one in result.results] == [9]
    assert result.missing_ids == (7,)


@pytest.mark.parametrize("more", [{"category": "OBJECT_NOT_FOUND"}, {"errors": [MISSING]}])
def test_a_404_that_says_nobody_was_found_is_an_empty_result(more: dict[str, Any]) -> None:
    reply = httpx2.Response(404, json={"message": "not found", **more})
    result = batches.read(world(reply).client, "contacts", [2, 3])
    assert (result.results, result.missing_ids, len(result.errors)) == ((), (2, 3), 1)


def test_any_other_404_is_one() -> None:
    with pytest.raises(errors.NotFound):
        batches.read(world(refusal(404)).client, "no_such_type", [2])


def test_records_are_read_by_a_unique_property() -> None:
    here = world(batch(record(1), failed=[MISSING]))
    result = batches.read_by(here.client, "contacts", "email", ["a@b.co", "c@d.co", "a@b.co"], properties=["email"])
    assert [one.id for one in result.results] == [1]
    assert result.errors
    assert here.hubspot.bodies() == [
        {"inputs": [{"id": "a@b.co"}, {"id": "c@d.co"}], "idProperty": "email", "properties": ["email"]}
    ]


def test_a_creation_says_which_inputs_were_refused() -> None:
    refused = {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": "no",
        "context": {"objectWriteTraceId": ["1"]},
    }
    made = record(50) | {"objectWriteTraceId": "0"}
    here = world(batch(made, status=207, failed=[refused]))
    result = batches.create(here.client, "contacts", [NewRecord({"email": "a@b.co"}), NewRecord({"email": "x"})])
    assert [(one.id, one.trace_id) for one in result.results] == [(50, "0")]
    assert [detail.trace_ids for detail in result.errors] == [("1",)]
    assert here.hubspot.bodies()[0]["inputs"] == [
        {"properties": {"email": "a@b.co"}, "associations": [], "objectWriteTraceId": "0"},
        {"properties": {"email": "x"}, "associations": [], "objectWriteTraceId": "1"},
    ]


def test_trace_ids_run_on_over_the_hundreds() -> None:
    here = world(batch(status=201))
    batches.create(here.client, "contacts", [NewRecord({})] * 150)
    traces = [one["objectWriteTraceId"] for body in here.hubspot.bodies() for one in body["inputs"]]
    assert traces == [str(number) for number in range(150)]


def test_changes_are_sent_in_hundreds() -> None:
    here = world(echo)
    result = batches.update(here.client, "contacts", [Change(number, {"a": "b"}) for number in range(1, 131)])
    assert sizes(here.hubspot.bodies()) == [100, 30]
    assert here.hubspot.bodies()[0]["inputs"][0] == {"id": "1", "properties": {"a": "b"}, "objectWriteTraceId": "0"}
    assert result.missing_ids == ()


def test_changing_a_record_twice_in_one_batch_is_refused_here() -> None:
    here = world(echo)
    with pytest.raises(ValueError, match="twice"):
        batches.update(here.client, "contacts", [Change(1, {}), Change(1, {})])
    assert here.hubspot.asked == []


def test_an_upsert_says_what_is_new() -> None:
    here = world(batch(record(1) | {"new": True}, record(2) | {"new": False}))
    result = batches.upsert(here.client, "contacts", "key", [Upsert("k1", {"a": "b"}), Upsert("k2", {})])
    assert [one.new for one in result.results] == [True, False]
    expected = {"id": "k1", "idProperty": "key", "properties": {"a": "b"}, "objectWriteTraceId": "0"}
    assert here.hubspot.bodies()[0]["inputs"][0] == expected


def test_records_are_archived_in_hundreds() -> None:
    here = world(ok(status=204))
    batches.archive(here.client, "contacts", [*range(1, 150), 1])
    assert sizes(here.hubspot.bodies()) == [100, 49]
    assert here.hubspot.paths()[0] == "POST /crm/objects/2026-03/contacts/batch/archive"


WRITES: list[tuple[str, Callable[[Any], object]]] = [
    ("create", lambda client: batches.create(client, "contacts", [NewRecord({})] * 250)),
    ("update", lambda client: batches.update(client, "contacts", [Change(n, {}) for n in range(250)])),
    ("upsert", lambda client: batches.upsert(client, "contacts", "k", [Upsert(str(n), {}) for n in range(250)])),
    ("archive", lambda client: batches.archive(client, "contacts", range(250))),
]


@pytest.mark.parametrize(("verb", "write"), WRITES)
def test_a_batch_that_fails_halfway_says_how_far_it_came(verb: str, write: Callable[[Any], object]) -> None:
    here = world(batch(record(1), failed=[MISSING]), batch(record(2)), refusal(400, "VALIDATION_ERROR"))
    with pytest.raises(errors.ValidationFailed) as caught:
        write(here.client)
    partial = caught.value.partial
    assert partial is not None
    assert partial.answered == 200
    if verb != "archive":
        assert [one.id for one in partial.results] == [1, 2]
        assert len(partial.errors) == 1


@pytest.mark.parametrize(("verb", "write"), WRITES)
def test_only_a_creation_is_not_repeated_when_its_answer_is_lost(verb: str, write: Callable[[Any], object]) -> None:
    reply: Reply = ok(status=204) if verb == "archive" else batch()
    here = world(refusal(502), reply)
    if verb == "create":
        with pytest.raises(errors.Overloaded):
            write(here.client)
        assert len(here.hubspot.asked) == 1
    else:
        write(here.client)
        assert len(here.hubspot.asked) == 4


@pytest.mark.parametrize("body", [{}, {"results": None}, [], {"results": [{}]}])
def test_a_batch_answer_of_another_shape_is_named(body: object) -> None:
    with pytest.raises(errors.ResponseInvalid):
        batches.read(world(ok(body)).client, "contacts", [1])
