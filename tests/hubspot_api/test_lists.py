"""Lists and who is on them, in the emulator."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from emulator.lists.registry import LEGACY_OFFSET
from hubspot_api import batches, errors, list_conversions, list_folders, list_memberships, lists, objects
from hubspot_api.batches import NewRecord
from hubspot_api.client import Client
from hubspot_api.list_conversions import Inactivity
from hubspot_api.list_memberships import Changed
from tests.hubspot_api.emulated import Place
from tests.hubspot_api.fakes import ok, world

LIST = {
    "listId": "5",
    "listVersion": 1,
    "name": "L",
    "objectTypeId": "0-1",
    "processingType": "MANUAL",
    "processingStatus": "COMPLETE",
}


def named(name: str, property_name: str = "firstname") -> dict[str, object]:
    """Filters for records by a property's value."""
    operation = {"operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": [name]}
    one = {"filterType": "PROPERTY", "property": property_name, "operation": operation}
    both = {"filterBranchType": "AND", "filterBranchOperator": "AND", "filterBranches": [], "filters": [one]}
    return {"filterBranchType": "OR", "filterBranchOperator": "OR", "filterBranches": [both], "filters": []}


def contacts(client: Client, count: int, first_name: str = "Eva") -> list[int]:
    new = [NewRecord({"firstname": first_name}) for _ in range(count)]
    return sorted(one.id for one in batches.create(client, "contacts", new).results)


def test_a_list_lives_and_dies_and_lives(place: Place) -> None:
    client = place.client()
    made = lists.create(client, "0-1", "VIPs")
    assert (made.name, made.object_type_id, made.processing, made.status) == ("VIPs", "0-1", "MANUAL", "COMPLETE")
    assert (made.size, made.deleted_at, made.filters) == (0, None, None)
    assert lists.get(client, made.id) == made == lists.get_by_name(client, "0-1", "VIPs")
    renamed = lists.rename(client, made.id, "Friends")
    assert (renamed.id, renamed.name) == (made.id, "Friends")
    lists.delete(client, made.id)
    assert lists.get(client, made.id).deleted_at is not None
    with pytest.raises(errors.NotFound):
        lists.get_by_name(client, "0-1", "Friends")
    lists.restore(client, made.id)
    assert lists.get_by_name(client, "0-1", "Friends").deleted_at is None


def test_a_list_with_filters_follows_them(place: Place) -> None:
    client = place.client()
    (ada,), (bob,) = contacts(client, 1, "Ada"), contacts(client, 1, "Bob")
    made = lists.create(client, "0-1", "Namesakes", processing="DYNAMIC", filters=named("Ada"))
    assert made.filters is not None
    assert made.size == 1
    assert [one.record_id for one in list_memberships.list_all(client, made.id)] == [ada]
    assert lists.get(client, made.id).filters is None
    changed = lists.refilter(client, made.id, named("Bob"))
    assert changed.filters == lists.get(client, made.id, filters=True).filters != made.filters
    assert [one.record_id for one in list_memberships.list_all(client, made.id)] == [bob]
    with pytest.raises(errors.ValidationFailed):
        list_memberships.add(client, made.id, [ada])


def test_lists_are_found_page_by_page(place: Place) -> None:
    client = place.client()
    made = [lists.create(client, "0-1", f"Found {number}") for number in range(5)]
    dynamic = lists.create(client, "0-2", "Found 5", processing="DYNAMIC", filters=named("a.example", "domain"))
    list_memberships.add(client, made[0].id, contacts(client, 3))
    first = lists.find_page(client, "found", limit=4)
    assert (len(first.results), first.offset, first.total) == (4, 4, 6)
    second = lists.find_page(client, "found", limit=4, offset=4)
    assert (len(second.results), second.offset) == (2, None)
    assert {one.id for one in first.results + second.results} == {one.id for one in [*made, dynamic]}
    assert [one.size for one in first.results if one.id == made[0].id] == [3]

    def ids(**narrowed: object) -> set[int]:
        return {one.id for one in lists.find_page(client, **narrowed).results}  # type: ignore[arg-type]

    assert ids(text="found", object_type_id="0-2") == {dynamic.id}
    assert ids(text="found", processing=["DYNAMIC"]) == {dynamic.id}
    assert ids(ids=[made[1].id, made[2].id]) == {made[1].id, made[2].id}
    assert len(list(lists.find_all(client, "found", object_type_id="0-1"))) == 5
    with pytest.raises(errors.ValidationFailed):
        lists.find_page(client, processing=["MAGIC"])


def test_all_lists_are_many_calls_and_end_before_the_wall() -> None:
    def answer(offset: int) -> dict[str, object]:
        return {"lists": [LIST], "hasMore": True, "offset": offset, "total": 12_000}

    here = world(ok(answer(500)), ok(answer(9_400)), ok(answer(9_900)), ok(answer(10_000)))
    assert len(list(lists.find_all(here.client))) == 3
    assert [body["offset"] for body in here.hubspot.bodies()] == [0, 500, 9_400]
    empty = world(ok(answer(500) | {"lists": []}))
    assert list(lists.find_all(empty.client)) == []
    assert len(empty.hubspot.asked) == 1
    for limit, offset in ((0, 0), (501, 0), (1, 10_000)):
        with pytest.raises(ValueError, match="first 10000"):
            lists.find_page(here.client, limit=limit, offset=offset)


def test_a_page_of_all_lists_that_leads_to_itself_is_the_last() -> None:
    here = world(ok({"results": [LIST], "paging": {"next": {"after": "7"}}}))
    with pytest.raises(errors.ResponseInvalid, match="should lead on"):
        list(itertools.islice(lists.every(here.client), 100))
    assert len(here.hubspot.asked) == 2


def test_lists_that_are_refused(place: Place) -> None:
    client = place.client()
    made = lists.create(client, "0-1", "VIPs")
    with pytest.raises(errors.ValidationFailed) as taken:
        lists.create(client, "0-1", "VIPs")
    assert taken.value.sub_category == "ILS.DUPLICATE_LIST_NAMES"
    with pytest.raises(errors.ValidationFailed):
        lists.create(client, "0-1", "Filters missing", processing="DYNAMIC")
    lists.delete(client, made.id)
    for call in (lists.delete, list_memberships.clear):
        with pytest.raises(errors.NotFound):
            call(client, made.id)
    lists.create(client, "0-1", "VIPs")
    with pytest.raises(errors.ValidationFailed):
        lists.restore(client, made.id)


def test_members_come_and_go(place: Place) -> None:
    client = place.client()
    vips = lists.create(client, "0-1", "VIPs").id
    ids = contacts(client, 600)
    late, *others = ids
    assert list_memberships.add(client, vips, others) == Changed(added=tuple(others))
    assert list_memberships.add(client, vips, [late, others[0], 999_999_999]) == Changed((late,), (), (999_999_999,))
    assert [one.record_id for one in list_memberships.list_all(client, vips)] == ids
    assert [one.record_id for one in list_memberships.list_all(client, vips, by_joining=True)] == [*others, late]
    first = list_memberships.list_page(client, vips, limit=10)
    second = list_memberships.list_page(client, vips, limit=10, after=first.after)
    assert [one.record_id for one in first.results + second.results] == ids[:20]
    assert list_memberships.remove(client, vips, [*ids[:500], ids[0]]) == Changed(removed=tuple(ids[:500]))

    more = lists.create(client, "0-1", "More").id
    list_memberships.add_from(client, more, vips)
    assert [one.record_id for one in list_memberships.list_all(client, more)] == ids[500:]
    list_memberships.clear(client, more)
    assert list(list_memberships.list_all(client, more)) == []
    with pytest.raises(errors.ValidationFailed):
        list_memberships.add_from(client, more, more)


def test_more_ids_than_one_call_takes_are_sent_in_parts() -> None:
    def came(added: str, missing: str) -> dict[str, list[str]]:
        return {"recordsIdsAdded": [added], "recordIdsRemoved": [], "recordIdsMissing": [missing]}

    here = world(ok(came("1", "2")), ok(came("10001", "10002")))
    changed = list_memberships.add(here.client, 5, range(1, 10_003))
    assert changed == Changed((1, 10_001), (), (2, 10_002))
    assert [len(body) for body in here.hubspot.bodies()] == [10_000, 2]


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
def test_the_lists_of_records(place: Place, version: str) -> None:
    client = place.client(version=version)
    both, one_of_them = (lists.create(client, "0-1", name).id for name in ("A", "B"))
    ids = contacts(client, 120)
    list_memberships.add(client, both, ids)
    list_memberships.add(client, one_of_them, ids[:1])
    assert {one.list_id for one in list_memberships.of_record(client, "0-1", ids[0])} == {both, one_of_them}
    found = list_memberships.of_records(client, "0-1", [*ids, 999_999_999])
    by_id = {one.record_id: [on.list_id for on in one.lists] for one in found.results}
    assert by_id == {one: [both] for one in ids} | {ids[0]: [both, one_of_them]}
    assert [detail.ids for detail in found.errors] == [("999999999",)]
    list_memberships.remove(client, both, ids[:1])
    place.control("clock", advance_s=60)
    list_memberships.add(client, both, ids[:1])
    (again,) = (one for one in list_memberships.of_record(client, "0-1", ids[0]) if one.list_id == both)
    assert again.joined_at - again.first_joined_at >= timedelta(seconds=60)
    objects.archive(client, "contacts", ids[1])
    with pytest.raises(errors.NotFound):
        list_memberships.of_record(client, "0-1", ids[1])


def test_all_lists_come_by_a_cursor_without_a_wall(place: Place) -> None:
    client = place.client()
    made = [lists.create(client, "0-1", f"Every {number}") for number in range(501)]
    dynamic = lists.create(client, "0-2", "Some", processing="DYNAMIC", filters=named("a.example", "domain"))
    found = list(lists.every(client))
    assert [one.id for one in found] == [one.id for one in [*made, dynamic]]
    assert {record.path for record in place.log.records[-2:]} == {"/crm/lists/{version}/all"}
    assert found[0].size == 0
    assert [one.id for one in lists.every(client, object_type_id="0-2", processing=["DYNAMIC"])] == [dynamic.id]
    with pytest.raises(errors.ValidationFailed):
        list(lists.every(client, processing=["MAGIC"]))


def test_ids_of_the_first_generation(place: Place) -> None:
    client = place.client()
    made = lists.create(client, "0-1", "Old")
    old = made.id + LEGACY_OFFSET
    found = lists.from_legacy_ids(client, [old, 7, old])
    assert (found.by_legacy_id, found.missing) == ({old: made.id}, (7,))


def test_folders_hold_lists_and_folders(place: Place) -> None:
    client = place.client()
    vips = lists.create(client, "0-1", "VIPs")
    outer, other = (list_folders.create(client, name) for name in ("Outer", "Other"))
    inner = list_folders.create(client, "Inner", parent_id=outer.id)
    list_folders.move_list(client, vips.id, inner.id)
    assert list_folders.get(client, inner.id).list_ids == (vips.id,)
    assert [one.name for one in list_folders.get(client).folders] == ["Outer", "Other"]
    moved = list_folders.move(client, inner.id, other.id)
    assert (moved.parent_id, moved.list_ids) == (other.id, (vips.id,))
    assert list_folders.rename(client, inner.id, "Best").name == "Best"
    with pytest.raises(errors.BadRequest):
        list_folders.delete(client, inner.id)
    list_folders.move_list(client, vips.id, list_folders.ROOT)
    list_folders.delete(client, inner.id)
    with pytest.raises(errors.NotFound):
        list_folders.get(client, inner.id)


def test_a_list_turns_static(place: Place) -> None:
    client = place.client()
    made = lists.create(client, "0-1", "Namesakes", processing="DYNAMIC", filters=named("Ada"))
    with pytest.raises(errors.NotFound):
        list_conversions.get(client, made.id)
    by_date = list_conversions.schedule(client, made.id, date(2100, 2, 28))
    assert (by_date.when, by_date.converted_at) == (date(2100, 2, 28), None)
    assert list_conversions.get(client, made.id) == by_date
    list_conversions.cancel(client, made.id)
    list_conversions.schedule(client, made.id, Inactivity(2, "WEEK"))
    place.control("clock", advance_s=15 * 86_400)
    client = place.client()
    done = list_conversions.get(client, made.id)
    assert done.when == Inactivity(2, "WEEK")
    assert done.converted_at is not None
    with pytest.raises(ValueError, match="DAY, WEEK, MONTH"):
        list_conversions.schedule(client, made.id, Inactivity(1, "YEAR"))
    with pytest.raises(errors.BadRequest):
        list_conversions.schedule(client, lists.create(client, "0-1", "Manual").id, date(2100, 1, 1))


def test_how_large_a_list_was(place: Place) -> None:
    client = place.client()
    made = lists.create(client, "0-1", "VIPs")
    list_memberships.add(client, made.id, contacts(client, 3))
    begin, end = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    history = list_conversions.history(client, made.id, begin, end)
    assert [one.size for one in history.sizes] == [3]
    assert list_conversions.history(client, made.id, begin, begin).sizes == ()
    with pytest.raises(ValueError, match="zone"):
        list_conversions.history(client, made.id, datetime(2000, 1, 1), end)  # noqa: DTZ001 - what is refused
