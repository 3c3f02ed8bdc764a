"""Properties that are changed, archived and made again, while records have values of them."""

from __future__ import annotations

from tests.emulator.hub import Hub
from tests.emulator.test_refused_writes import CONTACTS, define

PROPERTIES = "/crm/v3/properties/contacts"


def test_an_archived_property_is_not_in_the_answers_to_writes(hub: Hub) -> None:
    define(hub, "badge")
    contact = hub.create(email="a@b.co", badge="7")
    hub.call("DELETE", f"{PROPERTIES}/badge")
    changed = hub.call("PATCH", f"{CONTACTS}/{contact}", {"properties": {"firstname": "Ada"}})
    assert "badge" not in changed.json()["properties"]


def test_an_archived_unique_property_binds_nobody(hub: Hub) -> None:
    define(hub, "badge", hasUniqueValue=True)
    contact = hub.create(email="a@b.co", badge="7")
    hub.call("DELETE", f"{PROPERTIES}/badge")
    assert hub.get(f"{CONTACTS}/7", idProperty="badge").status_code == 400
    define(hub, "badge")
    assert hub.post(CONTACTS, {"properties": {"email": "b@b.co", "badge": "7"}}).status_code == 201
    hub.call("DELETE", f"{PROPERTIES}/badge")
    define(hub, "badge", hasUniqueValue=True)
    assert hub.get(f"{CONTACTS}/7", idProperty="badge").json()["id"] == contact


def test_archived_properties_do_not_count_among_the_ten_unique_ones(hub: Hub) -> None:
    for number in range(10):
        define(hub, f"badge{number}", hasUniqueValue=True)
    one_more = {"name": "one_more", "label": "One", "type": "string", "fieldType": "text"}
    one_more |= {"groupName": "contactinformation"}
    assert hub.post(PROPERTIES, one_more | {"hasUniqueValue": True}).status_code == 400
    hub.call("DELETE", f"{PROPERTIES}/badge3")
    assert hub.post(PROPERTIES, one_more | {"hasUniqueValue": True}).status_code == 201


def test_an_archived_calculation_is_not_computed(hub: Hub) -> None:
    define(hub, "twice", type="number", fieldType="calculation_equation", calculationFormula="numemployees * 2")
    contact = hub.create(email="a@b.co")
    hub.post(f"{PROPERTIES}/batch/archive", {"inputs": [{"name": "twice"}]})
    define(hub, "twice", type="number", fieldType="number")
    changed = hub.call("PATCH", f"{CONTACTS}/{contact}", {"properties": {"twice": "5"}})
    assert changed.json()["properties"]["twice"] == "5"


def test_no_property_becomes_a_calculation(hub: Hub) -> None:
    define(hub, "badge", type="number", fieldType="number")
    body = {"fieldType": "calculation_equation", "calculationFormula": "1 + 1"}
    assert hub.call("PATCH", f"{PROPERTIES}/badge", body).status_code == 400
    assert hub.get(f"{PROPERTIES}/badge").json()["calculated"] is False


def test_a_deal_whose_stage_was_deleted_can_be_changed(hub: Hub) -> None:
    deal = hub.create("deals", dealname="Big", dealstage="closedwon")
    assert hub.call("DELETE", "/crm/v3/pipelines/deals/default/stages/closedwon").status_code == 204
    address = f"/crm/v3/objects/deals/{deal}"
    assert hub.call("PATCH", address, {"properties": {"amount": "5"}}).status_code == 200
    assert hub.call("PATCH", address, {"properties": {"dealstage": "closedwon"}}).status_code == 400
    assert hub.call("PATCH", address, {"properties": {"dealstage": "closedlost"}}).status_code == 200


def test_a_history_ends_somewhere(hub: Hub) -> None:
    contact = hub.create(email="a@b.co", firstname="0")
    for number in range(1_100):
        hub.change({"op": "update", "object_type": "contact", "id": contact, "properties": {"firstname": str(number)}})
    shown = hub.get(f"{CONTACTS}/{contact}", propertiesWithHistory="firstname").json()["propertiesWithHistory"]
    assert [shown["firstname"][place]["value"] for place in (0, -1)] == ["1099", "100"]
