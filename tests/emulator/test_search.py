"""Search: operators and their odd rules, sorting, pages, the wall, the lag."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import CRM_SCOPES, HUB, Hub, fresh_email

Json = dict[str, Any]


def where(name: str, operator: str, *values: str, high: str | None = None) -> Json:
    found: Json = {"propertyName": name, "operator": operator}
    if operator in ("IN", "NOT_IN"):
        found["values"] = list(values)
    elif values:
        found["value"] = values[0]
    if high is not None:
        found["highValue"] = high
    return found


def names(hub: Hub, *filters: Json, kind: str = "contacts", shown: str = "firstname", **more: Any) -> list[str]:
    """What a search finds, by first name."""
    body = {"filterGroups": [{"filters": list(filters)}], "properties": [shown], "limit": 100} | more
    answer = hub.search(kind, body)
    assert answer.status_code == 200, answer.text
    return [record["properties"][shown] for record in answer.json()["results"]]


@pytest.fixture
def people(hub: Hub) -> Hub:
    """Ada 10, Bea 200, Cleo without a number; Ada is a lead in New York, the others in Graz."""
    hub.create(
        email="ada@acme.com",
        firstname="Ada",
        city="New York",
        numemployees="10",
        lifecyclestage="lead",
        phone="+1 617 555",
    )
    hub.create(email="bea@other.org", firstname="Bea", city="Graz", numemployees="200", date_of_birth="1990-05-01")
    hub.create(email="cleo@acme.com", firstname="Cleo", city="graz", date_of_birth="2000-01-01")
    return hub


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (where("firstname", "EQ", "ada"), ["Ada"]),
        (where("firstname", "EQ", "ADA"), ["Ada"]),
        (where("firstname", "NEQ", "ada"), ["Bea", "Cleo"]),
        (where("city", "EQ", "graz"), ["Bea", "Cleo"]),
        (where("numemployees", "GT", "10"), ["Bea"]),
        (where("numemployees", "GTE", "10"), ["Ada", "Bea"]),
        (where("numemployees", "LT", "200"), ["Ada"]),
        (where("numemployees", "LTE", "200"), ["Ada", "Bea"]),
        (where("numemployees", "EQ", "10.0"), ["Ada"]),
        (where("numemployees", "BETWEEN", "10", high="200"), ["Ada", "Bea"]),
        (where("numemployees", "IN", "10", "3"), ["Ada"]),
        # Compared as numbers: as text, 9 would be more than 10.
        (where("numemployees", "GT", "9"), ["Ada", "Bea"]),
        # Neither holds for a record without a value.
        (where("numemployees", "NEQ", "10"), ["Bea"]),
        (where("numemployees", "NOT_IN", "10"), ["Bea"]),
        (where("numemployees", "HAS_PROPERTY"), ["Ada", "Bea"]),
        (where("numemployees", "NOT_HAS_PROPERTY"), ["Cleo"]),
        (where("date_of_birth", "LT", "1999-01-01"), ["Bea"]),
        (where("date_of_birth", "GTE", "946684800000"), ["Cleo"]),
        # Only lower-case values can match in a list: the index is lower case.
        (where("city", "IN", "graz"), ["Bea", "Cleo"]),
        (where("city", "IN", "Graz"), []),
        (where("city", "NOT_IN", "graz"), ["Ada"]),
        (where("city", "NOT_IN", "Graz"), ["Ada", "Bea", "Cleo"]),
        # Enumerations are exact.
        (where("lifecyclestage", "EQ", "lead"), ["Ada"]),
        (where("lifecyclestage", "EQ", "Lead"), []),
        (where("lifecyclestage", "IN", "lead", "customer"), ["Ada"]),
        (where("email", "CONTAINS_TOKEN", "*@acme.com"), ["Ada", "Cleo"]),
        (where("email", "CONTAINS_TOKEN", "ada*"), ["Ada"]),
        (where("email", "CONTAINS_TOKEN", "acme.com"), ["Ada", "Cleo"]),
        (where("email", "CONTAINS_TOKEN", "cme.com"), []),
        (where("email", "NOT_CONTAINS_TOKEN", "*@acme.com"), ["Bea"]),
        (where("city", "CONTAINS_TOKEN", "york"), ["Ada"]),
        (where("city", "CONTAINS_TOKEN", "york new"), ["Ada"]),
        (where("city", "CONTAINS_TOKEN", "yor"), []),
        (where("email", "EQ", "ADA@ACME.COM"), ["Ada"]),
        (where("email", "IN", "ada@acme.com", "bea@other.org"), ["Ada", "Bea"]),
        (where("hs_email_domain", "EQ", "acme.com"), ["Ada", "Cleo"]),
    ],
)
def test_operators(people: Hub, wanted: Json, found: list[str]) -> None:
    assert names(people, wanted) == found


def test_filters_of_a_group_must_all_hold_and_of_groups_one(people: Hub) -> None:
    city, domain = where("city", "EQ", "graz"), where("hs_email_domain", "EQ", "acme.com")
    assert names(people, city, domain) == ["Cleo"]
    groups = [{"filters": [city]}, {"filters": [domain]}]
    assert names(people, filterGroups=groups) == ["Ada", "Bea", "Cleo"]


def test_two_ids_at_once_are_nobodys(people: Hub) -> None:
    first, second = (record["id"] for record in people.search("contacts", {}).json()["results"][:2])
    assert names(people, where("hs_object_id", "EQ", first), where("hs_object_id", "EQ", second)) == []


def test_filters_without_a_group(people: Hub) -> None:
    body = {"filters": [where("city", "EQ", "graz")], "properties": ["firstname"]}
    assert len(people.search("contacts", body).json()["results"]) == 2


def test_nothing_asked_finds_everything_oldest_first(people: Hub) -> None:
    answer = people.search("contacts", {"properties": ["firstname"]}).json()
    assert [record["properties"]["firstname"] for record in answer["results"]] == ["Ada", "Bea", "Cleo"]
    assert answer["total"] == 3
    assert "paging" not in answer


def test_what_a_search_returns(people: Hub) -> None:
    record = people.search("contacts", {"filters": [where("firstname", "EQ", "ada")]}).json()["results"][0]
    assert set(record["properties"]) == {
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
    }
    assert record["archived"] is False
    assert "associations" not in record


@pytest.mark.parametrize("version", ["v3", "2025-09", "2026-03", "2026-09"])
def test_in_every_version(people: Hub, version: str) -> None:
    assert people.search("contacts", {}, version).json()["total"] == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ada", ["Ada"]),
        ("ACME", ["Ada", "Cleo"]),
        ("acm", ["Ada", "Cleo"]),
        ("cleo acme", ["Cleo"]),
        ("graz", []),
        ("617555", ["Ada"]),
        ("cme", []),
    ],
)
def test_free_text_looks_at_the_searchable_properties(people: Hub, query: str, found: list[str]) -> None:
    assert names(people, filterGroups=[], query=query) == found


def test_free_text_and_filters_together(people: Hub) -> None:
    assert names(people, where("city", "EQ", "graz"), query="acme") == ["Cleo"]


@pytest.mark.parametrize(
    ("sorts", "found"),
    [
        ([{"propertyName": "firstname", "direction": "DESCENDING"}], ["Cleo", "Bea", "Ada"]),
        ([{"propertyName": "firstname", "direction": "ASCENDING"}], ["Ada", "Bea", "Cleo"]),
        (["-firstname"], ["Cleo", "Bea", "Ada"]),
        (["firstname"], ["Ada", "Bea", "Cleo"]),
        # As numbers; without a value comes last either way.
        (["-numemployees"], ["Bea", "Ada", "Cleo"]),
        (["numemployees"], ["Ada", "Bea", "Cleo"]),
        # Only the first one counts.
        (["-firstname", "firstname"], ["Cleo", "Bea", "Ada"]),
        (["-createdate"], ["Cleo", "Bea", "Ada"]),
        (["-hs_object_id"], ["Cleo", "Bea", "Ada"]),
        ([], ["Ada", "Bea", "Cleo"]),
    ],
)
def test_sorting(people: Hub, sorts: list[Any], found: list[str]) -> None:
    assert names(people, filterGroups=[], sorts=sorts) == found


def test_sorting_by_last_change(people: Hub) -> None:
    [ada] = people.search("contacts", {"filters": [where("firstname", "EQ", "ada")]}).json()["results"]
    people.advance(1)
    people.call("PATCH", f"/crm/v3/objects/contacts/{ada['id']}", {"properties": {"phone": "9"}})
    assert names(people, filterGroups=[], sorts=["-lastmodifieddate"])[0] == "Ada"
    assert names(people, filterGroups=[], sorts=["lastmodifieddate"])[-1] == "Ada"


def test_a_window_of_changes(hub: Hub) -> None:
    times = []
    for name in ("Ada", "Bea", "Cleo"):
        hub.create(email=fresh_email(), firstname=name)
        times.append(str(hub.time.ms))
        hub.time.pass_(10)
    first, second, third = times
    assert names(hub, where("lastmodifieddate", "GTE", second)) == ["Bea", "Cleo"]
    assert names(hub, where("lastmodifieddate", "GT", second)) == ["Cleo"]
    assert names(hub, where("lastmodifieddate", "BETWEEN", first, high=second)) == ["Ada", "Bea"]
    window = [where("lastmodifieddate", "GTE", first), where("lastmodifieddate", "LTE", second)]
    assert names(hub, *window) == ["Ada", "Bea"]
    assert names(hub, where("lastmodifieddate", "LTE", "2026-11-18T00:00:00+00:00")) == []
    assert names(hub, where("createdate", "EQ", third)) == ["Cleo"]


def test_contacts_and_the_others_name_their_last_change_differently(hub: Hub) -> None:
    hub.create("companies", name="Acme")
    found = names(hub, where("hs_lastmodifieddate", "GT", "0"), kind="companies", shown="name")
    assert found == ["Acme"]
    # No error, and no rows: clients that sync contacts by it see nothing.
    hub.create(email="a@b.co")
    answer = hub.search("contacts", {"filters": [where("hs_lastmodifieddate", "GT", "0")]})
    assert answer.json() == {"total": 0, "results": []}
    assert hub.search("contacts", {"sorts": ["hs_lastmodifieddate"]}).status_code == 400


def test_by_an_associated_record(hub: Hub) -> None:
    company = hub.create("companies", name="Acme")
    ada = hub.create(email="a@b.co", firstname="Ada")
    hub.create(email="b@b.co", firstname="Bea")
    hub.call("PUT", f"/crm/v4/objects/contacts/{ada}/associations/default/companies/{company}")
    assert names(hub, where("associations.company", "EQ", company)) == ["Ada"]
    assert names(hub, where("associations.company", "EQ", "999")) == []
    assert hub.search("contacts", {"filters": [where("associations.company", "IN", company)]}).status_code == 400


def test_archived_records_are_never_found(people: Hub) -> None:
    [ada] = people.search("contacts", {"filters": [where("firstname", "EQ", "ada")]}).json()["results"]
    people.call("DELETE", f"/crm/v3/objects/contacts/{ada['id']}")
    assert names(people, where("hs_object_id", "EQ", ada["id"])) == []
    assert names(people, where("email", "EQ", "ada@acme.com")) == []
    assert names(people, filterGroups=[], sorts=["lastmodifieddate"]) == ["Bea", "Cleo"]


def test_pages_by_offset(hub: Hub) -> None:
    for number in range(7):
        hub.create(email=fresh_email(), firstname=f"P{number}")
    first = hub.search("contacts", {"limit": "3", "properties": ["firstname"]}).json()
    assert first["total"] == 7
    assert first["paging"] == {"next": {"after": "3"}}, "an offset, and no link"
    second = hub.search("contacts", {"limit": 3, "after": "3", "properties": ["firstname"]}).json()
    assert [record["properties"]["firstname"] for record in second["results"]] == ["P3", "P4", "P5"]
    last = hub.search("contacts", {"limit": 3, "after": 6}).json()
    assert len(last["results"]) == 1
    assert "paging" not in last
    assert hub.search("contacts", {"after": 50}).json()["results"] == []


def test_the_default_page_has_ten(hub: Hub) -> None:
    hub.control("POST", "portals", {"hub_id": 9, "seed": {"contacts": 15}})
    hub.install(9, user_id=9)
    answer = hub.search("contacts", {}).json()
    assert len(answer["results"]) == 10
    assert answer["total"] == 15


def test_the_wall_at_ten_thousand(hub: Hub) -> None:
    hub.control("POST", "portals", {"hub_id": 9, "seed": {"contacts": 10_300}})
    hub.install(9, user_id=9)
    last = hub.search("contacts", {"limit": 200, "after": 9_800})
    assert last.status_code == 200
    assert last.json()["total"] == 10_300
    assert last.json()["paging"]["next"]["after"] == "10000"
    beyond = hub.search("contacts", {"limit": 200, "after": 10_000})
    assert beyond.status_code == 400
    assert beyond.json()["category"] == "VALIDATION_ERROR"
    assert hub.search("contacts", {"limit": 100, "after": 9_901}).status_code == 400


def test_walking_by_id_goes_past_the_wall(hub: Hub) -> None:
    hub.control("POST", "portals", {"hub_id": 9, "seed": {"contacts": 700}})
    hub.install(9, user_id=9)
    seen: list[int] = []
    while True:
        walk = [where("hs_object_id", "GTE", str(seen[-1] + 1 if seen else 0))]
        page = hub.search("contacts", {"filters": walk, "limit": 200, "sorts": ["hs_object_id"]}).json()
        if not page["results"]:
            break
        seen += [int(record["id"]) for record in page["results"]]
    assert seen == list(hub.emulator.portals[9].crm.tables["0-1"].live)


@pytest.mark.parametrize(
    "body",
    [
        {"filterGroups": [{"filters": [where("city", "EQ", "x")]}] * 6},
        {"filterGroups": [{"filters": [where("city", "EQ", "x")] * 7}]},
        {"filterGroups": [{"filters": [where("city", "EQ", "x")] * 5}] * 4},
        {"filterGroups": [{"filters": [where("nonsense", "EQ", "x")]}]},
        {"filterGroups": [{"filters": [where("city", "LIKE", "x")]}]},
        {"filterGroups": [{"filters": [where("city", "EQ")]}]},
        {"filterGroups": [{"filters": [where("city", "IN")]}]},
        {"filterGroups": [{"filters": [where("numemployees", "BETWEEN", "1")]}]},
        {"filterGroups": [{"filters": [where("numemployees", "EQ", "many")]}]},
        {"filterGroups": [{"filters": [where("lastmodifieddate", "GT", "yesterday")]}]},
        {"filterGroups": [{}, "x"]},
        {"filterGroups": "x"},
        {"query": "x" * 3_001},
        {"query": 5},
        {"limit": 201},
        {"limit": "many"},
        {"after": -1},
        {"after": "soon"},
        {"sorts": ["nonsense"]},
        {"sorts": [5]},
        {"properties": [5]},
    ],
)
def test_searches_that_are_refused(hub: Hub, body: Json) -> None:
    hub.create(email="a@b.co", numemployees="1")
    answer = hub.search("contacts", body)
    assert answer.status_code == 400
    assert answer.json()["status"] == "error"


def test_the_most_that_may_be_asked(hub: Hub) -> None:
    groups = [{"filters": [where("city", "EQ", "x")] * count} for count in (6, 6, 4, 1, 1)]
    assert hub.search("contacts", {"filterGroups": groups, "query": "x" * 3_000, "limit": 200}).status_code == 200


@pytest.fixture
def lagging() -> Hub:
    found = Hub(search_lag_ms=10_000)
    found.app()
    found.portal()
    found.install()
    return found


def test_a_new_record_is_found_late(lagging: Hub) -> None:
    lagging.create(email="a@b.co")
    answer = lagging.search("contacts", {}).json()
    assert answer["results"] == []
    assert answer["total"] == 1, "total and results may disagree"
    lagging.time.pass_(10)
    assert len(lagging.search("contacts", {}).json()["results"]) == 1


def test_a_change_is_seen_late(lagging: Hub) -> None:
    record_id = lagging.create(email="a@b.co", firstname="Ada")
    lagging.time.pass_(20)
    lagging.call("PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": {"firstname": "Bea"}})
    assert names(lagging, where("firstname", "EQ", "bea")) == []
    assert names(lagging, where("firstname", "EQ", "ada")) == ["Ada"]
    [record] = lagging.search("contacts", {"sorts": ["-lastmodifieddate"]}).json()["results"]
    assert record["updatedAt"] == record["createdAt"]
    lagging.time.pass_(10)
    assert names(lagging, where("firstname", "EQ", "ada")) == []
    assert names(lagging, where("firstname", "EQ", "bea")) == ["Bea"]


def test_an_archived_record_leaves_late(lagging: Hub) -> None:
    record_id = lagging.create(email="a@b.co", firstname="Ada")
    lagging.time.pass_(20)
    lagging.call("DELETE", f"/crm/v3/objects/contacts/{record_id}")
    assert names(lagging, where("firstname", "EQ", "ada")) == ["Ada"]
    lagging.time.pass_(10)
    assert names(lagging, where("firstname", "EQ", "ada")) == []


def test_the_cost_of_a_page_does_not_grow_with_the_portal(hub: Hub) -> None:
    """Counted in records looked at, not in seconds."""
    hub.control("POST", "portals", {"hub_id": 9, "seed": {"contacts": 3_000}})
    hub.install(9, user_id=9)
    table = hub.emulator.portals[9].crm.tables["0-1"]
    looked_at = 0

    class Counting(dict):  # type: ignore[type-arg]
        def __getitem__(self, key: int) -> Any:
            nonlocal looked_at
            looked_at += 1
            return super().__getitem__(key)

        def get(self, key: int, default: Any = None) -> Any:
            nonlocal looked_at
            looked_at += 1
            return super().get(key, default)

    table.records = Counting(table.records)
    some = table.live[1_500]
    for body in (
        {"limit": 10, "after": 2_000},
        {"filters": [where("hs_object_id", "GT", str(some))], "sorts": ["hs_object_id"], "limit": 10},
        {"filters": [where("hs_object_id", "IN", str(some), "5")], "limit": 10},
        {"filters": [where("lastmodifieddate", "GT", str(hub.time.ms - 1))], "limit": 10},
    ):
        hub.search("contacts", body)
    hub.get("/crm/v3/objects/contacts?limit=10&after=2000")
    assert looked_at < 150


def test_another_portals_records_are_never_found(hub: Hub) -> None:
    hub.create(email="a@b.co")
    hub.portal(9)
    hub.install(9)
    assert hub.search("contacts", {}).json()["total"] == 0
    assert hub.emulator.portals[HUB].crm.tables["0-1"]


@pytest.mark.parametrize("kind", ["contacts", "companies"])
def test_phone_numbers_are_searched_without_the_country_code(hub: Hub, kind: str) -> None:
    values = {"email": "a@b.co"} if kind == "contacts" else {"name": "Acme"}
    found = hub.create(kind, phone="+1 (555) 123-4567", **values)
    name = "hs_searchable_calculated_phone_number"
    for wanted in ({"operator": "EQ", "value": "5551234567"}, {"operator": "CONTAINS_TOKEN", "value": "*1234567"}):
        rows = hub.search(kind, {"filters": [{"propertyName": name, **wanted}]}).json()["results"]
        assert [row["id"] for row in rows] == [found]


def test_the_body_of_an_email_is_no_filter(hub: Hub) -> None:
    answer = hub.control(
        "POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["sales-email-read", *CRM_SCOPES]}
    )
    hub.token = answer["access_token"]
    for name, status in (("hs_email_html", 400), ("hs_email_subject", 200)):
        body = {"filters": [{"propertyName": name, "operator": "HAS_PROPERTY"}]}
        assert hub.search("emails", body).status_code == status
