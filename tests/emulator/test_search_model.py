"""Search, batches and merges against a model too simple to be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.clock import Clock
from emulator.crm import merges, writes
from emulator.crm.object_types import COMPANY, CONTACT
from emulator.crm.records import Record, by_user
from emulator.crm.search.engine import search
from emulator.crm.search.request import Filter, SearchRequest
from emulator.crm.store import Crm
from emulator.errors import HubSpotError

SOURCE = by_user(1)
WORDS = ["ada", "Bea", "cleo", "BEA"]
CITIES = ["Graz", "graz", "Lyon", ""]
NUMBERS = ["", "1", "2", "10"]
STAGES = ["", "lead", "customer"]


class Portal:
    """A portal whose time moves by a millisecond per look."""

    def __init__(self) -> None:
        self._ticks = iter(range(1_000, 10**9))
        self.crm = Crm(1, Clock(lambda: next(self._ticks)), {})

    def live(self) -> Iterator[Record]:
        table = self.crm.table(CONTACT)
        return (record for _, record in sorted(table.records.items()) if record.archived_at is None)


people = st.fixed_dictionaries(
    {
        "firstname": st.sampled_from(WORDS),
        "city": st.sampled_from(CITIES),
        "numemployees": st.sampled_from(NUMBERS),
        "lifecyclestage": st.sampled_from(STAGES),
    }
)
filters = st.one_of(
    st.builds(
        Filter,
        st.sampled_from(["firstname", "city"]),
        st.sampled_from(["EQ", "NEQ", "GT", "GTE", "LT", "LTE"]),
        st.sampled_from(WORDS + CITIES[:3]),
    ),
    st.builds(
        Filter,
        st.just("numemployees"),
        st.sampled_from(["EQ", "NEQ", "GT", "GTE", "LT", "LTE"]),
        st.sampled_from(NUMBERS[1:]),
    ),
    st.builds(
        lambda name, operator, values: Filter(name, operator, values=tuple(values)),
        st.sampled_from(["firstname", "city", "lifecyclestage", "numemployees"]),
        st.sampled_from(["IN", "NOT_IN"]),
        st.lists(st.sampled_from(["1", "10", "2"]), min_size=1, max_size=2),
    ),
    st.builds(
        Filter,
        st.sampled_from(["city", "numemployees", "lifecyclestage"]),
        st.sampled_from(["HAS_PROPERTY", "NOT_HAS_PROPERTY"]),
    ),
    st.builds(
        Filter,
        st.just("hs_object_id"),
        st.sampled_from(["EQ", "NEQ", "GT", "GTE", "LT", "LTE"]),
        st.integers(100, 115).map(str),
    ),
    st.builds(
        lambda low, high: Filter("lastmodifieddate", "BETWEEN", str(low), str(high)),
        st.integers(990, 1_040),
        st.integers(990, 1_060),
    ),
    st.builds(
        Filter,
        st.just("lastmodifieddate"),
        st.sampled_from(["GT", "GTE", "LT", "LTE"]),
        st.integers(990, 1_060).map(str),
    ),
)


def value_of(record: Record, name: str) -> Any:
    if name == "hs_object_id":
        return record.id
    if name == "lastmodifieddate":
        return record.updated_at
    text = record.values.get(name)
    if text is None:
        return None
    if name == "numemployees":
        return float(text)
    return text if name == "lifecyclestage" else text.lower()


def matches(record: Record, wanted: Filter) -> bool:
    value = value_of(record, wanted.name)
    if wanted.operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return (value is not None) == (wanted.operator == "HAS_PROPERTY")
    if value is None:
        return False
    if wanted.operator in ("IN", "NOT_IN"):
        members = [float(v) if wanted.name == "numemployees" else v for v in wanted.values]
        return (value in members) == (wanted.operator == "IN")
    kind = type(value)
    low = kind(wanted.value) if kind is not str else wanted.value.lower()
    high = kind(wanted.high) if wanted.high else low
    outcomes: dict[str, bool] = {
        "EQ": value == low,
        "NEQ": value != low,
        "GT": value > low,
        "GTE": value >= low,
        "LT": value < low,
        "LTE": value <= low,
        "BETWEEN": low <= value <= high,
    }
    return outcomes[wanted.operator]


def in_order(records: list[Record], sort: str | None, descending: bool) -> list[Record]:
    if sort is None:
        return sorted(records, key=lambda r: r.id, reverse=descending)
    having = [r for r in records if value_of(r, sort) is not None]
    lacking = [r for r in records if value_of(r, sort) is None]
    having.sort(key=lambda r: value_of(r, sort), reverse=descending)
    return having + lacking


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    made=st.lists(people, max_size=12),
    edits=st.lists(st.tuples(st.integers(0, 11), st.sampled_from(["update", "archive"]), people), max_size=8),
    groups=st.lists(st.lists(filters, min_size=1, max_size=3), max_size=3),
    sort=st.sampled_from([None, "hs_object_id", "numemployees", "lastmodifieddate", "firstname"]),
    descending=st.booleans(),
    limit=st.integers(1, 5),
)
def test_search_finds_what_looking_at_every_record_finds(
    made: list[dict[str, str]],
    edits: list[tuple[int, str, dict[str, str]]],
    groups: list[list[Filter]],
    sort: str | None,
    descending: bool,
    limit: int,
) -> None:
    portal = Portal()
    records = [writes.create(portal.crm, CONTACT, values, SOURCE) for values in made]
    for place, operation, values in edits:
        record = records[place] if place < len(records) else None
        if record is None or record.archived_at is not None:
            continue
        if operation == "update":
            writes.update(portal.crm, CONTACT, record, values, SOURCE)
        else:
            writes.archive(portal.crm, CONTACT, record, SOURCE)
    expected = [r for r in portal.live() if not groups or any(all(matches(r, f) for f in group) for group in groups)]
    expected = in_order(expected, sort, descending and sort is not None)
    found: list[Record] = []
    after: int | None = 0
    while after is not None:
        request = SearchRequest(tuple(map(tuple, groups)), "", sort, descending and sort is not None, limit, after, ())
        page = search(portal.crm, CONTACT, request)
        assert page.total == len(expected)
        found += page.records
        after = page.following
    assert [r.id for r in found] == [r.id for r in expected]


operations = st.one_of(
    st.tuples(st.just("create"), st.sampled_from(["a@b.co", "b@b.co", "c@b.co", ""]), st.just(0)),
    st.tuples(st.just("merge"), st.integers(0, 7), st.integers(0, 7)),
    st.tuples(st.just("archive"), st.integers(0, 7), st.just(0)),
    st.tuples(st.just("restore"), st.integers(0, 7), st.just(0)),
    st.tuples(st.just("privacy"), st.integers(0, 7), st.just(0)),
    st.tuples(st.just("address"), st.integers(0, 7), st.sampled_from(["a@b.co", "b@b.co", "d@b.co"])),
    st.tuples(st.just("link"), st.integers(0, 7), st.integers(0, 2)),
    st.tuples(st.just("unlink"), st.integers(0, 7), st.integers(0, 2)),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(operations, max_size=25))
def test_whatever_is_written_the_indexes_agree_with_the_records(steps: list[tuple[Any, ...]]) -> None:
    portal = Portal()
    crm, table = portal.crm, portal.crm.table(CONTACT)
    companies = [writes.create(crm, COMPANY, {"name": f"C{n}"}, SOURCE) for n in range(3)]
    known: list[int] = []
    for operation, first, second in steps:
        _do(crm, known, companies, operation, first, second)
        _check(crm)
    for number in known:
        resolved = table.resolve(number)
        assert resolved == number or resolved not in table.aliases


def _do(crm: Crm, known: list[int], companies: list[Record], operation: str, first: Any, second: Any) -> None:
    """One step; what HubSpot refuses must change nothing, which `_check` sees."""
    table = crm.table(CONTACT)
    try:
        if operation == "create":
            known.append(writes.create(crm, CONTACT, {"email": first, "firstname": "X"}, SOURCE).id)
            return
        record = table.records.get(table.resolve(known[first])) if first < len(known) else None
        if record is None:
            return
        if operation == "restore" and record.archived_at is not None:
            writes.restore(crm, CONTACT, record, SOURCE)
        elif operation == "privacy":
            writes.privacy_delete(crm, CONTACT, record, SOURCE)
        elif record.archived_at is None:
            _do_live(crm, known, companies, record, operation, second)
    except HubSpotError:
        return


def _do_live(crm: Crm, known: list[int], companies: list[Record], record: Record, operation: str, second: Any) -> None:
    table = crm.table(CONTACT)
    if operation == "archive":
        writes.archive(crm, CONTACT, record, SOURCE)
    elif operation == "address":
        writes.update(crm, CONTACT, record, {"email": second}, SOURCE)
    elif operation == "link":
        writes.associate_as_user(crm, CONTACT, record.id, COMPANY, companies[second].id, SOURCE)
    elif operation == "unlink":
        writes.disassociate(crm, CONTACT, record.id, COMPANY, companies[second].id, SOURCE)
    elif operation == "merge" and second < len(known):
        other = table.live_record(table.resolve(known[second]))
        if other is not None:
            known.append(merges.merge(crm, CONTACT, record, other, SOURCE).id)


def _check(crm: Crm) -> None:
    table = crm.table(CONTACT)
    live = [r for r in table.records.values() if r.archived_at is None]
    assert list(table.live) == sorted(r.id for r in live)
    assert list(table.archived) == sorted(r.id for r in table.records.values() if r.archived_at is not None)
    addresses: dict[str, int] = {}
    for record in live:
        extra = record.values.get("hs_additional_emails", "").split(";")
        for address in [record.values.get("email", ""), *extra]:
            if address:
                assert addresses.setdefault(address, record.id) == record.id, "one address, one contact"
    assert table.unique["email"] == addresses
    assert sorted(table.modified.between(None, None)) == sorted(table.records)
    assert not set(table.aliases) & set(table.records)
    _check_links(crm, set(table.records))


def _check_links(crm: Crm, contacts: set[int]) -> None:
    pairs = 0
    for contact_id in contacts:
        targets = crm.links.targets(CONTACT, contact_id, COMPANY)
        pairs += len(targets)
        assert sum(1 in types for types in targets.values()) <= 1, "at most one primary company"
        for company_id, types in targets.items():
            assert 279 in types
            back = crm.links.targets(COMPANY, company_id, CONTACT)[contact_id]
            assert sorted(crm.association_types[key].inverse_key for key in types) == sorted(back)
    assert crm.links.count == 2 * pairs
