"""Who may keep a journal, what can be subscribed to, and how often one may ask."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.journal.filters import OPERATORS, Condition
from tests.emulator.hub import APP_ID, HUB, Hub
from tests.emulator.journal import (
    INSTALL,
    OTHER_CLIENT,
    SCOPES,
    UNINSTALL,
    Journal,
    app_token,
    condition,
    subscription,
)

Json = dict[str, Any]


@pytest.fixture
def journal(hub: Hub) -> Journal:
    return Journal(hub)


def refused(answer: Any, words: str, status: int = 400, category: str | None = "VALIDATION_ERROR") -> None:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["status"] == "error"
    assert body.get("category") == category
    assert words in body["message"], body["message"]


# -- tokens ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["v1", "v3", "2026-03", "2026-09"])
def test_an_app_gets_a_token_in_its_own_name(hub: Hub, version: str) -> None:
    answer = app_token(hub, [*SCOPES, "crm.objects.contacts.read"], version=version)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["expires_in"], body["token_type"], body["token_use"]) == (1_800, "bearer", "client_credentials")
    assert "refresh_token" not in body
    assert body["scopes"] == sorted([*SCOPES, "crm.objects.contacts.read"])


@pytest.mark.parametrize(
    "scopes",
    [
        [],
        ["crm.objects.contacts.read"],
        [*SCOPES, "crm.objects.line_items.read"],
        [*SCOPES, "developer.webhooks_journal.everything"],
    ],
)
def test_unknown_scopes_and_none_are_refused(hub: Hub, scopes: list[str]) -> None:
    answer = app_token(hub, scopes)
    assert (answer.status_code, answer.json()["status"]) == (400, "BAD_SCOPES")


def test_each_call_needs_its_scope(hub: Hub) -> None:
    calls = [
        (SCOPES[0], "GET", "journal", "/earliest", 204),
        (SCOPES[1], "GET", "subscriptions", "", 200),
        (SCOPES[2], "DELETE", "subscriptions", f"/portals/{HUB}", 204),
        (SCOPES[3], "GET", "journal", "/status/550e8400-e29b-41d4-a716-446655440000", 404),
        (SCOPES[4], "POST", "snapshots", "/crm", 400),
    ]
    journal = Journal(hub)
    for (granted, *_), (needed, method, area, path, status) in itertools.product(calls, calls):
        journal.token = app_token(hub, [granted]).json()["access_token"]
        answer = journal.call(method, area, path, {} if method == "POST" else None)
        if granted == needed:
            assert answer.status_code == status
        else:
            refused(answer, "hasn't been granted all required scopes", 403, "MISSING_SCOPES")
            assert answer.json()["errors"][0]["context"] == {"requiredGranularScopes": [needed]}


def test_the_specifications_names_of_the_scopes_do_as_well(hub: Hub, journal: Journal) -> None:
    journal.token = app_token(hub, ["webhooks-journal-data-access"]).json()["access_token"]
    assert journal.read("/earliest").status_code == 204
    journal.token = app_token(hub, ["webhooks.journal.subscription.manage"]).json()["access_token"]
    assert journal.subscribe()["portalId"] == HUB


def test_an_accounts_token_does_not_open_the_journal(hub: Hub, journal: Journal) -> None:
    hub.app(conditional_scopes=SCOPES)
    hub.install(scopes=["oauth", *SCOPES])
    private = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": SCOPES})
    for token in (hub.token, private["access_token"]):
        journal.token = token
        refused(journal.read("/earliest"), "hasn't been granted", 403, "MISSING_SCOPES")


def test_an_apps_own_token_opens_no_account(hub: Hub, journal: Journal) -> None:
    hub.token = journal.token
    refused(hub.get("/crm/v3/objects/contacts"), "Authentication credentials", 401, "INVALID_AUTHENTICATION")


def test_the_journal_needs_a_living_token(hub: Hub, journal: Journal) -> None:
    hub.advance(1_800)
    refused(journal.read("/earliest"), "expired 0 second(s) ago", 401, "EXPIRED_AUTHENTICATION")
    journal.token = "none"
    refused(journal.read("/earliest"), "Authentication credentials", 401, "INVALID_AUTHENTICATION")


# -- subscriptions -----------------------------------------------------------------------------------------------------


def test_a_subscription_is_made_found_and_deleted(journal: Journal) -> None:
    made = journal.subscribe(properties=["email"], objectIds=[2, 1])
    assert made == {
        "id": made["id"],
        "appId": APP_ID,
        "subscriptionType": "OBJECT",
        "objectTypeId": "0-1",
        "portalId": HUB,
        "actions": ["CREATE", "UPDATE", "DELETE", "MERGE", "RESTORE"],
        "properties": ["email"],
        "objectIds": [1, 2],
        "listIds": None,
        "associatedObjectTypeIds": None,
        "actionOverrides": {},
        "createdAt": "2026-11-18T11:06:40Z",
        "updatedAt": "2026-11-18T11:06:40Z",
        "deletedAt": None,
    }
    assert journal.call("GET", "subscriptions", f"/{made['id']}").json() == made
    assert journal.call("GET", "subscriptions").json() == {"results": [made]}
    deleted = journal.call("DELETE", "subscriptions", f"/{made['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    refused(journal.call("GET", "subscriptions", f"/{made['id']}"), "No subscription with ID", 404, None)
    refused(journal.call("DELETE", "subscriptions", f"/{made['id']}"), "No subscription with ID", 404, None)
    assert journal.call("GET", "subscriptions").json() == {"results": []}


def test_the_same_subject_again_is_an_update(hub: Hub, journal: Journal) -> None:
    first = journal.subscribe(actions=["CREATE"])
    journal.filter(first["id"], condition("email", "IS_EMPTY"))
    hub.advance(60)
    second = journal.subscribe(actions=["UPDATE"], properties=["email"])
    assert (second["id"], second["createdAt"]) == (first["id"], first["createdAt"])
    assert (second["actions"], second["properties"]) == (["UPDATE"], ["email"])
    assert second["updatedAt"] == "2026-11-18T11:07:40Z"
    others = [
        journal.subscribe(objectTypeId="0-2"),
        journal.subscribe("ASSOCIATION"),
        journal.subscribe("GDPR_PRIVACY_DELETION"),
    ]
    assert len({each["id"] for each in (first, *others)}) == 4
    assert len(journal.call("GET", "subscriptions", f"/filters/subscription/{first['id']}").json()) == 1


def test_lifecycle_subscriptions_belong_to_no_account(journal: Journal) -> None:
    body = {"subscriptionType": "APP_LIFECYCLE_EVENT", "eventTypeId": UNINSTALL}
    made = journal.call("POST", "subscriptions", body=body).json()
    assert "portalId" not in made
    assert (made["eventTypeId"], made["actions"]) == (UNINSTALL, ["APP_UNINSTALL"])
    install = journal.subscribe("APP_LIFECYCLE_EVENT", eventTypeId=INSTALL)
    assert (install["id"] != made["id"], install["actions"]) == (True, ["APP_INSTALL"])
    assert journal.call("DELETE", "subscriptions", f"/portals/{HUB}").status_code == 204
    assert len(journal.call("GET", "subscriptions").json()["results"]) == 2


def test_all_of_an_account_go_at_once(hub: Hub, journal: Journal) -> None:
    hub.portal(7)
    hub.install(7)
    kept = journal.subscribe(portal_id=7)
    made = journal.subscribe()
    filter_id = journal.filter(made["id"], condition("email", "IS_EMPTY"))
    journal.subscribe("ASSOCIATION")
    for _ in range(2):
        assert journal.call("DELETE", "subscriptions", f"/portals/{HUB}").status_code == 204
    assert journal.call("GET", "subscriptions").json() == {"results": [kept]}
    refused(journal.call("GET", "subscriptions", f"/filters/{filter_id}"), "No filter with ID", 404, None)


def test_an_app_sees_its_own_only(hub: Hub, journal: Journal) -> None:
    made = journal.subscribe()
    filter_id = journal.filter(made["id"], condition("email", "IS_EMPTY"))
    hub.app(client_id=OTHER_CLIENT, app_id=2)
    other = Journal(hub, OTHER_CLIENT)
    assert other.call("GET", "subscriptions").json() == {"results": []}
    for path in (f"/{made['id']}", f"/filters/{filter_id}"):
        for method in ("GET", "DELETE"):
            assert other.call(method, "subscriptions", path).status_code == 404
    assert other.call("GET", "subscriptions", f"/filters/subscription/{made['id']}").status_code == 404
    assert other.call("DELETE", "subscriptions", f"/portals/{HUB}").status_code == 204
    assert journal.call("GET", "subscriptions").json() == {"results": [made]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "subscriptionType is required"),
        ({"subscriptionType": 1}, "subscriptionType is required and must be a string"),
        (subscription("EVENT"), "subscriptionType must be one of [OBJECT, ASSOCIATION,"),
        (subscription(actions=[]), "actions of OBJECT must be of [CREATE,"),
        (subscription(actions=["GDPR_DELETE"]), "not GDPR_DELETE"),
        (subscription(actions="CREATE"), "actions must be an array"),
        (subscription("ASSOCIATION", actions=["CREATE"]), "[ASSOCIATION_ADDED, ASSOCIATION_REMOVED], not CREATE"),
        (subscription("LIST_MEMBERSHIP", actions=None), "actions of LIST_MEMBERSHIP"),
        (subscription(objectTypeId=None), "objectTypeId is required"),
        (subscription(objectTypeId="0-999"), "Unable to infer object type from: 0-999"),
        (subscription("ASSOCIATION", associatedObjectTypeIds=["x"]), "Unable to infer object type from: x"),
        (subscription(portalId="12"), "portalId is required and must be a number"),
        (subscription(portalId=True), "portalId is required and must be a number"),
        (subscription(portalId=1), "The app is not installed in account 1."),
        (subscription(properties=[1]), "properties must be an array of strings"),
        (subscription(properties={"email": 1}), "properties must be an array"),
        (subscription(objectIds=["1"]), "objectIds must be an array of numbers"),
        (subscription("LIST_MEMBERSHIP", listIds=[None]), "listIds must be an array of numbers"),
        (subscription("APP_LIFECYCLE_EVENT", eventTypeId=None), "eventTypeId is required"),
        (subscription("APP_LIFECYCLE_EVENT", eventTypeId="4-1"), "eventTypeId must be one of [4-1909196, 4-1916193]"),
    ],
)
def test_what_cannot_be_subscribed_to(journal: Journal, body: Json, words: str) -> None:
    refused(journal.call("POST", "subscriptions", body=body), words)


def test_a_subscription_needs_an_account_that_lets_the_app_read_such_records(hub: Hub, journal: Journal) -> None:
    hub.control("POST", f"portals/{HUB}/uninstall", {})
    refused(journal.call("POST", "subscriptions", body=subscription()), "not installed in account")
    hub.install(scopes=["oauth", "crm.objects.companies.read"])
    journal.subscribe(objectTypeId="0-2")
    for kind, needed in (
        ("OBJECT", "crm.objects.contacts.read"),
        ("ASSOCIATION", "crm.objects.contacts.read"),
        ("GDPR_PRIVACY_DELETION", "crm.objects.contacts.read"),
        ("LIST_MEMBERSHIP", "crm.lists.read"),
    ):
        answer = journal.call("POST", "subscriptions", body=subscription(kind))
        refused(answer, "hasn't been granted", 403, "MISSING_SCOPES")
        assert answer.json()["errors"][0]["context"] == {"requiredGranularScopes": [needed]}


def test_a_body_that_is_no_object_is_refused(journal: Journal) -> None:
    refused(journal.call("POST", "subscriptions", body=[1]), "Invalid input JSON", category=None)
    refused(journal.call("POST", "subscriptions", "/filters", ["x"]), "Invalid input JSON", category=None)
    refused(journal.call("GET", "subscriptions", "/nonsense"), "Invalid value for subscriptionId")


# -- filters -----------------------------------------------------------------------------------------------------------


def test_a_filter_is_made_found_and_deleted(journal: Journal) -> None:
    made = journal.subscribe()
    conditions = [condition("lifecyclestage", "EQ", "customer"), condition("city", "NOT_IN", ["Bonn", "Köln"])]
    filter_id = journal.filter(made["id"], *conditions)
    shown = journal.call("GET", "subscriptions", f"/filters/{filter_id}").json()
    assert shown == {"id": filter_id, "createdAt": 1_795_000_000_000, "filter": {"conditions": conditions}}
    assert journal.call("GET", "subscriptions", f"/filters/subscription/{made['id']}").json() == [shown]
    assert journal.call("DELETE", "subscriptions", f"/filters/{filter_id}").status_code == 204
    assert journal.call("GET", "subscriptions", f"/filters/{filter_id}").status_code == 404
    assert journal.call("GET", "subscriptions", f"/filters/subscription/{made['id']}").json() == []


def test_a_filter_cannot_be_changed(journal: Journal) -> None:
    made = journal.subscribe()
    filter_id = journal.filter(made["id"], condition("city", "IS_EMPTY"))
    for method in ("PUT", "PATCH"):
        assert journal.call(method, "subscriptions", f"/filters/{filter_id}", {}).status_code == 405


def test_filters_are_for_creations_and_changes(journal: Journal) -> None:
    gone = journal.subscribe(actions=["DELETE"])
    linked = journal.subscribe("ASSOCIATION")
    for made in (gone, linked):
        body = {"subscriptionId": made["id"], "filter": {"conditions": [condition("city", "IS_EMPTY")]}}
        refused(journal.call("POST", "subscriptions", "/filters", body), "Filters can only be added to OBJECT")


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        (None, "filter.conditions is required"),
        ([], "filter.conditions is required"),
        (["x"], "each of filter.conditions must be an object"),
        ([{"property": "city", "operator": "EQ", "value": "x"}], "filterType must be CRM_OBJECT_PROPERTY"),
        ([condition("", "EQ", "x")], "property is required"),
        ([condition("city", "BETWEEN", "x")], "operator must be one of [CONTAINS, ENDS_WITH, EQ"),
        ([condition("city", "EQ")], "value is required for EQ"),
        ([condition("city", "IN", "x")], "values is required for IN"),
        ([condition("city", "IN", [])], "values is required for IN"),
        ([condition("city", "IS_EMPTY")] * 101, "must not have more than 100 conditions"),
    ],
)
def test_what_is_no_filter(journal: Journal, conditions: Any, words: str) -> None:
    body = {"subscriptionId": journal.subscribe()["id"], "filter": {"conditions": conditions}}
    refused(journal.call("POST", "subscriptions", "/filters", body), words)


def test_a_filter_needs_its_subscription(journal: Journal) -> None:
    body: Json = {"filter": {"conditions": [condition("city", "IS_EMPTY")]}}
    refused(journal.call("POST", "subscriptions", "/filters", body), "subscriptionId is required")
    body["subscriptionId"] = 1
    refused(journal.call("POST", "subscriptions", "/filters", body), "No subscription with ID 1", 404, None)


@pytest.mark.parametrize(
    ("name", "value", "holds", "fails"),
    [
        ("EQ", "10", ["10"], ["10.0", "", "1"]),
        ("N_EQ", "10", ["10.0", "", "1"], ["10"]),
        ("LT", "10", ["9", "-1"], ["10", "11", ""]),
        ("LTE", "10", ["10", "9.5"], ["11", ""]),
        ("GT", "10", ["11", "100"], ["9", "10", ""]),
        ("GTE", "2026-01-01", ["2026-01-01T00:00:00Z", "1795000000000"], ["2025-12-31", ""]),
        ("CONTAINS", "ell", ["hello"], ["help", ""]),
        ("STARTS_WITH", "he", ["hello"], ["oh, hello", ""]),
        ("ENDS_WITH", "lo", ["hello"], ["hello!", ""]),
        ("IN", ["a", "b"], ["a", "b"], ["c", ""]),
        ("NOT_IN", ["a", "b"], ["c", ""], ["a", "b"]),
        ("IS_EMPTY", None, [""], ["a"]),
        ("IS_NOT_EMPTY", None, ["a"], [""]),
    ],
)
def test_operators(name: str, value: Any, holds: list[str], fails: list[str]) -> None:
    assert name in OPERATORS
    several = isinstance(value, list)
    checked = Condition("p", name, None if several else value, tuple(value) if several else None)
    assert [each for each in (*holds, *fails) if checked.holds(lambda _, each=each: each)] == holds  # type: ignore[misc]


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_numbers_are_compared_as_numbers(value: int, operand: int) -> None:
    for name in ("LT", "LTE", "GT", "GTE"):
        compare = {"LT": operator.lt, "LTE": operator.le, "GT": operator.gt, "GTE": operator.ge}[name]
        assert Condition("p", name, str(operand)).holds(lambda _: str(value)) == compare(value, operand)


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("journal/2026-03/earliest", 100),
        ("subscriptions/2026-03", 50),
        ("journal/2026-03/status/550e8400-e29b-41d4-a716-446655440000", 10),
    ],
)
def test_an_app_has_an_allowance_per_second(hub: Hub, path: str, limit: int) -> None:
    headers = {"Authorization": f"Bearer {Journal(hub).token}"}
    for _ in range(limit):
        assert hub.http.get(f"/webhooks-journal/{path}", headers=headers).status_code != 429
    refused_ = hub.http.get(f"/webhooks-journal/{path}", headers=headers)
    assert (refused_.status_code, refused_.json()["policyName"]) == (429, "SECONDLY")
    assert refused_.headers["Retry-After"] == "1"
    assert not [name for name in refused_.headers if name.lower().startswith("x-hubspot-ratelimit")]
    hub.app(client_id=OTHER_CLIENT, app_id=2)
    others = {"Authorization": f"Bearer {Journal(hub, OTHER_CLIENT).token}"}
    assert hub.http.get(f"/webhooks-journal/{path}", headers=others).status_code != 429
    hub.time.pass_(1)
    assert hub.http.get(f"/webhooks-journal/{path}", headers=headers).status_code != 429


def test_calls_to_the_journal_count_for_no_account(hub: Hub, journal: Journal) -> None:
    journal.read("/earliest")
    *_, row = hub.emulator.requested()
    assert (row.app_id, row.hub_id, row.exempt, row.path) == (
        APP_ID,
        None,
        True,
        "/webhooks-journal/journal/2026-03/earliest",
    )
    assert hub.get("/crm/v3/objects/contacts").headers["X-HubSpot-RateLimit-Remaining"] == "109"
