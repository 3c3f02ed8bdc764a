from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hubspot_api import errors, objects
from hubspot_api.associations import AssociatedWith, AssociationType
from hubspot_api.records import Record
from tests.hubspot_api.fakes import ok, record, refusal, world

MANY = [f"a_property_with_a_long_name_{number}" for number in range(200)]


def test_a_page_is_read() -> None:
    here = world(ok({"results": [record(1, email="a@b.co"), record(2)], "paging": {"next": {"after": "3"}}}))
    page = objects.list_page(here.client, "contacts", properties=["email", "phone"], after="1", limit=2)
    assert here.hubspot.paths() == [
        "GET /crm/objects/2026-03/contacts?limit=2&after=1&archived=false&properties=email,phone"
    ]
    assert page.after == "3"
    assert page.results[0] == Record(
        id=1,
        properties={"hs_object_id": "1", "email": "a@b.co"},
        created_at=datetime(2019, 10, 30, 3, 30, 17, 883000, UTC),
        updated_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        archived=False,
        url="https://app.hubspot.com/contacts/123/record/0-1/1",
    )
    assert not page.results[0].merged


def test_an_archived_record_says_since_when() -> None:
    gone = record(1, archived=True) | {"archivedAt": "2026-02-03T00:00:00Z"}
    here = world(ok({"results": [gone]}))
    page = objects.list_page(here.client, "contacts", archived=True)
    assert page.results[0].archived
    assert page.results[0].archived_at == datetime(2026, 2, 3, tzinfo=UTC)
    assert "archived=true" in here.hubspot.paths()[0]


def test_all_records_come_page_by_page() -> None:
    first = {"results": [record(1), record(2)], "paging": {"next": {"after": "3"}}}
    here = world(ok(first), ok({"results": [record(3)]}))
    assert [one.id for one in objects.list_all(here.client, "deals")] == [1, 2, 3]
    assert here.hubspot.paths() == [
        "GET /crm/objects/2026-03/deals?limit=100&archived=false",
        "GET /crm/objects/2026-03/deals?limit=100&after=3&archived=false",
    ]


@pytest.mark.parametrize("first", ["3", "4"])
def test_a_page_that_leads_to_itself_is_the_last(first: str) -> None:
    """Else one answer of HubSpot's would keep a process busy for ever."""
    pages = [{"results": [record(1)], "paging": {"next": {"after": after}}} for after in (first, "4")]
    here = world(*map(ok, pages))
    with pytest.raises(errors.ResponseInvalid, match="should lead on"):
        list(itertools.islice(objects.list_all(here.client, "deals"), 100))
    assert len(here.hubspot.asked) == (2 if first == "4" else 3)


@pytest.mark.parametrize("archived", [False, True])
def test_many_properties_go_in_a_body_not_in_the_address(archived: bool) -> None:
    ids = {"results": [record(1), record(2), record(3)], "paging": {"next": {"after": "4"}}}
    wide = {"results": [record(3, a="3"), record(1, a="1")]}
    here = world(ok(ids), ok(wide, 207))
    page = objects.list_page(here.client, "contacts", properties=MANY, archived=archived)
    assert [(one.id, one.properties["a"]) for one in page.results] == [(1, "1"), (3, "3")]
    assert page.after == "4"
    listed, read = here.hubspot.asked
    assert b"properties" not in listed.url.query
    assert read.url.path == "/crm/objects/2026-03/contacts/batch/read"
    assert (b"archived=true" in read.url.query) == archived
    inputs = [{"id": "1"}, {"id": "2"}, {"id": "3"}]
    assert json.loads(read.content) == {"inputs": inputs, "properties": MANY}
    assert all(len(request.url.raw_path) < 4_200 for request in here.hubspot.asked)


def test_an_empty_page_needs_no_second_call() -> None:
    here = world(ok({"results": []}))
    assert objects.list_page(here.client, "contacts", properties=MANY).results == ()
    assert len(here.hubspot.asked) == 1


def test_a_record_is_read() -> None:
    here = world(ok(record(7, email=None)))
    one = objects.get(here.client, "0-1", 7, properties=["email"])
    assert (one.id, one.requested_id, one.merged) == (7, 7, False)
    assert one.properties["email"] is None
    assert here.hubspot.paths() == ["GET /crm/objects/2026-03/0-1/7?archived=false&properties=email"]


def test_a_record_that_was_merged_away_answers_with_the_one_it_lives_on_in() -> None:
    one = objects.get(world(ok(record(9))).client, "contacts", 7)
    assert (one.id, one.requested_id, one.merged) == (9, 7, True)


def test_a_wide_record_is_found_first_and_read_then() -> None:
    here = world(ok(record(9)), ok({"results": [record(9, a="1")]}))
    one = objects.get(here.client, "contacts", 7, properties=MANY)
    assert (one.id, one.merged, one.properties["a"]) == (9, True, "1")


def test_a_record_that_is_not_there_is_not_found() -> None:
    with pytest.raises(errors.NotFound):
        objects.get(world(refusal(404)).client, "contacts", 7)


def test_a_record_is_created_with_its_associations() -> None:
    here = world(ok(record(8), 201))
    to = AssociatedWith(5, (AssociationType(279), AssociationType(12, "USER_DEFINED")))
    assert objects.create(here.client, "contacts", {"email": "a@b.co"}, associations=[to]).id == 8
    assert here.hubspot.paths() == ["POST /crm/objects/2026-03/contacts"]
    assert here.hubspot.bodies() == [
        {
            "properties": {"email": "a@b.co"},
            "associations": [
                {
                    "to": {"id": "5"},
                    "types": [
                        {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279},
                        {"associationCategory": "USER_DEFINED", "associationTypeId": 12},
                    ],
                }
            ],
        }
    ]


def test_a_creation_whose_answer_is_lost_is_not_repeated() -> None:
    here = world(refusal(502), ok(record(8), 201))
    with pytest.raises(errors.Overloaded):
        objects.create(here.client, "contacts", {})
    assert len(here.hubspot.asked) == 1


def test_an_update_may_be_repeated_and_follows_merges() -> None:
    here = world(refusal(502), ok(record(9)))
    one = objects.update(here.client, "contacts", 7, {"phone": ""})
    assert one.merged
    assert here.hubspot.paths() == ["PATCH /crm/objects/2026-03/contacts/7"] * 2
    assert here.hubspot.bodies()[0] == {"properties": {"phone": ""}}


def test_archive_merge_and_privacy_deletion() -> None:
    here = world(ok(status=204), ok(record(9)), ok(status=204))
    objects.archive(here.client, "deals", 1)
    merged = objects.merge(here.client, "contacts", 1, 2)
    objects.privacy_delete(here.client, "contacts", 3)
    assert (merged.id, merged.merged) == (9, True)
    assert here.hubspot.paths() == [
        "DELETE /crm/objects/2026-03/deals/1",
        "POST /crm/objects/2026-03/contacts/merge",
        "POST /crm/objects/2026-03/contacts/gdpr-delete",
    ]
    assert [request.content for request in here.hubspot.asked[1:]] == [
        b'{"primaryObjectId":"1","objectIdToMerge":"2"}',
        b'{"objectId":"3"}',
    ]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"id": "abc"}, "$.results[1].id should be an id of digits, is text"),
        ({"id": None}, "$.results[1].id should be an id of digits, is null"),
        ({"properties": None}, "$.results[1].properties should be an object, is null"),
        ({"properties": {"n": 5}}, "$.results[1].properties.n should be text or null, is a number"),
        ({"updatedAt": None}, "$.results[1].updatedAt should be text, is null"),
        ({"createdAt": "x"}, "$.results[1].createdAt should be a time, is text"),
        ({"archived": "no"}, "$.results[1].archived should be true or false, is text"),
    ],
)
def test_a_record_of_another_shape_is_named(change: dict[str, Any], complaint: str) -> None:
    here = world(ok({"results": [record(1), record(2) | change]}))
    with pytest.raises(errors.ResponseInvalid) as caught:
        objects.list_page(here.client, "contacts")
    assert caught.value.detail == complaint
    assert "/crm/objects/{version}/{object_type} (portal 123)" in str(caught.value)
