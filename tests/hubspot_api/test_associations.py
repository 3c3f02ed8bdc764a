from __future__ import annotations

from typing import Any

import httpx2
import pytest

from hubspot_api import association_labels, associations, errors, objects
from hubspot_api.associations import Associated, AssociationType, Pair
from hubspot_api.ports import Bucket
from tests.hubspot_api.emulated import Place
from tests.hubspot_api.fakes import ok, world

PRIMARY = {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}
PLAIN = {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}
NONE_FOUND = {"subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND", "context": {"fromObjectId": ["3"]}}


def row(from_id: int, *to: int | str, after: str | None = None) -> dict[str, Any]:
    paging = {"paging": {"next": {"after": after}}} if after else {}
    return {
        "from": {"id": str(from_id)},
        "to": [{"toObjectId": one, "associationTypes": [PLAIN]} for one in to],
    } | paging


def answer(*rows: dict[str, Any], failed: list[dict[str, Any]] | None = None, status: int = 200) -> httpx2.Response:
    return ok({"status": "COMPLETE", "results": list(rows), **({"errors": failed} if failed else {})}, status)


def test_associations_are_read_with_all_their_types() -> None:
    both = {"from": {"id": "1"}, "to": [{"toObjectId": 2, "associationTypes": [PRIMARY, PLAIN]}]}
    here = world(answer(both))
    found = associations.read(here.client, "contacts", "companies", [1])
    types = (AssociationType(1, "HUBSPOT_DEFINED", "Primary"), AssociationType(279))
    assert found.by_id == {1: (Associated(2, types),)}
    assert here.hubspot.paths() == ["POST /crm/associations/2026-03/contacts/companies/batch/read"]
    assert here.hubspot.bodies() == [{"inputs": [{"id": "1"}]}]
    assert here.log.records[0].bucket is Bucket.ASSOCIATIONS


def test_the_other_id_may_be_a_number_or_text() -> None:
    found = associations.read(world(answer(row(1, 2, "3"))).client, "contacts", "companies", [1])
    assert [one.to_id for one in found.by_id[1]] == [2, 3]


@pytest.mark.parametrize("status", [200, 207])
def test_a_record_without_associations_has_none(status: int) -> None:
    reply = answer(row(1, 9), failed=[NONE_FOUND], status=status)
    found = associations.read(world(reply).client, "contacts", "companies", [1, 2, 3])
    assert found.by_id.keys() == {1, 2, 3}
    assert found.by_id[2] == found.by_id[3] == ()
    assert found.errors == ()


def test_a_record_that_an_error_names_is_unknown() -> None:
    failed = [{"category": "VALIDATION_ERROR", "subCategory": "x.INVALID_IDENTIFIER", "context": {"id": ["3"]}}]
    found = associations.read(world(answer(row(1, 9), failed=failed)).client, "contacts", "companies", [1, 2, 3])
    assert found.by_id.keys() == {1, 2}
    assert found.errors[0].sub_category == "x.INVALID_IDENTIFIER"


def test_an_error_that_names_nobody_makes_all_that_are_absent_unknown() -> None:
    failed = [{"category": "INTERNAL_ERROR", "message": "something"}]
    found = associations.read(world(answer(row(1, 9), failed=failed)).client, "contacts", "companies", [1, 2, 3])
    assert found.by_id.keys() == {1}


def test_any_number_is_read_in_thousands() -> None:
    here = world(answer())
    found = associations.read(here.client, "contacts", "companies", [*range(1, 2501), 7])
    assert [len(body["inputs"]) for body in here.hubspot.bodies()] == [1000, 1000, 500]
    assert len(found.by_id) == 2500


def test_records_with_many_associations_are_paged_one_by_one() -> None:
    here = world(answer(row(1, 10, 11, after="a"), row(2, 20)), answer(row(1, 12, after="b")), answer(row(1, 13)))
    found = associations.read(here.client, "companies", "contacts", [1, 2])
    assert [one.to_id for one in found.by_id[1]] == [10, 11, 12, 13]
    assert [one.to_id for one in found.by_id[2]] == [20]
    assert [body["inputs"] for body in here.hubspot.bodies()] == [
        [{"id": "1"}, {"id": "2"}],
        [{"id": "1", "after": "a"}],
        [{"id": "1", "after": "b"}],
    ]


def test_a_record_whose_further_page_fails_is_unknown() -> None:
    failed = [{"category": "INTERNAL_ERROR", "context": {"fromObjectId": ["1"]}}]
    here = world(answer(row(1, 10, after="a"), row(2, 20)), answer(failed=failed))
    assert associations.read(here.client, "companies", "contacts", [1, 2]).by_id.keys() == {2}


def test_an_error_on_a_further_page_that_names_nobody_concerns_those_asked_for() -> None:
    here = world(answer(row(1, 10, after="a"), row(2, 20)), answer(failed=[{"category": "INTERNAL_ERROR"}]))
    assert associations.read(here.client, "companies", "contacts", [1, 2]).by_id.keys() == {2}


def test_single_associations() -> None:
    here = world(ok({}))
    associations.associate(here.client, "contacts", 1, "companies", 2)
    associations.associate(here.client, "contacts", 1, "companies", 2, [AssociationType(5, "USER_DEFINED")])
    associations.dissociate(here.client, "contacts", 1, "companies", 2)
    assert here.hubspot.paths() == [
        "PUT /crm/objects/2026-03/contacts/1/associations/default/companies/2",
        "PUT /crm/objects/2026-03/contacts/1/associations/companies/2",
        "DELETE /crm/objects/2026-03/contacts/1/associations/companies/2",
    ]
    assert here.hubspot.asked[0].content == b""
    assert here.hubspot.asked[1].content == b'[{"associationCategory":"USER_DEFINED","associationTypeId":5}]'


def test_many_pairs_are_associated_by_kind() -> None:
    here = world(answer())
    pairs = [Pair(1, 2), Pair(3, 4, (AssociationType(279),)), Pair(5, 6)]
    assert associations.associate_many(here.client, "contacts", "companies", pairs) == ()
    assert here.hubspot.paths() == [
        "POST /crm/associations/2026-03/contacts/companies/batch/create",
        "POST /crm/associations/2026-03/contacts/companies/batch/associate/default",
    ]
    typed, default = here.hubspot.bodies()
    assert typed["inputs"] == [
        {
            "from": {"id": "3"},
            "to": {"id": "4"},
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}],
        }
    ]
    assert default["inputs"] == [{"from": {"id": "1"}, "to": {"id": "2"}}, {"from": {"id": "5"}, "to": {"id": "6"}}]


def test_writes_are_chunked_and_report_what_was_refused() -> None:
    failed = [{"category": "VALIDATION_ERROR", "message": "Object 1 cannot be associated to itself"}]
    here = world(answer(failed=failed, status=207))
    refused = associations.associate_many(here.client, "contacts", "contacts", [Pair(1, 1)] * 1500)
    assert [len(body["inputs"]) for body in here.hubspot.bodies()] == [1000, 500]
    assert [detail.category for detail in refused] == ["VALIDATION_ERROR"] * 2


@pytest.mark.parametrize("reply", [ok(status=204), answer()])
def test_many_pairs_are_dissociated_grouped_by_record(reply: httpx2.Response) -> None:
    here = world(reply)
    pairs = [Pair(1, 2), Pair(1, 3), Pair(4, 5)]
    assert associations.dissociate_many(here.client, "contacts", "companies", pairs) == ()
    assert here.hubspot.bodies() == [
        {
            "inputs": [
                {"from": {"id": "1"}, "to": [{"id": "2"}, {"id": "3"}]},
                {"from": {"id": "4"}, "to": [{"id": "5"}]},
            ]
        }
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"results": [{"from": {}, "to": []}]},
        {"results": [{"from": {"id": "1"}}]},
        {"results": [{"from": {"id": "1"}, "to": [{"toObjectId": None, "associationTypes": []}]}]},
        {"results": [{"from": {"id": "1"}, "to": [{"toObjectId": 1, "associationTypes": [{}]}]}]},
    ],
)
def test_an_answer_of_another_shape_is_named(body: object) -> None:
    with pytest.raises(errors.ResponseInvalid):
        associations.read(world(ok(body)).client, "contacts", "companies", [1])


def test_single_labels_are_removed_and_the_others_stay(place: Place) -> None:
    client = place.client()
    (contact,), (company,) = (objects.list_page(client, kind, limit=1).results for kind in ("contacts", "companies"))
    one, other = (
        association_labels.create(client, "contacts", "companies", name, name.title())[0] for name in ("one", "other")
    )
    associations.associate(client, "contacts", contact.id, "companies", company.id, [one, other])
    pair = Pair(contact.id, company.id, (one,))
    assert associations.remove_types(client, "contacts", "companies", [pair]) == ()
    (left,) = (
        each.types
        for each in associations.read(client, "contacts", "companies", [contact.id]).by_id[contact.id]
        if each.to_id == company.id
    )
    assert other.type_id in {each.type_id for each in left}
    assert one.type_id not in {each.type_id for each in left}
    with pytest.raises(ValueError, match="dissociate_many"):
        associations.remove_types(client, "contacts", "companies", [Pair(1, 2)])
