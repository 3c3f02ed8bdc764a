"""Lists that fill themselves: what filters take in, what they refuse, and how they follow the records."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import Hub, created
from tests.emulator.test_lists import BASE, SCOPES, all_of, make, prop
from tests.emulator.test_lists import hub as hub  # the fixture
from tests.emulator.test_lists_memberships import change, members

Json = dict[str, Any]
DAY = 86_400


def person(hub: Hub, **properties: str) -> str:
    row = hub.change(created(**properties))[0]
    assert row["error"] is None, row
    record_id: str = row["id"]
    return record_id


def update(hub: Hub, record_id: str, **properties: str) -> None:
    assert (
        hub.change({"op": "update", "object_type": "contact", "id": record_id, "properties": properties})[0]["error"]
        is None
    )


def company(hub: Hub, **properties: str) -> str:
    record_id: str = hub.change({"op": "create", "object_type": "company", "properties": properties})[0]["id"]
    return record_id


def link(hub: Hub, op: str, contact: str, firm: str) -> None:
    hub.change({"op": op, "object_type": "contact", "id": contact, "to": {"object_type": "company", "id": firm}})


def dynamic(hub: Hub, *filters: Json, name: str = "Some") -> str:
    list_id: str = make(hub, name, "DYNAMIC", filterBranch=all_of(*filters))["listId"]
    return list_id


MATCHING = [
    ("STRING", "IS_EQUAL_TO", {"value": "ada"}, {"firstname": "Ada"}, True),
    ("STRING", "IS_EQUAL_TO", {"value": "ada"}, {}, False),
    ("STRING", "IS_NOT_EQUAL_TO", {"value": "ada"}, {}, True),
    ("STRING", "IS_NOT_EQUAL_TO", {"value": "ada", "includeObjectsWithNoValueSet": False}, {}, False),
    ("STRING", "IS_EQUAL_TO", {"value": "ada", "includeObjectsWithNoValueSet": True}, {}, True),
    ("STRING", "CONTAINS", {"value": "DA"}, {"firstname": "Ada"}, True),
    ("STRING", "DOES_NOT_CONTAIN", {"value": "da"}, {"firstname": "Ada"}, False),
    ("STRING", "STARTS_WITH", {"value": "a"}, {"firstname": "Ada"}, True),
    ("STRING", "ENDS_WITH", {"value": "d"}, {"firstname": "Ada"}, False),
    ("MULTISTRING", "IS_EQUAL_TO", {"values": ["Eva", "Ada"]}, {"firstname": "Ada"}, True),
    ("MULTISTRING", "IS_NOT_EQUAL_TO", {"values": ["Eva", "Ada"]}, {"firstname": "Ada"}, False),
    ("ALL_PROPERTY", "IS_KNOWN", {}, {"firstname": "Ada"}, True),
    ("ALL_PROPERTY", "IS_UNKNOWN", {}, {"firstname": "Ada"}, False),
]


@pytest.mark.parametrize(("type_", "operator", "operation", "properties", "joins"), MATCHING)
def test_texts(hub: Hub, type_: str, operator: str, operation: Json, properties: dict[str, str], joins: bool) -> None:
    record_id = person(hub, **properties)
    list_id = dynamic(hub, prop("firstname", type_, operator, **operation))
    assert (record_id in members(hub, list_id)) == joins


@pytest.mark.parametrize(
    ("operator", "values", "joins"),
    [
        ("IS_ANY_OF", ["lead", "customer"], True),
        ("IS_NONE_OF", ["lead"], False),
        ("IS_EXACTLY", ["lead"], True),
        ("IS_NOT_EXACTLY", ["lead", "customer"], True),
        ("CONTAINS_ALL", ["lead", "customer"], False),
        ("HAS_EVER_BEEN_ANY_OF", ["subscriber"], True),
        ("HAS_NEVER_BEEN_ANY_OF", ["subscriber"], False),
        ("HAS_NEVER_BEEN_ANY_OF", ["customer"], True),
    ],
)
def test_options(hub: Hub, operator: str, values: list[str], joins: bool) -> None:
    record_id = person(hub, lifecyclestage="subscriber")
    update(hub, record_id, lifecyclestage="lead")
    list_id = dynamic(hub, prop("lifecyclestage", "ENUMERATION", operator, values=values))
    assert (record_id in members(hub, list_id)) == joins


@pytest.mark.parametrize(
    ("type_", "operator", "operation", "joins"),
    [
        ("NUMBER", "IS_EQUAL_TO", {"value": 100}, True),
        ("NUMBER", "IS_GREATER_THAN", {"value": 100}, False),
        ("NUMBER", "IS_GREATER_THAN_OR_EQUAL_TO", {"value": "100"}, True),
        ("NUMBER", "IS_LESS_THAN", {"value": 100.5}, True),
        ("NUMBER", "IS_LESS_THAN_OR_EQUAL_TO", {"value": 99}, False),
        ("NUMBER_RANGED", "IS_BETWEEN", {"lowerBound": 50, "upperBound": 100}, True),
        ("NUMBER_RANGED", "IS_NOT_BETWEEN", {"lowerBound": 50, "upperBound": 100}, False),
    ],
)
def test_numbers(hub: Hub, type_: str, operator: str, operation: Json, joins: bool) -> None:
    row = {"op": "create", "object_type": "company", "properties": {"name": "Acme", "numberofemployees": "100"}}
    record_id = hub.change(row)[0]["id"]
    without = company(hub, name="No number")
    branch = all_of(prop("numberofemployees", type_, operator, **operation))
    list_id = make(hub, "Firms", "DYNAMIC", kind="0-2", filterBranch=branch)["listId"]
    assert (record_id in members(hub, list_id)) == joins
    assert (without in members(hub, list_id)) == operator.startswith("IS_NOT")


def test_members_come_and_go_with_their_properties(hub: Hub) -> None:
    ada, eva = person(hub, firstname="Ada"), person(hub, firstname="Eva")
    list_id = dynamic(hub, prop("firstname", "STRING", "IS_EQUAL_TO", value="Ada"))
    assert members(hub, list_id) == [ada]
    update(hub, eva, firstname="Ada")
    update(hub, ada, firstname="Eva")
    assert members(hub, list_id) == [eva]
    hub.call("PATCH", f"/crm/v3/objects/contacts/{ada}", {"properties": {"firstname": "Ada"}})
    assert members(hub, list_id) == [ada, eva]
    hub.change({"op": "archive", "object_type": "contact", "id": ada})
    assert members(hub, list_id) == [eva]
    hub.change({"op": "restore", "object_type": "contact", "id": ada})
    assert members(hub, list_id) == [ada, eva]


def test_a_snapshot_list_is_filled_once(hub: Hub) -> None:
    ada = person(hub, firstname="Ada")
    branch = all_of(prop("firstname", "STRING", "IS_EQUAL_TO", value="Ada"))
    list_id = make(hub, "Adas", "SNAPSHOT", filterBranch=branch)["listId"]
    later = person(hub, firstname="Ada")
    update(hub, ada, firstname="Eva")
    assert members(hub, list_id) == [ada]
    change(hub, list_id, "add", [later])
    assert members(hub, list_id) == [ada, later]


def test_new_filters(hub: Hub) -> None:
    ada, eva = person(hub, firstname="Ada"), person(hub, firstname="Eva")
    list_id = dynamic(hub, prop("firstname", "STRING", "IS_EQUAL_TO", value="Ada"))
    body = {"filterBranch": all_of(prop("firstname", "STRING", "IS_EQUAL_TO", value="Eva"))}
    updated = hub.call("PUT", f"{BASE}/{list_id}/update-list-filters", body).json()["updatedList"]
    assert (updated["listVersion"], updated["filterBranch"]) == (2, body["filterBranch"])
    assert members(hub, list_id) == [eva] != [ada]
    shown = hub.get(f"{BASE}/{list_id}", includeFilters="True").json()["list"]
    assert shown["filterBranch"] == body["filterBranch"]
    assert "filterBranch" not in hub.get(f"{BASE}/{list_id}").json()["list"]
    manual = make(hub, "Guests")["listId"]
    refused = hub.call("PUT", f"{BASE}/{manual}/update-list-filters", body)
    assert refused.json()["subCategory"] == "ILS.INVALID_PROCESSING_TYPE"


def test_branches_of_all_and_any_and_none(hub: Hub) -> None:
    both = person(hub, firstname="Ada", lastname="Byron")
    one = person(hub, firstname="Ada", lastname="King")
    other = person(hub, firstname="Eva", lastname="King")
    ada = prop("firstname", "STRING", "IS_EQUAL_TO", value="Ada")
    king = prop("lastname", "STRING", "IS_EQUAL_TO", value="King")
    assert members(hub, dynamic(hub, ada, king, name="and")) == [one]
    any_of = {"filterBranchType": "OR", "filterBranches": [_and(ada), _and(king)]}
    list_id = make(hub, "or", "DYNAMIC", filterBranch=any_of)["listId"]
    assert members(hub, list_id) == [both, one, other]
    inner = {"filterBranchType": "NOT_ANY", "filters": [king], "filterBranches": []}
    without = {"filterBranchType": "OR", "filterBranches": [_and(ada) | {"filterBranches": [inner]}]}
    assert members(hub, make(hub, "not", "DYNAMIC", filterBranch=without)["listId"]) == [both]


def _and(*filters: Json) -> Json:
    return {"filterBranchType": "AND", "filters": list(filters), "filterBranches": []}


# -- what is associated, and other lists -------------------------------------------------------------------------------


def test_associated_records_are_followed(hub: Hub) -> None:
    ada, eva = person(hub, firstname="Ada"), person(hub, firstname="Eva")
    acme = company(hub, name="Acme", city="Berlin")
    inner = {
        "filterBranchType": "ASSOCIATION",
        "filterBranchOperator": "AND",
        "objectTypeId": "0-2",
        "operator": "IN_LIST",
        "associationCategory": "HUBSPOT_DEFINED",
        "associationTypeId": 279,
        "filters": [prop("city", "STRING", "IS_EQUAL_TO", value="Berlin")],
        "filterBranches": [],
    }
    branch = {"filterBranchType": "OR", "filterBranches": [_and() | {"filterBranches": [inner]}]}
    list_id = make(hub, "Berliners", "DYNAMIC", filterBranch=branch)["listId"]
    assert members(hub, list_id) == []
    link(hub, "associate", ada, acme)
    link(hub, "associate", eva, acme)
    assert members(hub, list_id) == [ada, eva]
    link(hub, "disassociate", eva, acme)
    assert members(hub, list_id) == [ada]
    hub.change({"op": "update", "object_type": "company", "id": acme, "properties": {"city": "Bonn"}})
    assert members(hub, list_id) == []
    hub.change({"op": "update", "object_type": "company", "id": acme, "properties": {"city": "Berlin"}})
    assert members(hub, list_id) == [ada]
    hub.change({"op": "archive", "object_type": "company", "id": acme})
    assert members(hub, list_id) == []
    hub.change({"op": "restore", "object_type": "company", "id": acme})
    assert members(hub, list_id) == [ada]
    hub.change({"op": "privacy_delete", "object_type": "company", "id": acme})
    assert members(hub, list_id) == []


def test_lists_that_look_at_lists(hub: Hub) -> None:
    ada, eva = person(hub, firstname="Ada"), person(hub, firstname="Eva")
    guests = make(hub, "Guests")["listId"]
    invited = dynamic(hub, {"filterType": "IN_LIST", "listId": guests, "operator": "IN_LIST"}, name="Invited")
    others = dynamic(hub, {"filterType": "IN_LIST", "listId": invited, "operator": "NOT_IN_LIST"}, name="Others")
    assert (members(hub, invited), members(hub, others)) == ([], [ada, eva])
    change(hub, guests, "add", [ada])
    assert (members(hub, invited), members(hub, others)) == ([ada], [eva])
    [row] = hub.post(f"{BASE}/search", {"listIds": [guests]}).json()["lists"]
    assert row["additionalProperties"]["hs_list_reference_count"] == "1"
    hub.call("DELETE", f"{BASE}/{guests}")
    assert (members(hub, invited), members(hub, others)) == ([], [ada, eva])
    hub.call("PUT", f"{BASE}/{guests}/restore")
    assert (members(hub, invited), members(hub, others)) == ([ada], [eva])


def test_a_list_of_firms_decides_on_their_people(hub: Hub) -> None:
    ada, acme = person(hub), company(hub, name="Acme")
    link(hub, "associate", ada, acme)
    firms = make(hub, "Firms", kind="0-2")["listId"]
    wanted = {
        "filterType": "ASSOCIATION",
        "listId": firms,
        "operator": "IN_LIST",
        "toObjectTypeId": "0-2",
        "associationCategory": "HUBSPOT_DEFINED",
        "associationTypeId": 279,
        "coalescingRefineBy": {"type": "NUM_OCCURRENCES", "minOccurrences": 1},
    }
    people = dynamic(hub, wanted)
    assert members(hub, people) == []
    change(hub, firms, "add", [acme])
    assert members(hub, people) == [ada]


def test_a_list_cannot_depend_on_itself(hub: Hub) -> None:
    first = dynamic(hub, prop("email", "ALL_PROPERTY", "IS_KNOWN"), name="First")
    second = dynamic(hub, {"filterType": "IN_LIST", "listId": first, "operator": "IN_LIST"}, name="Second")
    for other in (first, second):
        body = {"filterBranch": all_of({"filterType": "IN_LIST", "listId": other, "operator": "NOT_IN_LIST"})}
        assert hub.call("PUT", f"{BASE}/{first}/update-list-filters", body).status_code == 400


def own_property(hub: Hub, name: str, type_: str = "number", field_type: str = "number") -> None:
    definition = {"name": name, "label": name, "type": type_, "fieldType": field_type}
    made = hub.post("/crm/v3/properties/contacts", definition | {"groupName": "contactinformation"})
    assert made.status_code == 201, made.text


def test_a_list_outlives_the_property_that_it_looks_at(hub: Hub) -> None:
    own_property(hub, "shoe_size")
    ada = person(hub, shoe_size="38")
    list_id = dynamic(hub, prop("shoe_size", "NUMBER", "IS_GREATER_THAN", value=37))
    hub.call("DELETE", "/crm/v3/properties/contacts/shoe_size")
    saved = hub.control("GET", "snapshot")
    hub.control("PUT", "snapshot", saved)
    assert members(hub, list_id) == [ada]
    person(hub, firstname="Eva")
    assert members(hub, list_id) == [ada]


def test_values_from_before_a_property_changed_its_type_pass_nothing(hub: Hub) -> None:
    own_property(hub, "shoe_size", "string", "text")
    person(hub, shoe_size="large")
    changed = hub.call("PATCH", "/crm/v3/properties/contacts/shoe_size", {"type": "number", "fieldType": "number"})
    assert changed.status_code == 200, changed.text
    ada = person(hub, shoe_size="38")
    assert members(hub, dynamic(hub, prop("shoe_size", "NUMBER", "IS_GREATER_THAN", value=37))) == [ada]


# -- time --------------------------------------------------------------------------------------------------------------


def test_members_leave_as_time_goes_by(hub: Hub) -> None:
    record_id = person(hub, firstname="Ada")
    recent = dynamic(
        hub, prop("firstname", "ROLLING_PROPERTY_UPDATED", "UPDATED_IN_LAST_X_DAYS", numberOfDays=7), name="recent"
    )
    stale = dynamic(
        hub, prop("createdate", "ROLLING_DATE_RANGE", "IS_MORE_THAN_X_DAYS_AGO", numberOfDays=7), name="stale"
    )
    assert (members(hub, recent), members(hub, stale)) == ([record_id], [])
    hub.advance(8 * DAY)
    hub.install(scopes=SCOPES)
    assert (members(hub, recent), members(hub, stale)) == ([], [record_id])


def test_points_in_time(hub: Hub) -> None:
    record_id = person(hub)
    today = {"timeType": "INDEXED", "zoneId": "US/Eastern", "indexReference": {"referenceType": "TODAY"}}
    now = {"timeType": "INDEXED", "zoneId": "UTC", "indexReference": {"referenceType": "NOW"}}
    date = {"timeType": "DATE", "zoneId": "Europe/Berlin", "year": 2020, "month": 1, "day": 31}
    after = dynamic(hub, prop("createdate", "TIME_POINT", "IS_AFTER", timePoint=date), name="after")
    before = dynamic(hub, prop("createdate", "TIME_POINT", "IS_BEFORE", timePoint=date), name="before")
    month = today | {"offset": {"months": -1, "days": -1}}
    lately = prop("createdate", "TIME_RANGED", "IS_BETWEEN", lowerBoundTimePoint=month, upperBoundTimePoint=now)
    between = dynamic(hub, lately, name="between")
    assert (members(hub, after), members(hub, before), members(hub, between)) == ([record_id], [], [record_id])
    hub.advance(40 * DAY)
    hub.install(scopes=SCOPES)
    assert (members(hub, after), members(hub, between)) == ([record_id], [])


# -- refusals ----------------------------------------------------------------------------------------------------------

KNOWN = prop("email", "ALL_PROPERTY", "IS_KNOWN")


@pytest.mark.parametrize(
    "branch",
    [
        {},
        _and(KNOWN),
        {"filterBranchType": "OR", "filterBranches": [], "filters": []},
        {"filterBranchType": "OR", "filterBranches": [_and(KNOWN)], "filters": [KNOWN]},
        {"filterBranchType": "OR", "filterBranches": ["AND"]},
        {"filterBranchType": "OR", "filterBranches": {"filterBranchType": "AND"}},
        all_of(),
        all_of({"filterType": "FORM_SUBMISSION", "operator": "FILLED_OUT"}),
        all_of({"filterType": "PROPERTY", "property": "email"}),
        all_of(prop("nonsense", "ALL_PROPERTY", "IS_KNOWN")),
        all_of(prop("email", "ALL_PROPERTY", "IS_GREAT")),
        all_of(prop("email", "STRING", "IS_ANY_OF", value="x")),
        all_of(prop("email", "STRING", "IS_EQUAL_TO")),
        all_of(prop("email", "NUMBER", "IS_EQUAL_TO", value=1)),
        all_of(prop("email", "STRING", "IS_EQUAL_TO", value="x", includeObjectsWithNoValueSet="yes")),
        all_of(prop("email", "CALENDAR_DATE", "IN_THIS_TIME_UNIT", timeUnit="DAY")),
        all_of(prop("email", "ROLLING_DATE_RANGE", "IS_MORE_THAN_X_DAYS_AGO", numberOfDays=7)),
        all_of(prop("createdate", "ROLLING_DATE_RANGE", "IS_MORE_THAN_X_DAYS_AGO", numberOfDays="many")),
        all_of(prop("createdate", "DATETIME", "IS_BEFORE", timestamp="²")),
        all_of(
            prop(
                "createdate",
                "TIME_POINT",
                "IS_AFTER",
                timePoint={"timeType": "DATE", "year": 2020, "month": 13, "day": 1},
            )
        ),
        all_of(prop("createdate", "TIME_POINT", "IS_AFTER", timePoint={"timeType": "DATE", "zoneId": "Mars"})),
        all_of(
            prop(
                "createdate",
                "TIME_POINT",
                "IS_AFTER",
                timePoint={
                    "timeType": "INDEXED",
                    "indexReference": {"referenceType": "NOW"},
                    "offset": {"years": 99_999},
                },
            )
        ),
        all_of({"filterType": "IN_LIST", "listId": "99", "operator": "IN_LIST"}),
        all_of({"filterType": "ASSOCIATION", "listId": "1", "operator": "IN_LIST", "toObjectTypeId": "butterflies"}),
    ],
)
def test_filters_that_are_refused(hub: Hub, branch: Json) -> None:
    body = {"name": "x", "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": branch}
    answer = hub.post(BASE, body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert hub.post(f"{BASE}/search", {}).json()["total"] == 0


def test_branches_nested_too_deep(hub: Hub) -> None:
    branch = _and(KNOWN)
    for _ in range(50):
        branch = {"filterBranchType": "AND", "filters": [], "filterBranches": [branch]}
    body = {"filterBranchType": "OR", "filterBranches": [branch]}
    made = {"name": "x", "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": body}
    assert hub.post(BASE, made).status_code == 400
