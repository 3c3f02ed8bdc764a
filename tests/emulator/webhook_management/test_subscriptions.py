"""An app's subscriptions, one by one and in batches, in all generations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import Hub, created
from tests.emulator.webhook_management.developer import KEY, ROOMS, Developer

Json = dict[str, Any]


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
