"""Custom objects: their schemas, records, associations, and what remains of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import HUB, Hub

Json = dict[str, Any]

SCOPES = [
    *("crm.schemas.custom.read", "crm.schemas.custom.write", "crm.objects.custom.read", "crm.objects.custom.write"),
    *("crm.objects.contacts.read", "crm.objects.contacts.write"),
]
CAR: Json = {
    "name": "car",
    "description": "What we sell",
    "labels": {"singular": "Car", "plural": "Cars"},
    "primaryDisplayProperty": "model",
    "secondaryDisplayProperties": ["maker"],
    "searchableProperties": ["model", "maker"],
    "requiredProperties": ["model", "vin"],
    "properties": [
        {"name": "model", "label": "Model", "type": "string", "fieldType": "text"},
        {"name": "maker", "label": "Maker", "type": "string", "fieldType": "text"},
        {"name": "vin", "label": "VIN", "type": "string", "fieldType": "text", "hasUniqueValue": True},
        {"name": "doors", "label": "Doors", "type": "number", "fieldType": "number"},
    ],
    "associatedObjects": ["CONTACT"],
}
BASE = "/crm-object-schemas/2026-03/schemas"


@pytest.fixture
def hub(bare: Hub) -> Hub:
    answer = bare.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": SCOPES})
    bare.token = answer["access_token"]
    return bare


@pytest.fixture
def car(hub: Hub) -> Json:
    made = hub.post(BASE, CAR)
    assert made.status_code == 201, made.text
    answer: Json = made.json()
    return answer


def test_a_schema_as_it_is_answered(hub: Hub, car: Json) -> None:
    assert car["fullyQualifiedName"] == f"p{HUB}_car"
    assert car["objectTypeId"] == f"2-{car['id']}"
    assert car["labels"] == CAR["labels"]
    assert (car["primaryDisplayProperty"], car["secondaryDisplayProperties"]) == ("model", ["maker"])
    names = {each["name"] for each in car["properties"]}
    assert {"model", "vin", "hs_object_id", "hs_createdate", "hs_lastmodifieddate", "hubspot_owner_id"} <= names
    partners = {each["toObjectTypeId"] for each in car["associations"]} - {car["objectTypeId"]}
    assert {"0-1", "0-46", "0-27", "0-48", "0-49", "0-47"} <= partners, "activities come by themselves"
    assert hub.get("/crm/v3/schemas").json() == {"results": [car]}
    assert hub.get(f"{BASE}/car").json() == car
    without = hub.get(BASE, includePropertyDefinitions="false", includeAssociationDefinitions="False").json()
    assert (without["results"][0]["properties"], without["results"][0]["associations"]) == ([], [])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "2cars"}, "not a valid name"),
        ({"name": "contact"}, "HubSpot's own"),
        ({"labels": {"singular": "Car"}}, "labels.plural"),
        ({"requiredProperties": ["wheels"]}, "no property 'wheels'"),
        ({"primaryDisplayProperty": "wheels"}, "no property 'wheels'"),
        ({"associatedObjects": ["butterflies"]}, "Unable to infer object type from: butterflies"),
        ({"properties": [{"name": "x", "label": "X", "type": "text", "fieldType": "text"}]}, "valid type"),
        ({"properties": None}, "properties"),
        ({"searchableProperties": "model"}, "searchableProperties"),
    ],
)
def test_schemas_that_are_refused(hub: Hub, changes: Json, words: str) -> None:
    refused = hub.post(BASE, CAR | changes)
    assert refused.status_code in (400, 409)
    assert words in refused.json()["message"]
    assert hub.get(BASE).json() == {"results": []}


def test_a_name_is_taken_until_the_schema_is_gone_for_good(hub: Hub, car: Json) -> None:
    assert hub.post(BASE, CAR | {"name": "CAR"}).status_code == 409
    record = hub.create("car", model="T", vin="1")
    assert hub.call("DELETE", f"{BASE}/car").status_code == 400, "there is a record"
    hub.call("DELETE", f"/crm/v3/objects/car/{record}")
    assert hub.call("DELETE", f"{BASE}/car").status_code == 204
    assert hub.get(BASE).json() == {"results": []}
    [archived] = hub.get(BASE, archived="true").json()["results"]
    assert (archived["id"], archived["archived"]) == (car["id"], True)
    assert hub.get("/crm/v3/objects/car").status_code == 400
    assert hub.post(BASE, CAR).status_code == 409, "archived, the name is still taken"
    assert hub.call("DELETE", f"{BASE}/{car['objectTypeId']}?archived=true").status_code == 204
    assert hub.post(BASE, CAR).status_code == 201


@pytest.mark.parametrize("name", ["car", "CAR", "p_car", f"p{HUB}_car"])
def test_records_by_every_name(hub: Hub, car: Json, name: str) -> None:
    made = hub.post(f"/crm/objects/2026-03/{name}", {"properties": {"model": "T", "vin": "1", "doors": "3"}})
    assert made.status_code == 201, made.text
    record_id = made.json()["id"]
    shown = hub.get(f"/crm/v3/objects/{car['objectTypeId']}/{record_id}", properties="model,doors").json()
    assert (shown["properties"]["model"], shown["properties"]["doors"]) == ("T", "3")
    by_vin = hub.get(f"/crm/v3/objects/{name}/1", idProperty="vin").json()
    assert by_vin["id"] == record_id


def test_what_a_record_needs(hub: Hub, car: Json) -> None:
    refused = hub.post("/crm/v3/objects/car", {"properties": {"model": "T"}})
    assert refused.status_code == 400
    assert refused.json()["context"] == {"properties": ["vin"]}
    hub.create("car", model="T", vin="1")
    taken = hub.post("/crm/v3/objects/car", {"properties": {"model": "A", "vin": "1"}})
    assert taken.status_code == 409


def test_searching_them(hub: Hub, car: Json) -> None:
    ids = [hub.create("car", model=model, vin=model, maker="Ford") for model in ("T", "A", "Fiesta")]
    assert [each["id"] for each in hub.search("car", {"query": "fiesta"}).json()["results"]] == [ids[2]]
    assert hub.search("car", {"query": "ford"}).json()["total"] == 3


def test_associations_with_records_of_hubspots_own_kinds(hub: Hub, car: Json) -> None:
    contact, record = hub.create("contacts", email="ada@car.example"), hub.create("car", model="T", vin="1")
    answer = hub.call("PUT", f"/crm/v4/objects/car/{record}/associations/default/contacts/{contact}")
    assert answer.status_code == 200
    spec = answer.json()["results"][0]["associationSpec"]
    assert spec["associationCategory"] == "USER_DEFINED"
    found = hub.get(f"/crm/v4/objects/contacts/{contact}/associations/car").json()["results"]
    assert [each["toObjectId"] for each in found] == [int(record)]
    inline = hub.get(f"/crm/v3/objects/contacts/{contact}", associations="car").json()["associations"]
    assert [row["id"] for row in inline[f"p{HUB}_car"]["results"]] == [record]


def test_changing_a_schema(hub: Hub, car: Json) -> None:
    changes = {"labels": {"plural": "Motor cars"}, "requiredProperties": ["model"], "clearDescription": True}
    changed = hub.call("PATCH", f"{BASE}/car", changes)
    assert changed.status_code == 200
    assert changed.json()["labels"] == {"singular": "Car", "plural": "Motor cars"}
    assert changed.json()["description"] is None
    assert "properties" not in changed.json()
    hub.create("car", model="T")
    assert hub.call("PATCH", f"{BASE}/car", {"searchableProperties": ["wheels"]}).status_code == 400
    assert hub.call("PATCH", f"{BASE}/contacts", changes).status_code == 404


def test_further_associations(hub: Hub, car: Json) -> None:
    wanted = {"fromObjectTypeId": car["objectTypeId"], "toObjectTypeId": "0-2", "name": "car_to_company"}
    made = hub.post(f"{BASE}/car/associations", wanted)
    assert made.status_code == 201, made.text
    assert hub.post(f"{BASE}/car/associations", wanted).status_code == 409
    type_id = made.json()["id"]
    assert hub.call("DELETE", f"{BASE}/car/associations/{type_id}").status_code == 204
    assert hub.call("DELETE", f"{BASE}/car/associations/{type_id}").status_code == 404


def test_without_the_scope(hub: Hub) -> None:
    answer = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["oauth"]})
    hub.token = answer["access_token"]
    assert hub.get(BASE).status_code == 403
    assert hub.post(BASE, CAR).status_code == 403


def test_another_account_knows_nothing_of_it(hub: Hub, car: Json) -> None:
    hub.portal(HUB + 1)
    answer = hub.control("POST", f"portals/{HUB + 1}/tokens", {"private_app": True, "scopes": SCOPES})
    hub.token = answer["access_token"]
    assert hub.get(BASE).json() == {"results": []}
    assert hub.get(f"/crm/v3/objects/{car['objectTypeId']}").status_code == 400


def test_a_snapshot_keeps_them(hub: Hub, car: Json) -> None:
    contact, record = hub.create("contacts", email="ada@car.example"), hub.create("car", model="T", vin="1")
    hub.call("PUT", f"/crm/v4/objects/car/{record}/associations/default/contacts/{contact}")
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert hub.control("GET", "snapshot") == saved
    assert hub.get(BASE).json() == {"results": [car]}
    found = hub.get(f"/crm/v4/objects/contacts/{contact}/associations/car").json()["results"]
    assert [each["toObjectId"] for each in found] == [int(record)]
    assert hub.post("/crm/v3/objects/car", {"properties": {"model": "A", "vin": "1"}}).status_code == 409


def test_changes_are_told(hub: Hub, car: Json) -> None:
    hub.app(
        conditional_scopes=[*SCOPES],
        subscriptions=[
            {"event_type": "object.creation", "object_type": car["objectTypeId"]},
            {"event_type": "object.propertyChange", "property": "model", "object_type": car["objectTypeId"]},
        ],
    )
    hub.install(scopes=["oauth", *SCOPES])
    [made] = hub.change({"op": "create", "object_type": "car", "properties": {"model": "T", "vin": "1"}})
    assert made["error"] is None
    events = hub.events()
    assert {event["subscriptionType"] for event in events} == {"object.creation", "object.propertyChange"}
    assert {event["objectTypeId"] for event in events} == {car["objectTypeId"]}


def test_archived_records_take_their_associations_along_with_the_schema(hub: Hub, car: Json) -> None:
    contact, sold = hub.create(email="a@b.co"), hub.create("car", model="T", vin="1")
    hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/car/{sold}")
    hub.call("DELETE", f"/crm/v3/objects/car/{sold}")
    assert hub.call("DELETE", f"{BASE}/car").status_code == 204
    assert hub.control("GET", "snapshot")["portals"][0]["links"] == []
    hub.change({"op": "privacy_delete", "object_type": "contact", "id": contact})
    assert hub.get(f"/crm/v3/objects/contacts/{contact}").status_code == 404


def test_a_required_property_cannot_be_archived(hub: Hub, car: Json) -> None:
    refused = hub.call("DELETE", "/crm/v3/properties/car/vin")
    assert refused.status_code == 400
    assert hub.call("DELETE", "/crm/v3/properties/car/doors").status_code == 204
    hub.create("car", model="T", vin="1")


def test_no_type_id_is_given_twice(hub: Hub, car: Json) -> None:
    hub.call("DELETE", f"{BASE}/car?archived=true")
    hub.control("PUT", "snapshot", hub.control("GET", "snapshot"))
    assert hub.post(BASE, CAR).json()["objectTypeId"] != car["objectTypeId"]
