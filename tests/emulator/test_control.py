"""The control API: what it takes, what it answers, and how it says no."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.control.changes import apply_changes
from tests.emulator.hub import ADMIN, APP_ID, CLIENT_ID, HUB, REDIRECT, SECRET, Hub

Json = dict[str, Any]
APP: Json = {"client_id": "c", "client_secret": "s", "app_id": 5, "redirect_uris": [REDIRECT]}


def refusal(hub: Hub, method: str, path: str, body: Any = None) -> str:
    answer = hub.http.request(method, f"/_emulator/{path}", json=body)
    assert answer.status_code == 400, answer.text
    found: Json = answer.json()
    assert found.keys() == {"error"}
    error: str = found["error"]
    return error


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": None}, "client_id is required"),
        ({"client_secret": None}, "client_secret is required"),
        ({"app_id": None}, "app_id is required"),
        ({"app_id": "5"}, "app_id must be a whole number"),
        ({"app_id": True}, "app_id must be a whole number"),
        ({"app_id": 0}, "app_id must be between 1 and"),
        ({"redirect_uris": None}, "redirect_uris is required"),
        ({"redirect_uris": "x"}, "redirect_uris must be a list"),
        ({"redirect_uris": [5]}, "redirect_uris must be a list of strings"),
        ({"redirect_uris": ["http://example.com/"]}, "must be https, or http on localhost"),
        ({"redirect_uris": ["https://127.0.0.1/"]}, "must name a domain, not an address"),
        ({"redirect_uris": ["nonsense"]}, "must be https, or http on localhost"),
        ({"redirect_uris": ["http://["]}, "redirect_uris: http://[ is not an address"),
        ({"redirect_uris": ["http://localhost:x/"]}, "redirect_uris: http://localhost:x/ is not an address"),
        ({"required_scopes": ["a b"]}, "is not a scope"),
        ({"webhook": "x"}, "webhook must be an object"),
        ({"webhook": {}}, "webhook.target_url is required"),
        ({"webhook": {"target_url": "ftp://x"}}, "is not an http or https address"),
        ({"webhook": {"target_url": "http://["}}, "webhook.target_url: http://[ is not an address"),
        ({"webhook": {"target_url": "http://x:99999/"}}, "webhook.target_url: http://x:99999/ is not an address"),
        ({"webhook": {"target_url": "http://x/é"}}, "webhook.target_url: 'http://x/é' is not an address"),
        ({"webhook": {"target_url": "http://x", "timeout_ms": 0}}, "webhook.timeout_ms must be between 1 and"),
        (
            {"webhook": {"target_url": "http://x", "max_concurrent_requests": 0}},
            "webhook.max_concurrent_requests must be",
        ),
        ({"webhook": {"target_url": "http://x", "url": "y"}}, "unknown field webhook.url"),
        ({"subscriptions": [{}]}, "subscriptions[0].event_type is required"),
        ({"subscriptions": [{"event_type": "deal.stageChange"}]}, "deal.stageChange is not a subscription type"),
        ({"subscriptions": [{"event_type": "contact.propertyChange"}]}, "contact.propertyChange needs a property"),
        (
            {"subscriptions": [{"event_type": "contact.creation", "property": "email"}]},
            "contact.creation takes no property",
        ),
        (
            {"subscriptions": [{"event_type": "deal.propertyChange", "property": "hs_lastmodifieddate"}]},
            "hs_lastmodifieddate cannot be subscribed to",
        ),
        ({"subscriptions": [{"event_type": "object.creation"}]}, "object_type belongs to object.*"),
        (
            {"subscriptions": [{"event_type": "contact.creation", "object_type": "contact"}]},
            "object_type belongs to object.*",
        ),
        (
            {"subscriptions": [{"event_type": "object.creation", "object_type": "butterfly"}]},
            "Unable to infer object type from: butterfly",
        ),
        (
            {
                "subscriptions": [
                    {"event_type": "contact.propertyChange", "property": f"p{number}"} for number in range(1_001)
                ]
            },
            "You've reached the maximum number allowed per application (1000).",
        ),
        ({"access_token_ttl_s": 0}, "access_token_ttl_s must be between"),
        ({"rotate_refresh_tokens": "yes"}, "rotate_refresh_tokens must be true or false"),
        ({"colour": "red"}, "unknown field colour"),
        ({"app_id": APP_ID}, f"app_id {APP_ID} belongs to another app"),
    ],
)
def test_apps_that_are_refused(bare: Hub, changes: Json, error: str) -> None:
    body = APP | changes
    assert error in refusal(bare, "POST", "apps", body)


def test_an_app_may_be_as_short_as_this(bare: Hub) -> None:
    answer = bare.http.post("/_emulator/apps", json=APP)
    assert answer.status_code == 201
    app = bare.emulator.apps["c"]
    assert app.required_scopes == ("oauth",)
    assert (app.access_token_ttl_s, app.code_ttl_s, app.rotate_refresh_tokens) == (1_800, 600, False)


def test_the_same_client_id_replaces(bare: Hub) -> None:
    bare.app(name="Renamed")
    assert [app["name"] for app in bare.control("GET", "state")["apps"]] == ["Renamed"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"hub_id": None}, "hub_id is required"),
        ({"hub_id": "5"}, "hub_id must be a whole number"),
        ({"hub_id": HUB}, f"there is a portal {HUB} already"),
        ({"hublet": "mars1"}, "hublet must be one of na1, eu1"),
        ({"tier": "gold"}, "tier must be one of"),
        ({"time_zone": "Mars/Olympus"}, "Mars/Olympus is not a time zone"),
        ({"time_zone": "../etc"}, "is not a time zone"),
        ({"users": [{"user_id": 1}]}, "users[0].email is required"),
        ({"users": [{"user_id": 1, "email": "a", "role": "x"}]}, "unknown field users[0].role"),
        ({"users": [{"user_id": 1, "email": "a"}] * 2}, "a user_id occurs twice"),
        ({"seed": {"butterflies": 5}}, "unknown field seed.butterflies"),
        ({"seed": {"contacts": -1}}, "seed.contacts must be between"),
        ({"random_seed": "x"}, "random_seed must be a whole number"),
    ],
)
def test_portals_that_are_refused(bare: Hub, changes: Json, error: str) -> None:
    body = {"hub_id": 5} | changes
    assert error in refusal(bare, "POST", "portals", body)
    assert 5 not in bare.emulator.portals


def test_a_portal_may_be_as_short_as_this(bare: Hub) -> None:
    answer = bare.control("POST", "portals", {"hub_id": 5})
    assert answer == {
        "hub_id": 5,
        "hublet": "na1",
        "records": {"contacts": 0, "companies": 0, "deals": 0, "tickets": 0},
    }
    [user] = bare.emulator.portals[5].users
    assert user.super_admin


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("portals/5/tokens", {}, "there is no portal 5"),
        ("portals/x/tokens", {}, "there is no portal x"),
        (f"portals/{HUB}/tokens", {}, "client_id is required"),
        (f"portals/{HUB}/tokens", {"client_id": "nobody"}, "no app with client_id nobody"),
        (f"portals/{HUB}/tokens", {"client_id": CLIENT_ID, "user_id": 5}, f"portal {HUB} has no user 5"),
        (f"portals/{HUB}/tokens", {"client_id": CLIENT_ID, "scopes": ["x"]}, "the app has no scope x"),
        (f"portals/{HUB}/changes", {}, "changes is required"),
        (f"portals/{HUB}/changes", {"changes": [], "user_id": 5}, f"portal {HUB} has no user 5"),
        (f"portals/{HUB}/changes", [], "the body must be an object"),
        (f"portals/{HUB}/uninstall", {}, "no such app installed"),
        (f"portals/{HUB}/uninstall", {"tokens": "live"}, "tokens must be one of"),
        ("clock", {}, "advance_s is required"),
        ("clock", {"advance_s": -1}, "advance_s must be between"),
        ("clock", {"advance_s": "1"}, "advance_s must be a number"),
        ("faults", {}, "action is required"),
        ("faults", {"action": "explode"}, "action must be one of"),
        ("faults", {"action": "status", "params": {"status": 99}}, "params.status must be between"),
        ("faults", {"action": "latency", "params": {"ms": "x"}}, "params.ms must be a number"),
        ("faults", {"action": "reset", "params": {"ms": 5}}, "unknown field params.ms"),
        ("faults", {"action": "drop", "probability": 2}, "probability must be between"),
        ("faults", {"action": "drop", "count": 0}, "count must be between"),
        ("faults", {"action": "drop", "match": {"hub": 1}}, "unknown field match.hub"),
    ],
)
def test_orders_that_are_refused(bare: Hub, path: str, body: Any, error: str) -> None:
    assert error in refusal(bare, "POST", path, body)


@pytest.mark.parametrize("query", ["since=x", "limit=x", "hub_id=x", "since=-1", "since=²", f"since={'9' * 5000}"])
def test_ledger_questions_that_are_refused(bare: Hub, query: str) -> None:
    for ledger in ("requests", "deliveries"):
        assert "must be a whole number" in refusal(bare, "GET", f"{ledger}?{query}")


def test_questions_that_nobody_knows_are_refused(bare: Hub) -> None:
    for ledger in ("requests", "deliveries", "workflow_executions"):
        assert refusal(bare, "GET", f"{ledger}?hubid=5").startswith("unknown field the query.hubid; known are hub_id")


def test_what_is_not_json_is_refused(bare: Hub) -> None:
    answer = bare.http.post("/_emulator/clock", content=b"{")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("the body is not JSON")


def test_what_is_nested_too_deeply_is_refused(bare: Hub) -> None:
    answer = bare.http.post("/_emulator/clock", content=b"[" * 100_000)
    assert (answer.status_code, answer.json()) == (400, {"error": "the body is nested too deeply"})


@pytest.mark.parametrize("name", ["²", "9" * 5_000, "-1", "0", "x"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "portals/{}"),
        ("POST", "portals/{}/tokens"),
        ("GET", "portals/{}/conversations"),
        ("DELETE", f"portals/{HUB}/users/{{}}"),
        ("GET", f"portals/{HUB}/workflows/{{}}"),
        ("GET", "deliveries/{}"),
        ("DELETE", "faults/{}"),
        ("DELETE", "scenarios/{}"),
        ("POST", f"apps/{CLIENT_ID}/subscriptions/{{}}/test"),
    ],
)
def test_what_is_no_id_names_nothing(hub: Hub, method: str, path: str, name: str) -> None:
    error = refusal(hub, method, path.format(name))
    assert "there is no " in error or "has no " in error


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "nonsense", 404), ("PUT", "apps", 405)])
def test_calls_that_are_not_there_say_where_those_are_that_are(bare: Hub, method: str, path: str, status: int) -> None:
    answer = bare.http.request(method, f"/_emulator/{path}")
    assert answer.status_code == status
    assert f"there is no control call {method} /_emulator/{path}" in answer.json()["error"]


def test_a_token_as_if_installed(bare: Hub) -> None:
    body = bare.install(scopes=["oauth", "tickets"])
    assert body["scopes"] == ["oauth", "tickets"]
    assert bare.get("/crm/v3/objects/tickets").status_code == 200
    [install] = bare.control("GET", "state")["portals"][0]["installs"]
    assert (install["client_id"], install["app_id"], install["user_id"]) == (CLIENT_ID, APP_ID, ADMIN)
    assert bare.refresh(body["refresh_token"]).status_code == 200


def test_changes_are_made_in_order_and_not_atomically(hub: Hub) -> None:
    results = hub.change(
        {"op": "create", "object_type": "contact", "properties": {"email": "a@b.co"}},
        {"op": "create", "object_type": "contact", "properties": {"email": "a@b.co"}},
        {"op": "create", "object_type": "company", "properties": {"name": "Acme"}},
    )
    assert [result["index"] for result in results] == [0, 1, 2]
    assert results[1]["id"] is None
    assert results[1]["error"] == f"Contact already exists. Existing ID: {results[0]['id']}"
    assert results[1]["occurred_at"] is None
    assert results[0]["occurred_at"] == hub.time.ms
    assert isinstance(results[2]["id"], str)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({}, "changes[0].op is required"),
        ({"op": "explode"}, "changes[0].op must be one of create, update"),
        ({"op": "create"}, "changes[0].object_type is required"),
        ({"op": "create", "object_type": "butterfly"}, "Unable to infer object type from: butterfly"),
        ({"op": "create", "object_type": "contact"}, "changes[0].properties is required"),
        ({"op": "update", "object_type": "contact", "properties": {}}, "changes[0].id is required"),
        ({"op": "archive", "object_type": "contact", "id": "999"}, "there is no live contact 999"),
        ({"op": "restore", "object_type": "contact", "id": "101"}, "there is no archived contact 101"),
        ({"op": "privacy_delete", "object_type": "contact", "id": "999"}, "there is no contact 999"),
        ({"op": "merge", "object_type": "contact", "id": "101"}, "changes[0].into is required"),
        ({"op": "merge", "object_type": "contact", "id": "101", "into": "101"}, "Cannot merge an object with itself"),
        ({"op": "associate", "object_type": "contact", "id": "101"}, "changes[0].to is required"),
        (
            {"op": "associate", "object_type": "contact", "id": "101", "to": {"object_type": "deal", "id": "9"}},
            "No deal with ID 9 exists.",
        ),
        (
            {
                "op": "associate",
                "object_type": "contact",
                "id": "101",
                "to": {"object_type": "deal", "id": "9", "type_id": 1},
            },
            "1 is not an association type from contact to deal",
        ),
        ({"op": "archive", "object_type": "contact", "id": "101", "colour": "red"}, "unknown field changes[0].colour"),
        ("x", "changes[0] must be an object"),
    ],
)
def test_a_change_that_fails_says_why(hub: Hub, change: Any, error: str) -> None:
    assert hub.create(email="a@b.co") == "101"
    [result] = hub.change(change)
    assert error in result["error"]


def test_every_operation(hub: Hub) -> None:
    ada, bea, acme = (
        result["id"]
        for result in hub.change(
            {"op": "create", "object_type": "contact", "properties": {"email": "a@b.co"}},
            {"op": "create", "object_type": "contacts", "properties": {"email": "b@b.co"}},
            {"op": "create", "object_type": "0-2", "properties": {"name": "Acme"}},
        )
    )
    company = {"object_type": "company", "id": acme}
    results = hub.change(
        {"op": "update", "object_type": "contact", "id": ada, "properties": {"phone": "1"}},
        {"op": "associate", "object_type": "contact", "id": int(ada), "to": company | {"type_id": 1}},
        {"op": "disassociate", "object_type": "contact", "id": ada, "to": company | {"type_id": 1}},
        {"op": "disassociate", "object_type": "contact", "id": ada, "to": company},
        {"op": "archive", "object_type": "contact", "id": ada},
        {"op": "restore", "object_type": "contact", "id": ada},
        {"op": "merge", "object_type": "contact", "id": bea, "into": ada},
    )
    assert [result["error"] for result in results] == [None] * 7
    merged = results[-1]["id"]
    assert merged not in (ada, bea)
    [gone] = hub.change({"op": "privacy_delete", "object_type": "contact", "id": ada})
    assert gone["id"] == merged, "an id of a merged record leads to the new one here too"
    [unchanged] = hub.change({"op": "update", "object_type": "company", "id": acme, "properties": {"name": "Acme"}})
    assert unchanged == {"index": 0, "id": acme, "occurred_at": None, "error": None}


def test_uninstalling_must_say_which_when_there_are_several(hub: Hub) -> None:
    hub.control("POST", "apps", APP)
    hub.control("POST", f"portals/{HUB}/tokens", {"client_id": "c"})
    assert "name one by client_id" in refusal(hub, "POST", f"portals/{HUB}/uninstall", {})
    hub.control("POST", f"portals/{HUB}/uninstall", {"client_id": "c"})
    assert hub.control("POST", f"portals/{HUB}/uninstall") == {"hub_id": HUB, "client_id": CLIENT_ID}


def test_the_clock_moves_forward(hub: Hub) -> None:
    before = hub.control("GET", "state")["virtual_now"]
    after = hub.control("POST", "clock", {"advance_s": 1.5})["virtual_now"]
    assert before == "2026-11-18T11:06:40Z"
    assert after == "2026-11-18T11:06:41.500Z"


def test_the_state(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    hub.change({"op": "create", "object_type": "contact", "properties": {"email": "a@b.co"}})
    state = hub.control("GET", "state")
    journal = {"subscriptions": 0, "files": 0, "events": 0}
    assert state["apps"] == [{"client_id": CLIENT_ID, "app_id": APP_ID, "name": "Test app", "journal": journal}]
    [portal] = state["portals"]
    assert portal["records"] == {"contacts": 1, "companies": 0, "deals": 0, "tickets": 0}
    assert portal["pending_deliveries"] == 1
    assert SECRET not in str(state)


def test_a_reset_goes_back_to_the_start(hub: Hub) -> None:
    hub.control("POST", "faults", {"action": "drop"})
    hub.advance(1_000)
    hub.get("/crm/v3/objects/contacts")
    state = hub.control("POST", "reset")
    assert (state["apps"], state["portals"]) == ([], [])
    assert state["virtual_now"] == "2026-11-18T11:06:40Z"
    assert hub.control("GET", "faults")["items"] == []
    assert hub.control("GET", "requests")["items"] == []
    assert hub.get("/crm/v3/objects/contacts").status_code == 401


def test_an_account_that_is_gone_tells_nobody(hub: Hub) -> None:
    """An import may be at its next rows when the account goes: they must not be told in the name of another."""
    gone = hub.emulator.portals[HUB]
    hub.control("POST", "reset")
    hub.app(subscriptions=[{"event_type": "contact.creation"}])
    hub.portal()
    hub.install()
    change = {"op": "create", "object_type": "contact", "properties": {"email": "a@b.co"}}
    assert apply_changes(gone, {"changes": [change]})["results"][0]["error"] is None
    assert hub.control("GET", "state")["portals"][0]["pending_deliveries"] == 0
    hub.change(change)
    assert hub.control("GET", "state")["portals"][0]["pending_deliveries"] == 1


def test_the_control_api_needs_no_token_and_is_not_limited(bare: Hub) -> None:
    for _ in range(300):
        bare.control("GET", "state")
    assert bare.control("GET", "requests")["items"] == []
