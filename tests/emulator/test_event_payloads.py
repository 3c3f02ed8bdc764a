"""Every one of the 48 types: the fields of its event, in their order, and who is said to have done it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emulator.webhooks.subscriptions import EVENT_TYPES
from tests.emulator.hub import ADMIN, APP_ID, CRM_SCOPES, HUB, Hub

Json = dict[str, Any]

ENVELOPE = ["eventId", "subscriptionId", "portalId", "appId", "occurredAt", "subscriptionType", "attemptNumber"]
AUTHOR = ["changeSource", "sourceId"]
FIELDS = {
    "creation": ["objectId", "changeFlag", *AUTHOR],
    "deletion": ["objectId", "changeFlag", *AUTHOR],
    "restore": ["objectId", *AUTHOR],
    "privacyDeletion": ["objectId"],
    "propertyChange": ["objectId", "propertyName", "propertyValue", *AUTHOR],
    "merge": ["primaryObjectId", "mergedObjectIds", "newObjectId", "numberOfPropertiesMoved", *AUTHOR],
    "associationChange": [
        *("changeSource", "associationType", "fromObjectId", "toObjectId"),
        *("associationRemoved", "isPrimaryAssociation", "sourceId"),
    ],
    "object.creation": ["objectId", "objectTypeId", "changeFlag", *AUTHOR],
    "object.deletion": ["objectId", "objectTypeId", "changeFlag", *AUTHOR],
    "object.restore": ["objectId", "objectTypeId", *AUTHOR],
    "object.propertyChange": ["objectId", "objectTypeId", "propertyName", "propertyValue", *AUTHOR, "isSensitive"],
    "object.associationChange": [
        *("changeSource", "associationTypeId", "associationCategory"),
        *("fromObjectTypeId", "fromObjectId", "toObjectTypeId", "toObjectId"),
        *("associationRemoved", "isPrimaryAssociation", "sourceId"),
    ],
    "conversation.creation": ["objectId", "changeFlag"],
    "conversation.deletion": ["objectId", "changeFlag"],
    "conversation.privacyDeletion": ["objectId"],
    "conversation.newMessage": ["objectId", "messageId", "messageType", "changeFlag"],
    "conversation.propertyChange": ["objectId", "propertyName", "propertyValue"],
    "event.completed": ["objectId", "objectTypeId", "eventTypeName"],
}

# What a record of each kind needs, a property to change with its value, and a kind to associate it with.
RECORDS: dict[str, tuple[Json, str, str, str]] = {
    "contact": ({"email": "a@b.co"}, "firstname", "Ada", "company"),
    "company": ({"name": "Acme"}, "phone", "1", "contact"),
    "deal": ({"dealname": "D", "dealstage": "contractsent"}, "dealstage", "closedwon", "line_item"),
    "ticket": ({"subject": "T", "hs_pipeline_stage": "1"}, "hs_pipeline_stage", "2", "contact"),
    "product": ({"name": "P"}, "price", "5", "deal"),
    "line_item": ({"name": "L"}, "quantity", "3", "deal"),
    "service": ({"hs_name": "S"}, "hs_name", "Other", "contact"),
}


def change(hub: Hub, op: str, kind: str, **more: Any) -> str:
    [result] = hub.change({"op": op, "object_type": kind} | more)
    assert result["error"] is None
    record_id: str = result["id"]
    return record_id


def record(hub: Hub, kind: str, number: int = 0) -> str:
    needed = RECORDS[kind][0]
    return change(hub, "create", kind, properties=needed | ({"email": f"{number}@b.co"} if kind == "contact" else {}))


def delete(hub: Hub, kind: str) -> None:
    change(hub, "archive", kind, id=record(hub, kind))


def restore(hub: Hub, kind: str) -> None:
    record_id = record(hub, kind)
    change(hub, "archive", kind, id=record_id)
    change(hub, "restore", kind, id=record_id)


def alter(hub: Hub, kind: str) -> None:
    record_id = record(hub, kind)
    hub.events()
    change(hub, "update", kind, id=record_id, properties={RECORDS[kind][1]: RECORDS[kind][2]})


def merge(hub: Hub, kind: str) -> None:
    change(hub, "merge", kind, id=record(hub, kind, 1), into=record(hub, kind, 2))


def associate(hub: Hub, kind: str) -> None:
    other = RECORDS[kind][3]
    change(hub, "associate", kind, id=record(hub, kind), to={"object_type": other, "id": record(hub, other, 1)})


def privacy_delete(hub: Hub, kind: str) -> None:
    change(hub, "privacy_delete", kind, id=record(hub, kind))


DOINGS: dict[str, Callable[[Hub, str], object]] = {
    "creation": record,
    "deletion": delete,
    "restore": restore,
    "propertyChange": alter,
    "merge": merge,
    "associationChange": associate,
    "privacyDeletion": privacy_delete,
}


def converse(hub: Hub, *operations: str) -> None:
    [created] = hub.control("POST", f"portals/{HUB}/conversations", {"changes": [{"op": "create", "text": "Hi"}]})[
        "results"
    ]
    changes = [{"op": op, "id": created["id"]} for op in operations]
    hub.control("POST", f"portals/{HUB}/conversations", {"changes": changes})


def bring_about(hub: Hub, event_type: str) -> None:
    subject, _, action = event_type.partition(".")
    if subject == "conversation":
        converse(hub, *{"deletion": ["archive"], "privacyDeletion": ["privacy_delete"]}.get(action, ["close"]))
    elif subject == "event":
        hub.control("POST", f"portals/{HUB}/events", {"event_type_name": "pe1_visit", "id": record(hub, "contact")})
    else:
        DOINGS[action](hub, "service" if subject == "object" else subject)


def subscribe(hub: Hub, event_type: str) -> None:
    subject, _, action = event_type.partition(".")
    wanted: Json = {"event_type": event_type}
    if subject == "object":
        wanted["object_type"] = "service"
    if action == "propertyChange":
        kind = "service" if subject == "object" else subject
        wanted["property"] = "status" if subject == "conversation" else RECORDS[kind][1]
    if subject == "event":
        wanted["event_type_name"] = "pe1_visit"
    scopes = [*CRM_SCOPES, "conversations.read"]
    hub.app(subscriptions=[wanted], conditional_scopes=scopes)
    hub.install(scopes=["oauth", *scopes])


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_the_fields_of(hub: Hub, event_type: str) -> None:
    subscribe(hub, event_type)
    bring_about(hub, event_type)
    events = hub.events()
    assert {event["subscriptionType"] for event in events} == {event_type}
    wanted = FIELDS.get(event_type) or FIELDS[event_type.partition(".")[2]]
    for event in events:
        assert list(event) == [*ENVELOPE, *wanted]
        assert (event["portalId"], event["appId"], event["attemptNumber"]) == (HUB, APP_ID, 0)
        if "sourceId" in event:
            assert event["sourceId"] == f"userId:{ADMIN}"
            assert event["changeSource"] == ("USER" if event_type.endswith("associationChange") else "CRM_UI")
    if event_type.endswith(".propertyChange") and not event_type.startswith("conversation"):
        assert [event["propertyValue"] for event in events] == [RECORDS_OF[event_type.partition(".")[0]][2]]


RECORDS_OF = RECORDS | {"object": RECORDS["service"]}


def test_a_stage_that_changes_is_a_property_that_changes(hub: Hub) -> None:
    subscribe(hub, "deal.propertyChange")
    alter(hub, "deal")
    [event] = hub.events()
    assert (event["propertyName"], event["propertyValue"]) == ("dealstage", "closedwon")


@pytest.mark.parametrize("kind", ["contact", "service"])
def test_older_types_know_only_some_associations(hub: Hub, kind: str) -> None:
    hub.app(
        subscriptions=[
            {"event_type": "contact.associationChange"},
            {"event_type": "object.associationChange", "object_type": "contact"},
        ]
    )
    associate(hub, kind)
    found = {event["subscriptionType"] for event in hub.events()}
    assert found == {"object.associationChange"} | ({"contact.associationChange"} if kind == "contact" else set())


@pytest.mark.parametrize(
    ("source", "named", "told"),
    [
        ("CRM_UI", {}, {"changeSource": "CRM_UI", "sourceId": f"userId:{ADMIN}"}),
        ("CRM_UI_BULK_ACTION", {}, {"changeSource": "CRM_UI_BULK_ACTION", "sourceId": f"userId:{ADMIN}"}),
        ("IMPORT", {"source_id": "77"}, {"changeSource": "IMPORT", "sourceId": "77"}),
        ("API", {}, {"changeSource": "API"}),
        ("AUTOMATION_PLATFORM", {}, {"changeSource": "AUTOMATION_PLATFORM"}),
    ],
)
def test_where_a_change_comes_from(hub: Hub, source: str, named: Json, told: Json) -> None:
    hub.subscribe("contact.creation", "contact.associationChange")
    company = record(hub, "company")
    creation = {"op": "create", "object_type": "contact", "properties": {"email": "a@b.co"}}
    [made] = hub.control("POST", f"portals/{HUB}/changes", {"changes": [creation], "source": source} | named)["results"]
    [event] = hub.events()
    assert {name: event[name] for name in AUTHOR if name in event} == told
    link = {
        "op": "associate",
        "object_type": "contact",
        "id": made["id"],
        "to": {"object_type": "company", "id": company},
    }
    hub.control("POST", f"portals/{HUB}/changes", {"changes": [link], "source": source} | named)
    [event, _] = hub.events()
    user = {"changeSource": "USER"} if source.startswith("CRM_UI") else {}
    assert {name: event[name] for name in AUTHOR if name in event} == told | user


def test_what_no_change_comes_from(hub: Hub) -> None:
    answer = hub.http.post(f"/_emulator/portals/{HUB}/changes", json={"changes": [], "source": "INTEGRATION"})
    assert answer.status_code == 400
    assert "source must be one of" in answer.json()["error"]


def test_an_apps_own_writes_are_told_as_its_own(hub: Hub) -> None:
    hub.subscribe("contact.creation", "contact.associationChange", "contact.deletion")
    contact, company = hub.create(email="a@b.co"), hub.create("companies", name="Acme")
    hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}")
    hub.call("DELETE", f"/crm/v3/objects/contacts/{contact}")
    events = hub.events()
    assert [event["subscriptionType"] for event in events] == [
        "contact.creation",
        "contact.associationChange",
        "contact.deletion",
    ]
    assert {(event["changeSource"], event["sourceId"]) for event in events} == {("INTEGRATION", str(APP_ID))}


def define(hub: Hub, name: str, sensitivity: str) -> None:
    body = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "contactinformation"}
    answer = hub.post("/crm/v3/properties/contacts", body | {"dataSensitivity": sensitivity})
    assert answer.status_code == 201
    assert answer.json()["dataSensitivity"] == sensitivity


def test_sensitive_values_are_redacted_and_highly_sensitive_ones_not_told(hub: Hub) -> None:
    define(hub, "passport_number", "sensitive")
    define(hub, "diagnosis", "highly_sensitive")
    names = ("passport_number", "diagnosis", "firstname")
    older = [{"event_type": "contact.propertyChange", "property": name} for name in names]
    newer = [{"event_type": "object.propertyChange", "object_type": "contact", "property": name} for name in names]
    hub.app(subscriptions=older + newer)
    record_id = hub.create(email="a@b.co")
    values = {"passport_number": "P123", "diagnosis": "well", "firstname": "Ada"}
    hub.call("PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": values})
    events = hub.events()
    assert "P123" not in str(events)
    assert [(e["propertyName"], e["propertyValue"], e.get("isSensitive")) for e in events] == [
        ("passport_number", "REDACTED", None),
        ("passport_number", "REDACTED", True),
        ("firstname", "Ada", None),
        ("firstname", "Ada", False),
    ]


def test_sensitive_properties_are_listed_when_asked_for(hub: Hub) -> None:
    define(hub, "passport_number", "sensitive")
    for wanted, there in (({}, False), ({"dataSensitivity": "sensitive"}, True)):
        names = {each["name"] for each in hub.get("/crm/v3/properties/contacts", **wanted).json()["results"]}
        assert ("passport_number" in names) == there
        assert ("firstname" in names) != there
    assert hub.get("/crm/v3/properties/contacts", dataSensitivity="secret").status_code == 400
    saved = hub.control("GET", "snapshot")
    hub.control("PUT", "snapshot", saved)
    assert hub.control("GET", "snapshot") == saved
