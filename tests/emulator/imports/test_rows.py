"""Rows: which record each is about, and which records belong together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import Hub, created
from tests.emulator.imports.importing import EMAIL, FIRST, PEOPLE, column, errors, file, finished, people, request

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("operation", "names", "types"),
    [
        ("UPSERT", ["Augusta", "Eva"], []),
        ("CREATE", ["Ada", "Eva"], ["CREATE_ONLY_IMPORT"]),
        ("UPDATE", ["Augusta"], ["UPDATE_ONLY_IMPORT"]),
    ],
)
def test_creating_and_updating(hub: Hub, operation: str, names: list[str], types: list[str]) -> None:
    hub.change(created(email="ada@test.example", firstname="Ada"))
    text = "Email,First,Last\nADA@test.example,Augusta,\neva@test.example,Eva,\n"
    done = finished(hub, request(PEOPLE, importOperations={"0-1": operation}), ("people.csv", text))
    assert done["state"] == "DONE"
    assert [row[1] for row in people(hub)] == names
    assert [each["errorType"] for each in errors(hub, done["id"])] == types


def test_by_record_id(hub: Hub) -> None:
    ada = hub.change(created(firstname="Ada"))[0]["id"]
    by_id = file(column("Id", None, columnType="HUBSPOT_OBJECT_ID"), column(*FIRST))
    done = finished(hub, request(by_id), ("people.csv", f"Id,First\n{ada},Augusta\n999999,Nobody\nx,Nobody\n"))
    assert [row[1] for row in people(hub)] == ["Augusta"]
    assert [each["errorType"] for each in errors(hub, done["id"])] == ["INVALID_OBJECT_ID"] * 2


def test_older_requests_say_it_in_other_words(hub: Hub) -> None:
    hub.change(created(email="ada@test.example", firstname="Ada"))
    older = {"columnObjectType": "CONTACT", "columnName": "Email", "propertyName": "email", "idColumnType": "EMAIL"}
    finished(hub, request(file(older, column(*FIRST))), ("people.csv", "Email,First\nada@test.example,Augusta\n"))
    assert [row[1] for row in people(hub)] == ["Augusta"]


def test_by_a_unique_property_of_the_accounts_own(hub: Hub) -> None:
    definition = {
        "name": "erp",
        "label": "ERP",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
    }
    assert hub.post("/crm/v3/properties/contacts", definition | {"hasUniqueValue": True}).status_code == 201
    hub.change(created(firstname="Ada", erp="A-1"))
    by_erp = file(column("No", "erp", columnType="HUBSPOT_ALTERNATE_ID"), column(*FIRST))
    finished(hub, request(by_erp), ("people.csv", "No,First\na-1,Augusta\nA-2,Eva\n"))
    assert [row[1] for row in people(hub)] == ["Augusta", "Eva"]


def test_companies_are_known_by_their_domain(hub: Hub) -> None:
    hub.change({"op": "create", "object_type": "company", "properties": {"name": "Acme", "domain": "acme.example"}})
    firms = file(column("Domain", "domain", "0-2"), column("Name", "name", "0-2"), name="firms.csv")
    text = "Domain,Name\nACME.example,Acme Inc\nnew.example,New\nnew.example,Newer\n"
    done = finished(hub, request(firms), ("firms.csv", text))
    rows = hub.get("/crm/v3/objects/companies").json()["results"]
    assert [row["properties"]["name"] for row in rows] == ["Acme Inc", "Newer"]
    counters = done["metadata"]["counters"]
    assert (counters["CREATED_OBJECTS"], counters["UPDATED_OBJECTS"], counters["UNIQUE_OBJECTS_WRITTEN"]) == (1, 2, 2)


# -- more than one kind ------------------------------------------------------------------------------------------------


def associated(hub: Hub, contact: str) -> list[Json]:
    rows: list[Json] = hub.get(f"/crm/v4/objects/contacts/{contact}/associations/companies").json()["results"]
    return rows


def test_records_of_one_row_belong_together(hub: Hub) -> None:
    both = file(
        EMAIL,
        column("Domain", "domain", "0-2"),
        column("Name", "name", "0-2"),
        column("Label", None, columnType="FLEXIBLE_ASSOCIATION_LABEL", toColumnObjectTypeId="0-2"),
    )
    text = (
        "Email,Domain,Name,Label\nada@test.example,acme.example,Acme,Primary\n"
        "eva@test.example,acme.example,Acme,\nbea@test.example,,,\ncleo@test.example,acme.example,Acme,Boss\n"
    )
    done = finished(hub, request(both), ("people.csv", text))
    rows = hub.get("/crm/v3/objects/contacts").json()["results"]
    ids = {row["properties"]["email"].partition("@")[0]: row["id"] for row in rows}
    labels = {
        name: {each["typeId"] for row in associated(hub, ids[name]) for each in row["associationTypes"]} for name in ids
    }
    assert labels == {"ada": {1, 279}, "eva": {279}, "bea": set(), "cleo": {279}}
    assert [each["errorType"] for each in errors(hub, done["id"])] == ["ASSOCIATION_LABEL_NOT_FOUND"]


def test_files_that_share_a_column(hub: Hub) -> None:
    foreign = {"associationTypeId": 280, "associationCategory": "HUBSPOT_DEFINED"}
    firms = file(
        column("Name", "name", "0-2"),
        column("Email", None, "0-2", toColumnObjectTypeId="0-1", foreignKeyType=foreign),
        name="firms.csv",
    )
    done = finished(
        hub,
        request(firms, file(EMAIL, column(*FIRST))),
        ("firms.csv", "Name,Email\nAcme,ada@test.example\nLone,nobody@test.example\n"),
        ("people.csv", "Email,First\nada@test.example,Ada\n"),
    )
    [contact] = hub.get("/crm/v3/objects/contacts").json()["results"]
    assert len(associated(hub, contact["id"])) == 1
    assert [each["errorType"] for each in errors(hub, done["id"])] == ["ASSOCIATION_RECORD_NOT_FOUND"]
    assert done["mappedObjectTypeIds"] == ["0-2", "0-1"]
