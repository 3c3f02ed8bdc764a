from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx2
import pytest

from hubspot_api import errors, search
from hubspot_api.ports import Bucket
from hubspot_api.search import Filter, Query, between, contains, eq, gt, gte, has, lacks, lt, lte, neq, none_of, one_of
from tests.hubspot_api.fakes import Reply, ok, record, world


@pytest.mark.parametrize(
    ("condition", "spelled"),
    [
        (eq("a", "x"), {"operator": "EQ", "value": "x"}),
        (neq("a", 5), {"operator": "NEQ", "value": "5"}),
        (lt("a", 1.5), {"operator": "LT", "value": "1.5"}),
        (lte("a", True), {"operator": "LTE", "value": "true"}),
        (gt("a", ""), {"operator": "GT", "value": ""}),
        (gte("a", datetime(2026, 1, 1, tzinfo=UTC)), {"operator": "GTE", "value": "1767225600000"}),
        (between("a", 1, 2), {"operator": "BETWEEN", "value": "1", "highValue": "2"}),
        (one_of("a", "x", "y"), {"operator": "IN", "values": ["x", "y"]}),
        (none_of("a", "x"), {"operator": "NOT_IN", "values": ["x"]}),
        (search.one_of_texts("a", "Ada", "BOB"), {"operator": "IN", "values": ["ada", "bob"]}),
        (search.none_of_texts("a", "Ada"), {"operator": "NOT_IN", "values": ["ada"]}),
        (has("a"), {"operator": "HAS_PROPERTY"}),
        (lacks("a"), {"operator": "NOT_HAS_PROPERTY"}),
        (contains("a", "*@x.co"), {"operator": "CONTAINS_TOKEN", "value": "*@x.co"}),
        (search.lacks_token("a", "x"), {"operator": "NOT_CONTAINS_TOKEN", "value": "x"}),
    ],
)
def test_every_operator_is_spelled_as_hubspot_takes_it(condition: Filter, spelled: dict[str, Any]) -> None:
    assert condition.wire() == {"propertyName": "a", **spelled}


def test_associations_are_searched_by_a_property_of_their_own() -> None:
    spelled = search.associated_with("company", 7).wire()
    assert spelled == {"propertyName": "associations.company", "operator": "EQ", "value": "7"}


@pytest.mark.parametrize("custom", ["2-123456", "p_pet", "p123_pet"])
def test_custom_objects_cannot_be_searched_by(custom: str) -> None:
    with pytest.raises(ValueError, match="custom objects"):
        search.associated_with(custom, 7)
    assert search.associated_with("product", 7).property == "associations.product"


def test_times_are_milliseconds_whatever_their_zone_and_never_the_epoch() -> None:
    in_zone = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert gte("a", in_zone).value == "1767225600000"
    assert gte("a", datetime(1970, 1, 1, tzinfo=UTC)).value == "1000"


def test_a_list_filter_needs_a_value() -> None:
    with pytest.raises(ValueError, match="at least one"):
        one_of("a")


def test_groups_are_alternatives_and_where_narrows_all_of_them() -> None:
    query = Query().where(eq("a", 1), has("b")).or_where(eq("c", 2)).where(has("d"))
    names = [[one.property for one in group] for group in query.groups]
    assert names == [["a", "b", "d"], ["c", "d"]]


def test_a_query_is_spelled_whole() -> None:
    query = Query().containing("acme").where(eq("a", 1)).select("x").select("y", "z").sorted_by("s", descending=True)
    assert query.wire() == {
        "filterGroups": [{"filters": [{"propertyName": "a", "operator": "EQ", "value": "1"}]}],
        "properties": ["x", "y", "z"],
        "query": "acme",
        "sorts": [{"propertyName": "s", "direction": "DESCENDING"}],
    }
    assert Query().wire() == {"filterGroups": [], "properties": []}
    assert Query().sorted_by("s").wire()["sorts"] == [{"propertyName": "s", "direction": "ASCENDING"}]


def test_hubspots_limits_are_known_here() -> None:
    six = [has(f"p{number}") for number in range(6)]
    five = Query()
    for _ in range(5):
        five = five.or_where(has("a"))
    with pytest.raises(ValueError, match="5 groups"):
        five.or_where(has("a"))
    with pytest.raises(ValueError, match="1 to 6"):
        Query().where(*six, has("x"))
    with pytest.raises(ValueError, match="1 to 6"):
        Query().or_where()
    with pytest.raises(ValueError, match="18 filters"):
        Query().or_where(*six).or_where(*six).or_where(*six).or_where(has("a"))


def test_a_text_has_a_longest_length() -> None:
    assert Query().containing("x" * 3_000).text
    with pytest.raises(ValueError, match="3000"):
        Query().containing("x" * 3_001)


@pytest.mark.parametrize(("after", "limit"), [(None, 0), (None, 201), ("9801", 200), ("10000", 1)])
def test_a_page_that_hubspot_would_refuse_is_not_asked_for(after: str | None, limit: int) -> None:
    here = world(ok())
    with pytest.raises(ValueError, match="first 10000"):
        search.page(here.client, "contacts", Query(), after=after, limit=limit)
    assert here.hubspot.asked == []


def test_a_page_is_read() -> None:
    here = world(ok({"total": 300, "results": [record(1)], "paging": {"next": {"after": "200"}}}))
    page = search.page(here.client, "contacts", Query().where(has("email")), after="0", limit=50)
    assert (page.total, page.after, page.results[0].id) == (300, "200", 1)
    assert here.hubspot.paths() == ["POST /crm/objects/2026-03/contacts/search"]
    assert here.hubspot.bodies()[0] | {"filterGroups": []} == {
        "filterGroups": [],
        "properties": [],
        "limit": 50,
        "after": "0",
    }
    assert here.log.records[0].bucket is Bucket.SEARCH


def test_the_total_is_asked_for_alone() -> None:
    here = world(ok({"total": 12_345, "results": []}))
    assert search.total(here.client, "contacts", Query().select("email")) == 12_345
    assert here.hubspot.bodies()[0] == {"filterGroups": [], "properties": [], "limit": 1}


def index_of(ids: list[int], lag: frozenset[int] = frozenset()) -> Reply:
    """Return a search that obeys the id filter, sorts, pages by offset, and stops at 10,000 as HubSpot does."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        body = httpx2.Response(200, content=request.content).json()
        assert body["sorts"] == [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
        bounds = [one["value"] for one in body["filterGroups"][0]["filters"] if one["propertyName"] == "hs_object_id"]
        offset, limit = int(body.get("after", 0)), body["limit"]
        if offset + limit > search.REACH:
            return httpx2.Response(400, json={"category": "VALIDATION_ERROR", "message": "too far"})
        matching = [one for one in ids if one > int(bounds[0])]
        shown = [record(one) for one in matching[offset : offset + limit] if one not in lag]
        more = {"paging": {"next": {"after": str(offset + limit)}}} if len(matching) > offset + limit else {}
        return ok({"total": len(matching), "results": shown, **more})

    return answer


def test_every_match_comes_once_and_in_order_beyond_ten_thousand() -> None:
    ids = list(range(5, 35_005, 3))
    here = world(index_of(ids))
    assert [one.id for one in search.every(here.client, "contacts", Query().where(has("email")))] == ids
    assert len(here.hubspot.asked) == -(-len(ids) // 200)
    first = here.hubspot.bodies()[0]["filterGroups"][0]["filters"]
    assert [one["propertyName"] for one in first] == ["email", "hs_object_id"]


def test_records_that_the_index_counts_but_does_not_show_end_nothing() -> None:
    ids = list(range(1, 1001))
    hidden = frozenset(range(150, 651))
    here = world(index_of(ids, lag=hidden))
    assert [one.id for one in search.every(here.client, "contacts", Query())] == [i for i in ids if i not in hidden]


def test_an_index_that_shows_nothing_ends_before_the_wall() -> None:
    ids = list(range(1, 12_001))
    here = world(index_of(ids, lag=frozenset(ids)))
    assert list(search.every(here.client, "contacts", Query())) == []
    assert len(here.hubspot.asked) == 50


def test_a_total_that_lags_behind_does_not_end_it() -> None:
    first, rest = [{"total": 3, "results": [record(one) for one in ids]} for ids in (range(1, 201), range(201, 251))]
    here = world(ok(first), ok(rest))
    assert [one.id for one in search.every(here.client, "contacts", Query())] == list(range(1, 251))


def test_no_match_is_one_call() -> None:
    here = world(ok({"total": 3, "results": []}))
    assert list(search.every(here.client, "contacts", Query())) == []
    assert len(here.hubspot.asked) == 1


def test_a_search_that_does_not_advance_is_not_followed_for_ever() -> None:
    here = world(ok({"total": 9, "results": [record(1)], "paging": {"next": {"after": "200"}}}))
    with pytest.raises(errors.ResponseInvalid):
        list(search.every(here.client, "contacts", Query()))
    assert len(here.hubspot.asked) == 2


def test_a_sorted_query_is_refused() -> None:
    with pytest.raises(ValueError, match="sorts by id"):
        next(search.every(world(ok()).client, "contacts", Query().sorted_by("createdate")))


@pytest.mark.parametrize("after", ["200", "0", "-1", "abc", "1.5", "9" * 5000])
def test_an_empty_page_that_leads_nowhere_ends_the_search(after: str) -> None:
    """The index counts records that it does not show, so empty pages are passed: but not for ever."""
    here = world(ok({"total": 900, "results": [], "paging": {"next": {"after": after}}}))
    with pytest.raises(errors.ResponseInvalid, match="offset that leads on"):
        list(search.every(here.client, "contacts", Query().where(has("email"))))
    assert len(here.hubspot.asked) == (2 if after == "200" else 1)
