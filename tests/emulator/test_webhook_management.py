"""The API by which a developer manages an app's webhooks, in all generations, and HubSpot's own client at it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx2
import pytest
from hubspot import HubSpot
from hubspot.webhooks import (
    ApiException,
    BatchInputSubscriptionBatchUpdateRequest,
    SettingsChangeRequest,
    SubscriptionBatchUpdateRequest,
    SubscriptionCreateRequest,
    SubscriptionPatchRequest,
    ThrottlingSettings,
)

from tests.emulator.hub import APP_ID, CLIENT_ID, CRM_SCOPES, HUB, TARGET, Hub, created, kinds

Json = dict[str, Any]
KEY = "11111111-2222-4333-8444-555555555555"
ROOMS = ["/webhooks/v3", "/webhooks/2026-03", "/app-webhooks/2025-09", "/app-webhooks/2026-09"]


class Developer:
    """Calls with the developer's key."""

    def __init__(self, hub: Hub, room: str = ROOMS[0]) -> None:
        self.hub = hub
        self.base = f"{room}/{APP_ID}"

    def call(self, method: str, path: str, body: Any = None, key: str = KEY) -> httpx2.Response:
        return self.hub.http.request(method, f"{self.base}/{path}", json=body, params={"hapikey": key})

    def subscribe(self, event_type: str, **more: Any) -> Json:
        answer = self.call("POST", "subscriptions", {"eventType": event_type, "active": True} | more)
        assert answer.status_code == 201, answer.text
        body: Json = answer.json()
        return body

    def refused(self, method: str, path: str, body: Any = None, status: int = 400) -> str:
        answer = self.call(method, path, body)
        assert answer.status_code == status, answer.text
        assert answer.json()["status"] == "error"
        message: str = answer.json()["message"]
        return message


@pytest.fixture
def developer(hub: Hub) -> Developer:
    hub.app(developer_api_key=KEY)
    return Developer(hub)


def settings(most: int = 10, url: str = TARGET) -> Json:
    return {"targetUrl": url, "throttling": {"maxConcurrentRequests": most}}


# -- who may call ------------------------------------------------------------------------------------------------------


def test_the_control_api_tells_the_key_and_keeps_it(hub: Hub) -> None:
    key = hub.app()["developer_api_key"]
    assert len(key) == 36
    assert hub.app()["developer_api_key"] == key
    assert hub.app(developer_api_key=KEY)["developer_api_key"] == KEY
    assert Developer(hub).call("GET", "subscriptions", key=key).status_code == 401


def test_without_a_key_or_with_a_wrong_one(developer: Developer) -> None:
    for key in ("", "nonsense"):
        answer = developer.call("GET", "settings", key=key)
        assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_the_key_as_a_bearer_token(developer: Developer) -> None:
    answer = developer.hub.http.get(f"{developer.base}/settings", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status_code == 200


def test_another_developers_app_is_not_there(developer: Developer) -> None:
    developer.hub.app(client_id="other", app_id=2, developer_api_key="theirs")
    assert developer.call("GET", "settings", key="theirs").status_code == 404
    assert developer.hub.http.get("/webhooks/v3/99/settings", params={"hapikey": KEY}).status_code == 404


def test_one_key_for_all_apps_of_a_developer(developer: Developer) -> None:
    developer.hub.app(client_id="other", app_id=2, developer_api_key=KEY)
    assert developer.hub.http.get("/webhooks/v3/2/settings", params={"hapikey": KEY}).status_code == 200


def test_an_oauth_token_needs_the_scope(hub: Hub) -> None:
    hub.app(conditional_scopes=[*CRM_SCOPES, "developers-read"])
    hub.install(scopes=["oauth"])
    refused = hub.get(f"/webhooks/v3/{APP_ID}/settings")
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    hub.install(scopes=["oauth", "developers-read"])
    assert hub.get(f"/webhooks/v3/{APP_ID}/settings").status_code == 200
    assert hub.call("DELETE", f"/webhooks/v3/{APP_ID}/settings").status_code == 403, "may only read"
    hub.advance(3_600)
    assert hub.get(f"/webhooks/v3/{APP_ID}/settings").json()["category"] == "EXPIRED_AUTHENTICATION"


def test_private_apps_have_no_such_api(hub: Hub) -> None:
    private = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["developers-read"]})
    hub.token = private["access_token"]
    assert hub.get(f"/webhooks/v3/{APP_ID}/settings").status_code == 403
    assert hub.get(f"/webhooks/v3/{private['app_id']}/settings").status_code == 403


def test_calls_are_in_the_ledger_and_in_no_window(developer: Developer) -> None:
    for _ in range(120):
        assert developer.call("GET", "subscriptions").status_code == 200
    row = developer.hub.control("GET", "requests")["items"][-1]
    assert (row["app_id"], row["hub_id"], row["exempt"]) == (APP_ID, None, True)


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", ROOMS)
def test_settings(hub: Hub, room: str) -> None:
    hub.app(developer_api_key=KEY, webhook=None)
    developer = Developer(hub, room)
    assert developer.call("GET", "settings").status_code == 404
    put = developer.call("PUT", "settings", settings(25))
    assert put.status_code == 200
    assert list(put.json()) == ["createdAt", "targetUrl", "throttling", "updatedAt"]
    assert put.json()["throttling"] == {"maxConcurrentRequests": 25}
    hub.advance(60)
    again = developer.call("PUT", "settings", settings(6, "https://example.com/hooks")).json()
    assert again["createdAt"] == put.json()["createdAt"]
    assert again["updatedAt"] > put.json()["updatedAt"]
    assert developer.call("GET", "settings").json() == again
    assert developer.call("DELETE", "settings").status_code == 204
    assert developer.call("GET", "settings").status_code == 404


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "targetUrl"),
        ({"targetUrl": TARGET}, "throttling"),
        ({"targetUrl": TARGET, "throttling": {}}, "maxConcurrentRequests"),
        ({"targetUrl": TARGET, "throttling": {"maxConcurrentRequests": True}}, "maxConcurrentRequests"),
        ({"targetUrl": 5, "throttling": {"maxConcurrentRequests": 10}}, "targetUrl"),
        ({"targetUrl": TARGET, "throttling": 10}, "throttling"),
        (settings(5), "greater than five"),
        (settings(url="http://example.com/hooks"), "https"),
        (settings(url="https://"), "https"),
        (settings(url="/hooks"), "https"),
        ([], "from Array value"),
    ],
)
def test_settings_that_are_refused(developer: Developer, body: Any, words: str) -> None:
    before = developer.call("GET", "settings").json()
    assert words in developer.refused("PUT", "settings", body)
    assert developer.call("GET", "settings").json() == before


@pytest.mark.parametrize("url", ["http://localhost:1/x", "http://127.0.0.1/", "http://app:8000/x", "http://10.0.0.7/"])
def test_plain_http_in_a_private_network(developer: Developer, url: str) -> None:
    assert developer.call("PUT", "settings", settings(url=url)).status_code == 200


def test_deleting_the_settings_pauses_and_putting_them_resumes(developer: Developer) -> None:
    developer.subscribe("contact.creation")
    developer.call("DELETE", "settings")
    developer.hub.change(created())
    assert developer.hub.events() == []
    assert len(developer.call("GET", "subscriptions").json()["results"]) == 1
    developer.call("PUT", "settings", settings())
    developer.hub.change(created())
    assert kinds(developer.hub.events()) == {"contact.creation": 1}


# -- subscriptions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", ROOMS)
def test_a_subscription_from_beginning_to_end(hub: Hub, room: str) -> None:
    hub.app(developer_api_key=KEY)
    developer = Developer(hub, room)
    body = {"eventType": "contact.propertyChange", "propertyName": "email", "active": False}
    answer = developer.call("POST", "subscriptions", body)
    assert answer.status_code == 201
    made = answer.json()
    assert list(made) == ["id", "eventType", "propertyName", "active", "createdAt", "updatedAt"]
    assert made["id"].isdigit()
    assert made["createdAt"] == made["updatedAt"]
    assert answer.headers["location"].endswith(f"{developer.base}/subscriptions/{made['id']}")
    one = f"subscriptions/{made['id']}"
    assert developer.call("GET", one).json() == made
    assert developer.call("GET", "subscriptions").json() == {"results": [made]}
    hub.change(created())
    assert hub.events() == [], "it is paused"
    hub.advance(60)
    patched = developer.call("PATCH", one, {"active": True})
    assert patched.status_code == 200
    assert patched.json()["active"] is True
    assert patched.json()["updatedAt"] > made["updatedAt"]
    hub.change(created())
    assert [str(event["subscriptionId"]) for event in hub.events()] == [made["id"]]
    assert developer.call("DELETE", one).status_code == 204
    assert developer.call("DELETE", one).status_code == 404
    assert developer.call("GET", "subscriptions").json() == {"results": []}
    hub.change(created())
    assert hub.events() == []


def test_generic_subscriptions_and_events_by_name(developer: Developer) -> None:
    generic = developer.subscribe("object.creation", objectTypeId="0-1")
    assert generic["objectTypeId"] == "0-1"
    named = developer.subscribe("event.completed", eventTypeName="pe1_visit")
    assert named["eventTypeName"] == "pe1_visit"
    developer.hub.change(created())
    [event] = developer.hub.events()
    assert event["objectTypeId"] == "0-1"


def test_active_is_optional_in_v3_and_required_since(developer: Developer) -> None:
    body = {"eventType": "contact.creation"}
    assert developer.call("POST", "subscriptions", body).json()["active"] is False
    for room in ROOMS[1:]:
        assert "active" in Developer(developer.hub, room).refused("POST", "subscriptions", body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "eventType"),
        ({"eventType": "deal.stageChange"}, "a stage that changes is deal.propertyChange of dealstage"),
        ({"eventType": "ticket.stageChange"}, "hs_pipeline_stage"),
        ({"eventType": "contact.propertychange", "propertyName": "email"}, "did you mean contact.propertyChange?"),
        ({"eventType": "form.submission"}, "is not a subscription type"),
        ({"eventType": "product.associationChange"}, "is not a subscription type"),
        ({"eventType": "contact.propertyChange"}, "needs a property"),
        ({"eventType": "contact.creation", "propertyName": "email"}, "takes no property"),
        ({"eventType": "contact.propertyChange", "propertyName": "hs_lastmodifieddate"}, "cannot be subscribed to"),
        (
            {"eventType": "contact.propertyChange", "propertyName": "num_unique_conversion_events"},
            "cannot be subscribed to",
        ),
        ({"eventType": "object.creation"}, "object_type"),
        ({"eventType": "contact.creation", "objectTypeId": "0-1"}, "object_type"),
        (
            {"eventType": "object.creation", "objectTypeId": "p_services"},
            "Unable to infer object type from: p_services",
        ),
        ({"eventType": "conversation.creation"}, "conversations.read"),
        ({"eventType": "object.creation", "objectTypeId": "2-77"}, "crm.objects.custom.read"),
        ({"eventType": "event.completed"}, "name of an event"),
        ({"eventType": 5}, "eventType"),
        ({"eventType": "contact.creation", "active": "yes"}, "active"),
    ],
)
def test_subscriptions_that_are_refused(developer: Developer, body: Json, words: str) -> None:
    assert words in developer.refused("POST", "subscriptions", {"active": True} | body)
    assert developer.call("GET", "subscriptions").json() == {"results": []}


def test_conversations_have_three_properties(developer: Developer) -> None:
    developer.hub.app(developer_api_key=KEY, conditional_scopes=["conversations.read"])
    for name in ("assignedTo", "status", "isArchived"):
        developer.subscribe("conversation.propertyChange", propertyName=name)
    body = {"eventType": "conversation.propertyChange", "propertyName": "subject", "active": True}
    assert "not a property of conversations" in developer.refused("POST", "subscriptions", body)


def test_the_same_subscription_twice(developer: Developer) -> None:
    made = developer.subscribe("contact.creation")
    message = developer.refused("POST", "subscriptions", {"eventType": "contact.creation", "active": True}, status=409)
    assert made["id"] in message


def test_the_thousand_and_first(developer: Developer) -> None:
    given = [{"event_type": "contact.propertyChange", "property": f"p{number}"} for number in range(999)]
    developer.hub.app(developer_api_key=KEY, subscriptions=given)
    developer.subscribe("contact.creation")
    answer = developer.call("POST", "subscriptions", {"eventType": "contact.deletion", "active": True})
    assert answer.status_code == 400
    assert answer.json().keys() == {"status", "message", "correlationId", "requestId"}
    assert answer.json()["message"] == (
        "Couldn't create another subscription. You've reached the maximum number allowed per application (1000)."
    )


@pytest.mark.parametrize("text", ["1", "abc", "99999999999999999999", "²"])
def test_a_subscription_that_is_not_there(developer: Developer, text: str) -> None:
    for method, body in (("GET", None), ("PATCH", {"active": True}), ("DELETE", None)):
        assert "Failed to find subscriptions by id" in developer.refused(
            method, f"subscriptions/{text}", body, status=404
        )


def test_only_active_can_be_changed(developer: Developer) -> None:
    made = developer.subscribe("contact.creation")
    one = f"subscriptions/{made['id']}"
    assert "eventType" in developer.refused("PATCH", one, {"active": False, "eventType": "contact.deletion"})
    assert "active" in developer.refused("PATCH", one, {"active": 1})
    assert developer.call("GET", one).json() == made


@pytest.mark.parametrize("room", ROOMS)
def test_a_batch_turns_on_and_off_and_tells_what_is_missing(hub: Hub, room: str) -> None:
    hub.app(developer_api_key=KEY)
    developer = Developer(hub, room)
    one, two = (developer.subscribe(f"contact.{action}")["id"] for action in ("creation", "deletion"))
    inputs = [{"id": int(one), "active": False}, {"id": two, "active": True}]
    answer = developer.call("POST", "subscriptions/batch/update", {"inputs": inputs})
    assert answer.status_code == 200
    assert list(answer.json()) == ["status", "results", "startedAt", "completedAt"]
    assert [(each["id"], each["active"]) for each in answer.json()["results"]] == [(one, False), (two, True)]
    inputs[0] |= {"active": True}
    inputs.append({"id": 4567, "active": True})
    partial = developer.call("POST", "subscriptions/batch/update", {"inputs": inputs})
    assert partial.status_code == 207
    assert list(partial.json()) == ["status", "results", "numErrors", "errors", "startedAt", "completedAt"]
    assert partial.json()["status"] == "COMPLETE"
    assert partial.json()["numErrors"] == 1
    assert partial.json()["errors"] == [
        {
            "status": "error",
            "category": "SUBSCRIPTION_ID_NOT_FOUND",
            "message": "Failed to find subscriptions by id `4567`.",
        }
    ]
    assert [each["active"] for each in developer.call("GET", "subscriptions").json()["results"]] == [True, True]


@pytest.mark.parametrize(
    "body", [{}, {"inputs": {}}, {"inputs": [5]}, {"inputs": [{"id": 1}]}, {"inputs": [{"active": True}]}]
)
def test_batches_that_are_refused(developer: Developer, body: Json) -> None:
    assert "400" not in developer.refused("POST", "subscriptions/batch/update", body)


# -- the cache, and what is kept ---------------------------------------------------------------------------------------


def test_changes_are_followed_when_the_cache_is_old(hub: Hub) -> None:
    hub.app(developer_api_key=KEY, settings_cache_s=300)
    developer = Developer(hub)
    developer.subscribe("contact.creation")
    hub.change(created())
    assert hub.events() == []
    hub.advance(200)
    developer.subscribe("contact.propertyChange", propertyName="email")
    hub.advance(99)
    hub.change(created())
    assert hub.events() == []
    hub.advance(1)
    hub.change(created())
    assert kinds(hub.events()) == {"contact.creation": 1, "contact.propertyChange": 1}
    developer.call("DELETE", "settings")
    hub.change(created())
    assert len(hub.events()) == 2, "still sent to where it was"


def test_the_cache_is_in_snapshots_and_configuring_the_app_empties_it(hub: Hub) -> None:
    hub.app(developer_api_key=KEY, settings_cache_s=300)
    developer = Developer(hub)
    developer.subscribe("contact.creation")
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert hub.control("GET", "snapshot") == saved
    hub.change(created())
    assert hub.events() == []
    hub.app(developer_api_key=KEY, settings_cache_s=300, subscriptions=[{"event_type": "contact.creation"}])
    hub.change(created())
    assert len(hub.events()) == 1


def test_subscriptions_survive_a_snapshot_and_their_ids_are_not_given_again(developer: Developer) -> None:
    made = developer.subscribe("contact.creation")
    saved = developer.hub.control("GET", "snapshot")
    for app in saved["apps"]:
        app["subscriptions"][0]["id"] = 8_000_000
    developer.hub.control("PUT", "snapshot", saved)
    [kept] = developer.call("GET", "subscriptions").json()["results"]
    assert kept == made | {"id": "8000000"}
    assert developer.subscribe("contact.deletion")["id"] == "8000001"


def test_snapshots_from_before_still_load(developer: Developer) -> None:
    developer.subscribe("contact.creation")
    saved = developer.hub.control("GET", "snapshot")
    del saved["settings_cache"]
    for app in saved["apps"]:
        del app["developer_api_key"], app["settings_cache_s"]
        del app["webhook"]["created_at"], app["webhook"]["updated_at"]
        for each in app["subscriptions"]:
            del each["created_at"], each["updated_at"], each["event_type_name"]
    developer.hub.control("PUT", "snapshot", saved)
    developer.hub.change(created())
    assert kinds(developer.hub.events()) == {"contact.creation": 1}


# -- HubSpot's own client ----------------------------------------------------------------------------------------------


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        """Tests have no use for a server's log."""


@pytest.fixture
def client(developer: Developer) -> Iterator[Any]:
    """The official client, with its host set and nothing else."""
    with make_server("127.0.0.1", 0, developer.hub.emulator.wsgi("na1"), handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield HubSpot(api_key=KEY, host=f"http://127.0.0.1:{server.server_port}").webhooks
        server.shutdown()
        thread.join()


def test_the_official_client_manages_settings(client: Any, hub: Hub) -> None:
    wanted = SettingsChangeRequest(target_url=TARGET, throttling=ThrottlingSettings(max_concurrent_requests=20))
    made = client.settings_api.configure(APP_ID, wanted)
    assert (made.target_url, made.throttling.max_concurrent_requests) == (TARGET, 20)
    assert client.settings_api.get_all(APP_ID).created_at == made.created_at
    client.settings_api.clear(APP_ID)
    with pytest.raises(ApiException) as gone:
        client.settings_api.get_all(APP_ID)
    assert gone.value.status == 404
    assert hub.emulator.apps[CLIENT_ID].webhook is None


def test_the_official_client_manages_subscriptions(client: Any, hub: Hub) -> None:
    api = client.subscriptions_api
    made = api.create(
        APP_ID,
        SubscriptionCreateRequest(event_type="contact.propertyChange", property_name="email", active=True),
    )
    hub.change(created())
    assert [str(event["subscriptionId"]) for event in hub.events()] == [made.id]
    assert api.update(int(made.id), APP_ID, SubscriptionPatchRequest(active=False)).active is False
    assert api.get_by_id(int(made.id), APP_ID).property_name == "email"
    batch = BatchInputSubscriptionBatchUpdateRequest(
        inputs=[
            SubscriptionBatchUpdateRequest(id=int(made.id), active=True),
            SubscriptionBatchUpdateRequest(id=4567, active=True),
        ]
    )
    partial = api.update_batch(APP_ID, batch)
    assert partial.num_errors == 1
    assert partial.errors[0].category == "SUBSCRIPTION_ID_NOT_FOUND"
    assert [each.active for each in api.get_all(APP_ID).results] == [True]
    api.archive(int(made.id), APP_ID)
    assert api.get_all(APP_ID).results == []
