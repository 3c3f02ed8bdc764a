"""Imports: rows that become records, in bursts, with what went wrong told row by row."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tests.emulator.hub import APP_ID, CRM_SCOPES, HUB, Hub, created, kinds

Json = dict[str, Any]
SCOPES = ["oauth", *CRM_SCOPES, "crm.import", "crm.lists.read"]
BASES = ["/crm/v3/imports", "/crm/imports/2025-09", "/crm/imports/2026-03", "/crm/imports/2026-09"]
BASE = "/crm/v3/imports"
FIRST, LAST = ("First", "firstname"), ("Last", "lastname")
EMAIL = {
    "columnObjectTypeId": "0-1",
    "columnName": "Email",
    "propertyName": "email",
    "columnType": "HUBSPOT_ALTERNATE_ID",
}


@pytest.fixture
def hub(bare: Hub) -> Hub:
    bare.app(conditional_scopes=SCOPES)
    bare.install(scopes=SCOPES)
    return bare


def column(name: str, property_name: str | None, kind: str = "0-1", **more: Any) -> Json:
    return {"columnObjectTypeId": kind, "columnName": name, "propertyName": property_name} | more


EMAIL = column("Email", "email", columnType="HUBSPOT_ALTERNATE_ID")


def file(*columns: Json, name: str = "people.csv", **more: Any) -> Json:
    page = {"hasHeader": True, "columnMappings": list(columns)} | more
    return {"fileName": name, "fileFormat": "CSV", "fileImportPage": page}


def request(*files: Json, **more: Any) -> Json:
    return {"name": "Spring fair", "files": list(files)} | more


def post(hub: Hub, body: Any, *uploads: tuple[str, str | bytes], base: str = BASE) -> httpx2.Response:
    text = body if isinstance(body, str) else json.dumps(body)
    parts: list[Any] = [("importRequest", (None, text))]
    for name, content in uploads:
        parts.append(("files", (name, content if isinstance(content, bytes) else content.encode(), "text/csv")))
    hub.time.ticks += 0.1
    return hub.http.post(base, files=parts, headers={"Authorization": f"Bearer {hub.token}"})


def start(hub: Hub, body: Json, *uploads: tuple[str, str | bytes]) -> str:
    answer = post(hub, body, *uploads)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "STARTED"
    import_id: str = answer.json()["id"]
    return import_id


def read(hub: Hub, import_id: str) -> Json:
    answer = hub.get(f"{BASE}/{import_id}")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def finished(hub: Hub, body: Json, *uploads: tuple[str, str | bytes]) -> Json:
    import_id = start(hub, body, *uploads)
    hub.time.pass_(60)
    return read(hub, import_id)


def errors(hub: Hub, import_id: str) -> list[Json]:
    found: list[Json] = hub.get(f"{BASE}/{import_id}/errors", includeErrorMessage="true").json()["results"]
    return found


def people(hub: Hub, *properties: str) -> list[list[str | None]]:
    wanted = properties or ("email", "firstname", "lastname")
    rows = hub.get("/crm/v3/objects/contacts", properties=",".join(wanted), limit=100).json()["results"]
    return [[row["properties"][name] for name in wanted] for row in rows]


PEOPLE = file(EMAIL, column(*FIRST), column(*LAST))


@pytest.mark.parametrize("base", BASES)
def test_an_import_from_start_to_end(hub: Hub, base: str) -> None:
    text = 'Email,First,Last\nAda@test.example,Ada,"Byron, Countess"\neva@test.example,Eva,\n'
    answer = post(hub, request(PEOPLE), ("people.csv", text), base=f"{base}/")
    assert answer.status_code == 200
    started = answer.json()
    assert (started["state"], started["importName"], started["importSource"]) == ("STARTED", "Spring fair", "API")
    assert started["mappedObjectTypeIds"] == ["0-1"]
    assert started["importRequestJson"] == request(PEOPLE)
    assert people(hub) == []
    hub.time.pass_(5)
    done = hub.get(f"{base}/{started['id']}").json()
    assert done["state"] == "DONE"
    assert done["metadata"]["counters"] == {
        "TOTAL_ROWS": 2,
        "MAPPED_COLUMNS": 3,
        "CREATED_OBJECTS": 2,
        "UNIQUE_OBJECTS_WRITTEN": 2,
        "PROPERTY_VALUES_EMITTED": 5,
    }
    assert len(done["metadata"]["fileIds"]) == 1
    assert people(hub) == [["ada@test.example", "Ada", "Byron, Countess"], ["eva@test.example", "Eva", None]]
    assert hub.get(f"{base}/{started['id']}/errors").json() == {"results": []}


def test_events_say_that_they_come_from_an_import(hub: Hub) -> None:
    hub.app(conditional_scopes=SCOPES, subscriptions=[{"event_type": "contact.creation"}])
    rows = "".join(f"p{number}@test.example,P,{number}\n" for number in range(300))
    import_id = start(hub, request(PEOPLE), ("people.csv", f"Email,First,Last\n{rows}"))
    assert hub.events() == []
    hub.time.pass_(0.6)
    first = hub.events()
    assert 0 < len(first) < 300
    hub.time.pass_(10)
    events = first + hub.events()
    assert kinds(events) == {"contact.creation": 300}
    assert {(event["changeSource"], event["sourceId"]) for event in events} == {("IMPORT", import_id)}
    record = hub.get("/crm/v3/objects/contacts", properties="hs_object_source", propertiesWithHistory="email").json()
    assert record["results"][0]["properties"]["hs_object_source"] == "IMPORT"


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


# -- cells -------------------------------------------------------------------------------------------------------------


def deal_file(*columns: tuple[str, str]) -> Json:
    every = [("Name", "dealname"), ("Stage", "dealstage"), *columns]
    return file(*(column(name, property_name, "0-3") for name, property_name in every), name="deals.csv")


def deals(hub: Hub, *properties: str) -> list[list[str | None]]:
    rows = hub.get("/crm/v3/objects/deals", properties=",".join(properties)).json()["results"]
    return [[row["properties"][name] for name in properties] for row in rows]


def test_cells_hold_what_people_read(hub: Hub) -> None:
    owner = hub.get("/crm/v3/owners").json()["results"][0]
    wanted = deal_file(("Amount", "amount"), ("Close", "closedate"), ("Owner", "hubspot_owner_id"))
    text = 'Name,Stage,Amount,Close,Owner\nBig,Closed Won,"1,234.50",31/12/2026 15:30,Ada Admin\n'
    done = finished(hub, request(wanted, dateFormat="DAY_MONTH_YEAR"), ("deals.csv", text))
    assert done["metadata"]["counters"].get("ERRORS") is None, errors(hub, done["id"])
    assert deals(hub, "dealname", "dealstage", "amount", "closedate", "hubspot_owner_id") == [
        ["Big", "closedwon", "1234.50", "2026-12-31T15:30:00Z", owner["id"]]
    ]


@pytest.mark.parametrize(
    ("date_format", "text", "stored"),
    [
        ("MONTH_DAY_YEAR", "12/31/2026", "2026-12-31T00:00:00Z"),
        ("YEAR_MONTH_DAY", "2026-12-31", "2026-12-31T00:00:00Z"),
        ("YEAR_MONTH_DAY", "2026-12-31T10:00:00+02:00", "2026-12-31T08:00:00Z"),
        ("MONTH_DAY_YEAR", "31/12/2026", None),
        ("MONTH_DAY_YEAR", "soon", None),
    ],
)
def test_dates(hub: Hub, date_format: str, text: str, stored: str | None) -> None:
    wanted = deal_file(("Close", "closedate"))
    csv = f"Name,Stage,Close\nBig,closedwon,{text}\n"
    done = finished(hub, request(wanted, dateFormat=date_format), ("deals.csv", csv))
    assert deals(hub, "closedate") == [[stored]]
    assert [each["errorType"] for each in errors(hub, done["id"])] == ([] if stored else ["COULD_NOT_PARSE_DATE"])


def test_what_makes_no_sense_is_left_out_and_told(hub: Hub) -> None:
    owned = [("Amount", "amount"), ("Owner", "hubspot_owner_id"), ("Type", "dealtype")]
    text = "Name,Stage,Amount,Owner,Type\nBig,closedwon,lots,Nobody,weird\n,closedwon,1,,\nOdd,Limbo,1,,\nshort\n"
    done = finished(hub, request(deal_file(*owned)), ("deals.csv", text))
    assert deals(hub, "dealname", "amount", "hubspot_owner_id", "dealtype") == [["Big", None, None, None]]
    found = errors(hub, done["id"])
    assert [(each["errorType"], each["sourceData"]["lineNumber"]) for each in found] == [
        ("COULD_NOT_PARSE_NUMBER", 2),
        ("COULD_NOT_FIND_OWNER", 2),
        ("INVALID_ENUMERATION_OPTION", 2),
        ("MISSING_REQUIRED_PROPERTY", 3),
        ("INVALID_ENUMERATION_OPTION", 4),
        ("MISSING_REQUIRED_PROPERTY", 4),
        ("INCORRECT_NUMBER_OF_COLUMNS", 5),
    ]
    assert found[0]["invalidValue"] == "lots"
    assert found[0]["objectTypeId"] == "0-3"
    assert found[0]["sourceData"]["rowData"] == ["Big", "closedwon", "lots", "Nobody", "weird"]
    assert str(found[0]["sourceData"]["fileId"]) in done["metadata"]["fileIds"]
    assert done["metadata"]["counters"]["ERRORS"] == 7


def test_rows_are_numbered_as_the_file_has_them(hub: Hub) -> None:
    text = 'Email,First,Last\n\nada@test.example,"Ada\nAugusta",\n\nnobody,,\n'
    done = finished(hub, request(file(EMAIL)), ("people.csv", text))
    assert done["metadata"]["counters"]["TOTAL_ROWS"] == 2
    assert {each["sourceData"]["lineNumber"] for each in errors(hub, done["id"])} == {5}
    assert errors(hub, done["id"])[0]["sourceData"]["rowData"] == ["nobody", "", ""]


def test_errors_are_paged(hub: Hub) -> None:
    rows = "".join(f"nobody{number},x,y\n" for number in range(5))
    done = finished(hub, request(file(EMAIL)), ("people.csv", f"Email,First,Last\n{rows}"))
    path, seen = f"{BASE}/{done['id']}/errors?limit=2&includeRowData=false", []
    while path:
        page = hub.get(path).json()
        seen += page["results"]
        path = page.get("paging", {}).get("next", {}).get("link", "").removeprefix("http://localhost:8765")
    assert [each["errorType"] for each in seen] == ["INVALID_EMAIL", "MISSING_REQUIRED_PROPERTY"] * 5
    assert len({each["id"] for each in seen}) == len(seen)
    assert all(each["sourceData"]["rowData"] == [] and "errorMessage" not in each for each in seen)


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


def test_a_list_of_those_who_were_imported(hub: Hub) -> None:
    text = "Email,First,Last\nada@test.example,Ada,\neva@test.example,Eva,\n"
    done = finished(hub, request(PEOPLE, createContactListFromImport=True), ("people.csv", text))
    [made] = done["metadata"]["objectLists"]
    assert made["objectType"] == "CONTACT"
    rows = hub.get(f"/crm/v3/lists/{made['listId']}/memberships").json()["results"]
    assert [row["recordId"] for row in rows] == [
        row["id"] for row in hub.get("/crm/v3/objects/contacts").json()["results"]
    ]
    again = finished(hub, request(PEOPLE, createContactListFromImport=True), ("people.csv", text))
    assert again["metadata"]["objectLists"][0]["listId"] != made["listId"]


# -- course ------------------------------------------------------------------------------------------------------------


def many(count: int) -> str:
    return "Email,First,Last\n" + "".join(f"p{number}@test.example,P,{number}\n" for number in range(count))


def test_canceling_keeps_what_was_written(hub: Hub) -> None:
    import_id = start(hub, request(PEOPLE), ("people.csv", many(5_000)))
    hub.time.pass_(1)
    running = read(hub, import_id)
    assert running["state"] == "PROCESSING"
    canceled = hub.post(f"{BASE}/{import_id}/cancel", {})
    assert canceled.json()["status"] == "CANCELED"
    hub.time.pass_(60)
    after = read(hub, import_id)
    assert after["state"] == "CANCELED"
    written = len(hub.emulator.portals[HUB].crm.table(hub.emulator.portals[HUB].crm.object_type("contact")))
    assert 0 < written < 5_000
    assert after["metadata"]["counters"]["CREATED_OBJECTS"] == written
    assert hub.post(f"{BASE}/{import_id}/cancel", {}).status_code == 400


def test_an_import_goes_on_when_time_is_moved(hub: Hub) -> None:
    start(hub, request(PEOPLE), ("people.csv", many(3)))
    hub.advance(10)
    assert len(people(hub)) == 3


def test_an_import_survives_a_snapshot_half_way(hub: Hub) -> None:
    import_id = start(hub, request(PEOPLE), ("people.csv", many(3_000)))
    hub.time.pass_(1)
    before = read(hub, import_id)
    assert before["state"] == "PROCESSING"
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert read(hub, import_id) == before
    hub.time.pass_(60)
    done = read(hub, import_id)
    assert (done["state"], done["metadata"]["counters"]["CREATED_OBJECTS"]) == ("DONE", 3_000)
    for portal in saved["portals"]:
        del portal["imports"]
    hub.control("PUT", "snapshot", saved)
    hub.install(scopes=SCOPES)
    assert hub.get(BASE).json() == {"results": []}


def test_imports_are_listed_for_their_app(hub: Hub) -> None:
    ids = [start(hub, request(PEOPLE), ("people.csv", many(1))) for _ in range(3)]
    first = hub.get(BASE, limit=2).json()
    assert [each["id"] for each in first["results"]] == [ids[2], ids[1]]
    second = hub.get(first["paging"]["next"]["link"].removeprefix("http://localhost:8765")).json()
    assert [each["id"] for each in second["results"]] == [ids[0]]
    private = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["crm.import"]})
    hub.token = private["access_token"]
    assert hub.get(BASE).json() == {"results": []}
    assert hub.get(f"{BASE}/{ids[0]}").status_code == 404
    assert private["app_id"] != APP_ID


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "nonsense",
        "[" * 100_000,
        {"name": "x", "files": []},
        {"name": "x", "files": ["people.csv"]},
        {"files": [PEOPLE]},
        {"name": "x", "files": "people.csv"},
        request(PEOPLE, dateFormat="DAY_FIRST"),
        request(PEOPLE, importOperations={"0-1": "DELETE"}),
        request(PEOPLE, importOperations={"butterflies": "CREATE"}),
        request(PEOPLE, createContactListFromImport="yes"),
        request(file(column("Email", "nonsense"))),
        request(file(column("Email", "createdate"))),
        request(file(column("Email", "email", "butterflies"))),
        request(file(column("First", "firstname", columnType="HUBSPOT_ALTERNATE_ID"))),
        request(file(column("First", "firstname", columnType="ASSOCIATION_KEYS"))),
        request(file(column("First", "firstname", columnType="MAGIC"))),
        request(file(column("First", "firstname", columnType=["STANDARD"]))),
        request(file(column("First", "firstname", idColumnType=[]))),
        request(file(column("First", None, columnType="FLEXIBLE_ASSOCIATION_LABEL"))),
        request(file(EMAIL, column("X", None, toColumnObjectTypeId="0-2", foreignKeyType={"associationTypeId": 3}))),
        request(file()),
        request(PEOPLE | {"fileFormat": "SPREADSHEET"}),
        request(PEOPLE | {"fileName": "others.csv"}),
        request(PEOPLE | {"fileImportPage": None}),
    ],
)
def test_imports_that_are_refused(hub: Hub, body: Any) -> None:
    answer = post(hub, body, ("people.csv", "Email,First,Last\na@b.co,A,B\n"))
    assert answer.status_code == 400, answer.text
    assert hub.emulator.portals[HUB].imports.by_id == {}


def test_forms_that_are_none(hub: Hub) -> None:
    headers = {"Authorization": f"Bearer {hub.token}"}
    for content_type, body in (
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"nonsense"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("multipart/form-data; boundary=x", b"--x--\r\n"),
    ):
        answer = hub.http.post(BASE, content=body, headers=headers | {"Content-Type": content_type})
        assert answer.status_code == 400, (content_type, body, answer.text)


@pytest.mark.parametrize(
    ("content", "error_type"),
    [
        (b"\xff\xfe\x00", "INVALID_FILE_TYPE"),
        (b'Email,First,Last\n"unclosed', "INVALID_FILE_TYPE"),
        (b"Mail,First,Last\na@b.co,A,B\n", "INVALID_COLUMN_CONFIGURATION"),
        (b"", "INVALID_COLUMN_CONFIGURATION"),
    ],
)
def test_a_file_that_cannot_be_used_fails_the_import(hub: Hub, content: bytes, error_type: str) -> None:
    answer = post(hub, request(PEOPLE), ("people.csv", content))
    assert (answer.status_code, answer.json()["state"]) == (200, "FAILED")
    hub.time.pass_(10)
    failed = read(hub, answer.json()["id"])
    assert failed["state"] == "FAILED"
    [error] = errors(hub, failed["id"])
    assert (error["errorType"], error["sourceData"]["lineNumber"]) == (error_type, 0)


def test_an_import_of_nothing_is_done(hub: Hub) -> None:
    assert finished(hub, request(PEOPLE), ("people.csv", "Email,First,Last\n"))["state"] == "DONE"


def test_scopes_and_strangers(hub: Hub) -> None:
    assert hub.get(f"{BASE}/1").status_code == 404
    assert hub.get(f"{BASE}/²/errors").status_code == 404
    private = hub.control(
        "POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["crm.objects.contacts.write"]}
    )
    hub.token = private["access_token"]
    assert post(hub, request(PEOPLE), ("people.csv", many(1))).status_code == 403
    assert hub.get(BASE).status_code == 403
