"""What is written into an app's journal: changes of records, associations and lists."""

from __future__ import annotations

from typing import Any

from tests.emulator.hub import CRM_SCOPES, HUB, Hub, created, fresh_email
from tests.emulator.journal import Journal
from tests.emulator.journals.changes import NOW, change

Json = dict[str, Any]


def test_a_creation_carries_what_was_set(hub: Hub, journal: Journal) -> None:
    journal.subscribe()
    email = fresh_email()
    (made,) = hub.change(created(email=email, firstname="Ada", date_of_birth="1815-12-10"))
    (event,) = journal.events()
    values = event.pop("propertyChanges")
    assert event == {
        "type": "object",
        "portalId": HUB,
        "occurredAt": NOW,
        "action": "CREATE",
        "objectTypeId": "0-1",
        "objectId": int(made["id"]),
    }
    assert (values["email"], values["firstname"]) == (email, "Ada")


def test_a_change_is_one_event_with_all_that_changed(hub: Hub, journal: Journal) -> None:
    contact = hub.create(email=fresh_email(), lastname="King")
    journal.subscribe(actions=["UPDATE"])
    hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"firstname": "Ada", "lastname": ""}})
    (event,) = journal.events()
    assert event["action"] == "UPDATE"
    assert event["propertyChanges"] == {"firstname": "Ada", "lastname": ""}


def test_dates_are_in_milliseconds(hub: Hub, journal: Journal) -> None:
    deal = {"dealname": "Engine", "dealstage": "appointmentscheduled", "closedate": "2026-12-01T00:00:00Z"}
    journal.subscribe(objectTypeId="0-3", properties=["closedate"])
    hub.create("deals", **deal)
    (event,) = journal.events()
    assert event["propertyChanges"] == {"closedate": "1796083200000"}


def test_sensitive_values_are_redacted_and_highly_sensitive_ones_not_told(hub: Hub, journal: Journal) -> None:
    for name, sensitivity in (("passport_number", "sensitive"), ("diagnosis", "highly_sensitive")):
        body = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "contactinformation"}
        assert hub.post("/crm/v3/properties/contacts", body | {"dataSensitivity": sensitivity}).status_code == 201
    contact = hub.create(email=fresh_email())
    journal.subscribe(actions=["UPDATE"])
    for values in ({"passport_number": "P1", "diagnosis": "well"}, {"diagnosis": "ill"}):
        hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": values})
    request = {"portalId": HUB, "objectTypeId": "0-1", "objectId": int(contact), "properties": []}
    assert journal.call("POST", "snapshots", "/crm", {"snapshotRequests": [request]}).status_code == 200
    update, snapshot = journal.events()
    assert update["propertyChanges"] == {"passport_number": "REDACTED"}
    assert snapshot["propertyChanges"]["passport_number"] == "REDACTED"
    assert "diagnosis" not in snapshot["propertyChanges"]


def test_custom_objects_and_labels_are_told(hub: Hub, journal: Journal) -> None:
    scopes = [
        *CRM_SCOPES,
        *(f"crm.{area}.custom.{access}" for area in ("schemas", "objects") for access in ("read", "write")),
    ]
    hub.app(conditional_scopes=scopes)
    hub.portal(7, tier="enterprise")
    hub.install(7, scopes=["oauth", *scopes])
    schema = {
        "name": "car",
        "labels": {"singular": "Car", "plural": "Cars"},
        "primaryDisplayProperty": "model",
        "requiredProperties": ["model"],
        "properties": [{"name": "model", "label": "Model", "type": "string", "fieldType": "text"}],
        "associatedObjects": ["CONTACT"],
    }
    answer = hub.post("/crm/v3/schemas", schema)
    assert answer.status_code == 201, answer.text
    type_id = answer.json()["objectTypeId"]
    label = {"name": "driver", "label": "Driver"}
    made = hub.post(f"/crm/v4/associations/contacts/{type_id}/labels", label).json()["results"]
    driver = next(each for each in made if each["label"] == "Driver")
    journal.subscribe(portal_id=7, objectTypeId=type_id, actions=["CREATE"])
    journal.subscribe("ASSOCIATION", portal_id=7, associatedObjectTypeIds=[type_id])
    car, contact = hub.create(type_id, model="Beetle"), hub.create(email=fresh_email())
    spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": driver["typeId"]}]
    hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/{type_id}/{car}", spec)
    created_, *associated = journal.events()
    assert (created_["objectTypeId"], created_["propertyChanges"]["model"]) == (type_id, "Beetle")
    assert ("USER_DEFINED", driver["typeId"]) in {
        (each["associationCategory"], each["associationTypeId"]) for each in associated
    }
    assert {each["toObjectTypeId"] for each in associated} == {type_id}


def test_only_the_properties_asked_for_are_told(hub: Hub, journal: Journal) -> None:
    journal.subscribe(properties=["firstname"])
    contact = hub.create(email=fresh_email(), firstname="Ada", lastname="King")
    hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"lastname": "Lovelace"}})
    hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"lastname": "L", "firstname": "A"}})
    assert [(event["action"], event["propertyChanges"]) for event in journal.events()] == [
        ("CREATE", {"firstname": "Ada"}),
        ("UPDATE", {"firstname": "A"}),
    ]


def test_a_record_comes_and_goes(hub: Hub, journal: Journal) -> None:
    first, second = hub.create(email=fresh_email()), hub.create(email=fresh_email())
    journal.subscribe()
    journal.subscribe("GDPR_PRIVACY_DELETION")
    change(hub, op="archive", object_type="contact", id=first)
    change(hub, op="restore", object_type="contact", id=first)
    merged = change(hub, op="merge", object_type="contact", id=second, into=first)["id"]
    change(hub, op="privacy_delete", object_type="contact", id=merged)
    events = journal.events()
    assert [event["action"] for event in events[:3]] == ["DELETE", "RESTORE", "MERGE"]
    assert [event["objectId"] for event in events] == [int(first), int(first), *[int(merged)] * 3]
    assert sorted(events[2]["mergedObjectIds"]) == sorted([int(first), int(second)])
    assert {(event["type"], event["action"]) for event in events[3:]} == {
        ("gdpr_privacy_deletion", "GDPR_DELETE"),
        ("object", "DELETE"),
    }


def test_actions_and_records_not_asked_for_are_not_told(hub: Hub, journal: Journal) -> None:
    one, other = hub.create(email=fresh_email()), hub.create(email=fresh_email())
    journal.subscribe(actions=["UPDATE", "DELETE"], objectIds=[int(one)])
    for contact in (one, other):
        hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"firstname": "Ada"}})
        change(hub, op="archive", object_type="contact", id=contact)
        change(hub, op="restore", object_type="contact", id=contact)
    hub.create("companies", name="Acme")
    assert [(event["action"], event["objectId"]) for event in journal.events()] == [
        ("UPDATE", int(one)),
        ("DELETE", int(one)),
    ]


def test_associations_are_told_from_the_side_that_was_asked_for(hub: Hub, journal: Journal) -> None:
    contact, company = hub.create(email=fresh_email()), hub.create("companies", name="Acme")
    deal = hub.create("deals", dealname="Engine", dealstage="appointmentscheduled")
    journal.subscribe("ASSOCIATION", associatedObjectTypeIds=["0-2"])
    for kind, partner in (("company", company), ("deal", deal)):
        to = {"object_type": kind, "id": partner}
        change(hub, op="associate", object_type="contact", id=contact, to=to)
    change(hub, op="disassociate", object_type="company", id=company, to={"object_type": "contact", "id": contact})
    events = journal.events()
    assert {key: events[0][key] for key in events[0] if key not in ("occurredAt", "associationTypeId")} == {
        "type": "association",
        "portalId": HUB,
        "action": "ASSOCIATION_ADDED",
        "fromObjectId": int(contact),
        "toObjectId": int(company),
        "fromObjectTypeId": "0-1",
        "toObjectTypeId": "0-2",
        "associationCategory": "HUBSPOT_DEFINED",
        "isPrimary": events[0]["associationTypeId"] == 1,
    }
    told = [(event["action"], event["associationTypeId"], event["isPrimary"]) for event in events]
    assert sorted(told) == [
        ("ASSOCIATION_ADDED", 1, True),
        ("ASSOCIATION_ADDED", 279, False),
        ("ASSOCIATION_REMOVED", 1, True),
        ("ASSOCIATION_REMOVED", 279, False),
    ]


def test_memberships_of_lists_are_told(hub: Hub, journal: Journal) -> None:
    scopes = [*CRM_SCOPES, "crm.lists.read", "crm.lists.write"]
    hub.app(conditional_scopes=scopes)
    hub.install(scopes=["oauth", *scopes])
    ada, bob = hub.create(email=fresh_email()), hub.create(email=fresh_email())
    lists = [
        hub.post("/crm/v3/lists", {"name": name, "objectTypeId": "0-1", "processingType": "MANUAL"}).json()["list"]
        for name in ("Guests", "Hosts")
    ]
    watched, other = (int(each["listId"]) for each in lists)
    journal.subscribe("LIST_MEMBERSHIP", listIds=[watched])
    for list_id in (watched, other):
        assert hub.call("PUT", f"/crm/v3/lists/{list_id}/memberships/add", [ada, bob]).status_code == 200
    assert hub.call("PUT", f"/crm/v3/lists/{watched}/memberships/remove", [bob]).status_code == 200
    events = journal.events()
    assert [(event["action"], event["objectId"]) for event in events] == [
        ("ADDED_TO_LIST", int(ada)),
        ("ADDED_TO_LIST", int(bob)),
        ("REMOVED_FROM_LIST", int(bob)),
    ]
    assert {(event["type"], event["listId"], event["objectTypeId"]) for event in events} == {
        ("list_membership", watched, "0-1")
    }


def test_filters_let_through_what_one_of_them_wants(hub: Hub, journal: Journal) -> None:
    subscription = journal.subscribe()["id"]
    ada = {"filterType": "CRM_OBJECT_PROPERTY", "property": "firstname", "operator": "EQ", "value": "Ada"}
    king = {"filterType": "CRM_OBJECT_PROPERTY", "property": "lastname", "operator": "STARTS_WITH", "value": "Ki"}
    bob = {"filterType": "CRM_OBJECT_PROPERTY", "property": "firstname", "operator": "IN", "values": ["Bob", "Rob"]}
    journal.filter(subscription, ada, king)
    journal.filter(subscription, bob)
    passing = hub.create(email=fresh_email(), firstname="Ada", lastname="King")
    also = hub.create(email=fresh_email(), firstname="Rob")
    neither = hub.create(email=fresh_email(), firstname="Ada", lastname="Lovelace")
    hub.call("PATCH", f"/crm/v3/objects/contacts/{neither}", {"properties": {"phone": "1"}})
    change(hub, op="archive", object_type="contact", id=neither)
    told = [(event["action"], event["objectId"]) for event in journal.events()]
    assert told == [("CREATE", int(passing)), ("CREATE", int(also)), ("DELETE", int(neither))]
