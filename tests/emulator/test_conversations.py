"""Threads in an account's inbox, completed events, and the button that tests a subscription."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.webhooks.signatures import sign_v3
from tests.emulator.hub import ADMIN, APP_ID, CLIENT_ID, CRM_SCOPES, HUB, SECRET, TARGET, Hub, created, subscription

Json = dict[str, Any]
ENVELOPE = ["eventId", "subscriptionId", "portalId", "appId", "occurredAt", "subscriptionType", "attemptNumber"]
ALL = (
    "conversation.creation",
    "conversation.deletion",
    "conversation.privacyDeletion",
    "conversation.newMessage",
    *(f"conversation.propertyChange:{name}" for name in ("assignedTo", "status", "isArchived")),
)


@pytest.fixture
def inbox(hub: Hub) -> Hub:
    scopes = [*CRM_SCOPES, "conversations.read"]
    hub.app(subscriptions=[subscription(each) for each in ALL], conditional_scopes=scopes)
    hub.install(scopes=["oauth", *scopes])
    return hub


def act(hub: Hub, *changes: Json) -> list[Json]:
    results: list[Json] = hub.control("POST", f"portals/{HUB}/conversations", {"changes": list(changes)})["results"]
    return results


def thread(hub: Hub) -> int:
    """A thread that apps have heard of already."""
    number: int = act(hub, {"op": "create", "text": "Hello"})[0]["id"]
    hub.events()
    return number


def test_a_visitor_writes(inbox: Hub) -> None:
    [result] = act(inbox, {"op": "create", "text": "Hello"})
    creation, message = inbox.events()
    assert list(creation) == [*ENVELOPE, "objectId", "changeFlag"]
    assert (creation["subscriptionType"], creation["changeFlag"]) == ("conversation.creation", "CREATED")
    assert list(message) == [*ENVELOPE, "objectId", "messageId", "messageType", "changeFlag"]
    assert len(message["messageId"]) == 32
    assert (
        message.items()
        >= {
            "portalId": HUB,
            "appId": APP_ID,
            "occurredAt": result["occurred_at"],
            "subscriptionType": "conversation.newMessage",
            "objectId": result["id"],
            "messageId": result["message_id"],
            "messageType": "MESSAGE",
            "changeFlag": "NEW_MESSAGE",
        }.items()
    )
    assert creation["objectId"] == result["id"]


def told(hub: Hub) -> list[tuple[str, str | None, str | None]]:
    return [
        (e["subscriptionType"].partition(".")[2], e.get("propertyName"), e.get("propertyValue")) for e in hub.events()
    ]


def test_properties_of_a_thread(inbox: Hub) -> None:
    number = thread(inbox)
    act(inbox, {"op": "assign", "id": number, "assigned_to": f"A-{ADMIN}"})
    [event] = inbox.events()
    assert list(event) == [*ENVELOPE, "objectId", "propertyName", "propertyValue"]
    assert (event["propertyName"], event["propertyValue"]) == ("assignedTo", "A-101")
    act(inbox, {"op": "assign", "id": number, "assigned_to": f"A-{ADMIN}"}, {"op": "assign", "id": number})
    assert told(inbox) == [("propertyChange", "assignedTo", "")]
    act(inbox, *({"op": op, "id": number} for op in ("close", "close", "reopen")))
    assert told(inbox) == [("propertyChange", "status", "CLOSED"), ("propertyChange", "status", "OPEN")]


def test_a_message_opens_a_closed_thread_and_a_comment_does_not(inbox: Hub) -> None:
    number = thread(inbox)
    act(inbox, {"op": "close", "id": number}, {"op": "message", "id": number, "type": "COMMENT", "text": "Done?"})
    assert told(inbox)[1:] == [("newMessage", None, None)]
    act(inbox, {"op": "message", "id": number, "text": "No!"})
    assert told(inbox) == [("newMessage", None, None), ("propertyChange", "status", "OPEN")]


def test_archived_restored_and_gone(inbox: Hub) -> None:
    number = thread(inbox)
    act(inbox, {"op": "archive", "id": number})
    [deletion] = inbox.events()
    assert list(deletion) == [*ENVELOPE, "objectId", "changeFlag"]
    assert (deletion["subscriptionType"], deletion["changeFlag"]) == ("conversation.deletion", "DELETED")
    act(inbox, {"op": "archive", "id": number}, {"op": "restore", "id": number}, {"op": "restore", "id": number})
    assert told(inbox) == [("propertyChange", "isArchived", "FALSE")]
    act(inbox, {"op": "privacy_delete", "id": number})
    [privacy] = inbox.events()
    assert list(privacy) == [*ENVELOPE, "objectId"]
    assert privacy["subscriptionType"] == "conversation.privacyDeletion"
    assert inbox.control("GET", f"portals/{HUB}/conversations") == {"items": []}


def test_what_the_inbox_holds(inbox: Hub) -> None:
    number = thread(inbox)
    act(inbox, {"op": "message", "id": number, "type": "COMMENT", "text": "Who is it?", "sender": "A-102"})
    [kept] = inbox.control("GET", f"portals/{HUB}/conversations")["items"]
    assert (kept["id"], kept["status"], kept["assigned_to"], kept["archived"]) == (number, "OPEN", "", False)
    assert [(m["type"], m["text"], m["sender"]) for m in kept["messages"]] == [
        ("MESSAGE", "Hello", "V-1"),
        ("COMMENT", "Who is it?", "A-102"),
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"op": "shout"}, "op must be one of"),
        ({"op": "close", "id": 1}, "there is no thread 1"),
        ({"op": "close"}, "id is required"),
        ({"op": "message", "id": "N"}, "text is required"),
        ({"op": "message", "id": "N", "text": "x", "type": "SHOUT"}, "type must be one of"),
        ({"op": "assign", "id": "N", "to": "x"}, "unknown field"),
        ([], "must be an object"),
    ],
)
def test_changes_that_are_refused(inbox: Hub, change: Any, words: str) -> None:
    number = thread(inbox)
    if isinstance(change, dict) and change.get("id") == "N":
        change = change | {"id": number}
    refused, done = act(inbox, change, {"op": "close", "id": number})
    assert words in refused["error"]
    assert (refused["occurred_at"], done["error"]) == (None, None)
    assert told(inbox) == [("propertyChange", "status", "CLOSED")]


def test_nothing_is_written_to_an_archived_thread(inbox: Hub) -> None:
    number = thread(inbox)
    _, refused = act(inbox, {"op": "archive", "id": number}, {"op": "message", "id": number, "text": "x"})
    assert "archived" in refused["error"]


def test_threads_survive_a_snapshot(inbox: Hub) -> None:
    number = thread(inbox)
    act(inbox, {"op": "archive", "id": number})
    inbox.events()
    saved = inbox.control("GET", "snapshot")
    inbox.control("POST", "reset")
    inbox.control("PUT", "snapshot", saved)
    assert inbox.control("GET", "snapshot") == saved
    assert thread(inbox) == number + 1
    act(inbox, {"op": "restore", "id": number})
    assert told(inbox) == [("propertyChange", "isArchived", "FALSE")]


def test_snapshots_without_threads_still_load(inbox: Hub) -> None:
    thread(inbox)
    saved = inbox.control("GET", "snapshot")
    del saved["conversations"]
    inbox.control("PUT", "snapshot", saved)
    assert inbox.control("GET", f"portals/{HUB}/conversations") == {"items": []}


# -- completed events --------------------------------------------------------------------------------------------------


def test_an_event_is_completed(hub: Hub) -> None:
    record_id = hub.create(email="a@b.co")
    hub.app(subscriptions=[{"event_type": "event.completed", "event_type_name": "pe1_visit"}])
    for name in ("pe1_visit", "pe1_other"):
        result = hub.control("POST", f"portals/{HUB}/events", {"event_type_name": name, "id": record_id})
        assert result["id"] == record_id
    [event] = hub.events()
    assert list(event) == [*ENVELOPE, "objectId", "objectTypeId", "eventTypeName"]
    assert event["subscriptionType"] == "event.completed"
    assert (event["objectId"], event["objectTypeId"], event["eventTypeName"]) == (int(record_id), "0-1", "pe1_visit")


@pytest.mark.parametrize(
    ("body", "words"),
    [({}, "event_type_name"), ({"event_type_name": "x", "id": "1"}, "no record"), ({"event_type_name": "x"}, "id is")],
)
def test_events_that_nobody_completed(hub: Hub, body: Json, words: str) -> None:
    answer = hub.http.post(f"/_emulator/portals/{HUB}/events", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


# -- the button "Test" -------------------------------------------------------------------------------------------------


def press(hub: Hub, subscription_id: Any, client_id: str = CLIENT_ID, **body: Any) -> Any:
    return hub.http.post(f"/_emulator/apps/{client_id}/subscriptions/{subscription_id}/test", json=body)


def test_a_subscription_is_tested(hub: Hub) -> None:
    first, second = hub.app(
        subscriptions=[
            {"event_type": "contact.creation", "active": False},
            {"event_type": "deal.propertyChange", "property": "dealstage"},
        ]
    )["subscriptions"]
    answer = press(hub, first["id"]).json()
    [(headers, body)] = hub.receiver.requests
    [event] = json.loads(body)
    fields = ["objectId", "changeSource", "changeFlag"]
    assert list(event) == [
        "appId",
        "eventId",
        "subscriptionId",
        "portalId",
        "occurredAt",
        "subscriptionType",
        "attemptNumber",
        *fields,
    ]
    assert (event["eventId"], event["subscriptionId"], event["portalId"]) == (100, first["id"], HUB)
    assert [event[name] for name in fields] == [123, "CRM", "NEW"]
    timestamp = int(headers["X-HubSpot-Request-Timestamp"])
    assert headers["X-HubSpot-Signature-v3"] == sign_v3(SECRET, "POST", TARGET, body, timestamp)
    assert (answer["status"], answer["events"]) == (204, [event])
    assert hub.control("GET", "deliveries")["items"][0]["seq"] == answer["seq"]
    [event] = press(hub, second["id"], hub_id=7).json()["events"]
    assert list(event)[7:] == ["objectId", "changeSource", "propertyName", "propertyValue"]
    assert (event["portalId"], event["propertyName"], event["propertyValue"]) == (7, "dealstage", "sample-value")


def test_a_test_that_fails_is_not_repeated(hub: Hub) -> None:
    [subscription] = hub.app(subscriptions=[{"event_type": "contact.creation"}])["subscriptions"]
    hub.receiver.answer = 0
    assert press(hub, subscription["id"]).json()["error"] == "connection refused"
    hub.receiver.requests.clear()
    hub.advance(86_400)
    assert hub.events() == []


def test_tests_that_cannot_be_sent(hub: Hub) -> None:
    [subscription] = hub.app(subscriptions=[{"event_type": "contact.creation"}])["subscriptions"]
    for answer in (press(hub, 1), press(hub, "x"), press(hub, subscription["id"], "nobody")):
        assert answer.status_code == 400
        assert "no subscription" in answer.json()["error"]
    hub.app(webhook=None, subscriptions=[{"event_type": "contact.creation"}])
    assert "no webhook" in press(hub, subscription["id"]).json()["error"]


# -- the same each time ------------------------------------------------------------------------------------------------


def test_an_accounts_events_are_the_same_each_time() -> None:
    def story() -> list[Json]:
        hub = Hub()
        hub.app(
            subscriptions=[{"event_type": "contact.propertyChange", "property": n} for n in ("email", "phone", "city")]
        )
        hub.portal()
        hub.install()
        hub.control("POST", "faults", {"action": "drop", "probability": 0.3, "seed": 4})
        hub.control("POST", "faults", {"action": "duplicate", "probability": 0.3, "seed": 5})
        hub.control("POST", "faults", {"action": "reorder", "seed": 6, "params": {"window_ms": 900}})
        for number in range(20):
            hub.change(created(email=f"p{number}@b.co", phone="1", city="Graz"))
        hub.advance(1)
        return [event | {"subscriptionId": 0} for event in hub.events()]

    first = story()
    assert len(first) > 0
    assert first == story()
