"""What no client should send: refused in HubSpot's words, never with a 500, never in Python's."""

from __future__ import annotations

import pytest

from tests.emulator.hub import Hub

CONTACTS = "/crm/v3/objects/contacts"
NINES = "9" * 5_000


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "Unexpected character"),
        (b'{"a":}', "Unexpected character"),
        (b"{'a':1}", "double-quote"),
        (b'{"a":1} x', "Trailing token"),
        (b'{"a":"b', "end-of-input"),
        (b"1" * 6_000, "Number value length"),
        (b'{"properties":{"email":NaN}}', "'NaN'"),
        (b"null", "from null"),
        (b'"x"', "from String value"),
        (b"[]", "from Array value"),
        (b'{"properties":[]}', "java.util.LinkedHashMap"),
        (b'{"associations":{}}', "java.util.ArrayList"),
        (b'{"associations":[{"to":{"id":"1"},"types":[{"associationTypeId":true}]}]}', "java.lang.Long"),
        (b'{"associations":[{"to":{"id":"1"},"types":[{"associationTypeId":%d}]}]}' % 10**30, "out of range"),
    ],
)
def test_bodies(hub: Hub, body: bytes, said: str) -> None:
    answer = hub.call("POST", CONTACTS, content=body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Invalid input JSON on line 1, column ")
    assert said in answer.json()["message"]


@pytest.mark.parametrize("body", [b"[" * 100_000, b"1" * 6_000])
def test_control_bodies(hub: Hub, body: bytes) -> None:
    assert hub.http.post("/_emulator/apps", content=body).status_code == 400


@pytest.mark.parametrize("text", ["²", "٣", NINES])
def test_ids_that_only_look_like_numbers(hub: Hub, text: str) -> None:
    contact = hub.create(email="a@b.co")
    refused = hub.call("PATCH", f"{CONTACTS}/{contact}", {"properties": {"hubspot_owner_id": text}})
    assert refused.json()["errors"][0]["code"] == "INVALID_OWNER_ID"
    assert hub.get(f"/crm/v3/owners/{text}").status_code == 404
    assert hub.get(f"{CONTACTS}/{text}").json()["category"] == "OBJECT_NOT_FOUND"
    assert hub.call("DELETE", f"/crm/v4/associations/contacts/companies/labels/{text}").status_code == 404
    for name in ("hs_object_id", "associations.company"):
        answer = hub.search("contacts", {"filters": [{"propertyName": name, "operator": "EQ", "value": text}]})
        assert answer.status_code in (200, 400)
        assert "Python" not in answer.text
    answer = hub.search("contacts", {"filters": [{"propertyName": "hs_object_id", "operator": "IN", "values": [text]}]})
    assert answer.json().get("total", 0) == 0


def test_ids_of_associations_as_text(hub: Hub) -> None:
    company = hub.create("companies", name="Acme")
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": "279"}]
    body = {"properties": {"email": "a@b.co"}, "associations": [{"to": {"id": company}, "types": types}]}
    assert hub.post(CONTACTS, body).status_code == 201


@pytest.mark.parametrize("name", ["properties", "propertiesWithHistory"])
def test_names_that_are_no_text(hub: Hub, name: str) -> None:
    contact = hub.create(email="a@b.co")
    answer = hub.post(f"{CONTACTS}/batch/read", {"inputs": [{"id": contact}], name: [["email"]]})
    assert answer.status_code == 400


@pytest.mark.parametrize("formula", ["-" * 990 + "1", "1" + "+1" * 400, "n1 if n1 else " + "-" * 900 + "1"])
def test_formulas_without_end(hub: Hub, formula: str) -> None:
    body = {"name": "sum", "label": "Sum", "type": "number", "fieldType": "calculation_equation"}
    body |= {"groupName": "contactinformation", "calculationFormula": formula}
    assert hub.post("/crm/v3/properties/contacts", body).status_code == 400


def test_pipelines_with_ids_of_strange_digits(hub: Hub) -> None:
    stages = [{"label": "Open", "displayOrder": 0, "metadata": {"probability": "0.5"}}]
    for number, pipeline_id in enumerate(["²", NINES, None, None]):
        body = {"label": f"P{number}", "displayOrder": 0, "pipelineId": pipeline_id, "stages": stages}
        assert hub.post("/crm/v3/pipelines/deals", body).status_code == 201


def test_numbers_in_other_scripts(hub: Hub) -> None:
    refused = hub.post(CONTACTS, {"properties": {"email": "a@b.co", "numemployees": "٣"}})
    assert refused.json()["errors"][0]["code"] in ("INVALID_LONG", "INVALID_OPTION")
