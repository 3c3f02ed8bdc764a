"""Exports: one at a time, thirty a day, files that can be fetched for five minutes."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import httpx2
import pytest

from tests.emulator.hub import ADMIN, CRM_SCOPES, HUB, USER, Hub, created
from tests.emulator.test_lists import all_of, make, prop

Json = dict[str, Any]
SCOPES = ["oauth", *CRM_SCOPES, "crm.export", "crm.lists.read", "crm.lists.write"]
BASES = ["/crm/v3/exports", "/crm/exports/2025-09", "/crm/exports/2026-03", "/crm/exports/2026-09"]
BASE = "/crm/v3/exports/export"


@pytest.fixture
def hub(bare: Hub) -> Hub:
    bare.app(conditional_scopes=SCOPES)
    bare.install(scopes=SCOPES)
    return bare


def request(**changes: Any) -> Json:
    body = {
        "exportType": "VIEW",
        "format": "CSV",
        "exportName": "All contacts",
        "objectType": "CONTACT",
        "objectProperties": ["email", "firstname"],
        "language": "EN",
    }
    return body | changes


def start(hub: Hub, **changes: Any) -> str:
    answer = hub.post(f"{BASE}/async", request(**changes))
    assert answer.status_code == 202, answer.text
    export_id: str = answer.json()["id"]
    return export_id


def status(hub: Hub, export_id: str) -> Json:
    answer = hub.get(f"{BASE}/async/tasks/{export_id}/status")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def fetch(hub: Hub, address: str) -> httpx2.Response:
    """Without a token: the address is the permission."""
    return hub.http.get(address)


def exported(hub: Hub, **changes: Any) -> list[list[str]]:
    export_id = start(hub, **changes)
    hub.time.pass_(60)
    answer = fetch(hub, status(hub, export_id)["result"])
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(answer.text)))


@pytest.mark.parametrize("base", BASES)
def test_an_export_from_start_to_file(hub: Hub, base: str) -> None:
    [row] = hub.change(created(email="ada@test.example", firstname='Ada, "the" first'))
    answer = hub.post(f"{base}/export/async", request())
    assert answer.status_code == 202
    started = answer.json()
    link = started["links"]["status"].removeprefix("http://localhost:8765")
    assert hub.get(link).json()["status"] == "PROCESSING"
    assert hub.get(f"{base}/export/{started['id']}").json()["exportState"] == "PROCESSING"
    hub.time.pass_(5)
    done = hub.get(link).json()
    assert done["status"] == "COMPLETE"
    assert done["requestedAt"] <= done["startedAt"] < done["completedAt"]
    file = fetch(hub, done["result"])
    assert list(csv.reader(io.StringIO(file.text))) == [
        ["Record ID", "Email", "First Name"],
        [row["id"], "ada@test.example", 'Ada, "the" first'],
    ]
    assert "all-contacts" in file.headers["content-disposition"]
    shown = hub.get(f"{base}/export/{started['id']}").json()
    assert (shown["exportState"], shown["exportType"], shown["recordCount"]) == ("DONE", "VIEW", 1)
    assert (shown["objectType"], shown["objectProperties"]) == ("CONTACT", ["email", "firstname"])


def test_what_is_exported_is_what_there_was_when_it_was_asked_for(hub: Hub) -> None:
    hub.change(created())
    export_id = start(hub)
    hub.change(created())
    hub.time.pass_(5)
    assert fetch(hub, status(hub, export_id)["result"]).text.count("\n") == 2


def test_exports_wait_for_each_other(hub: Hub) -> None:
    first, second = start(hub), start(hub)
    assert [status(hub, each)["status"] for each in (first, second)] == ["PROCESSING", "PENDING"]
    assert hub.get(f"{BASE}/{second}").json()["exportState"] == "ENQUEUED"
    hub.advance(1)
    assert [status(hub, each)["status"] for each in (first, second)] == ["COMPLETE", "PROCESSING"]
    hub.advance(1)
    assert status(hub, second)["status"] == "COMPLETE"


def test_thirty_exports_in_a_day(hub: Hub) -> None:
    for _ in range(30):
        start(hub)
    refused = hub.post(f"{BASE}/async", request())
    assert (refused.status_code, refused.json()["category"]) == (429, "RATE_LIMITS")
    hub.advance(86_400)
    hub.install(scopes=SCOPES)
    start(hub)


def test_the_address_of_a_file_lives_for_five_minutes(hub: Hub) -> None:
    export_id = start(hub)
    hub.advance(10)
    address = status(hub, export_id)["result"]
    hub.advance(299)
    assert fetch(hub, address).status_code == 200
    hub.advance(1)
    expired = fetch(hub, address)
    assert expired.status_code == 403
    assert "Request has expired" in expired.text
    again = status(hub, export_id)["result"]
    assert again != address
    assert fetch(hub, again).status_code == 200
    assert fetch(hub, again.replace("all-contacts", "all-companies")).status_code == 403
    assert fetch(hub, again.partition("?")[0]).status_code == 403


def test_files_are_kept_for_a_month(hub: Hub) -> None:
    export_id = start(hub)
    hub.advance(40 * 86_400)
    hub.install(scopes=SCOPES)
    assert hub.get(f"{BASE}/{export_id}").json()["exportState"] == "DELETED"
    assert "result" not in status(hub, export_id)


def test_a_large_export_is_zipped(hub: Hub) -> None:
    hub.change(*(created(company="x" * 60_000) for _ in range(40)))
    export_id = start(hub, objectProperties=["company"])
    hub.time.pass_(60)
    answer = fetch(hub, status(hub, export_id)["result"])
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        [name] = archive.namelist()
        assert archive.read(name).count(b"\n") == 41


# -- what is in it -----------------------------------------------------------------------------------------------------


def test_words_or_internal_values(hub: Hub) -> None:
    owner = hub.get("/crm/v3/owners").json()["results"][0]
    hub.time.ms = 1_795_003_384_000
    hub.install(scopes=SCOPES)
    hub.change(created(lifecyclestage="salesqualifiedlead", hubspot_owner_id=owner["id"]))
    wanted = ["lifecyclestage", "hubspot_owner_id", "createdate", "phone"]
    header, row = exported(hub, objectProperties=wanted)
    assert header[1:3] == ["Lifecycle Stage", "Owner"]
    assert row[1:] == ["Sales Qualified Lead", "Ada Admin", "2026-11-18 07:03", ""]
    header, row = exported(hub, objectProperties=wanted, exportInternalValuesOptions=["NAMES", "VALUES"])
    assert header == ["hs_object_id", *wanted]
    assert row[1:] == ["salesqualifiedlead", owner["id"], "2026-11-18T12:03:04Z", ""]


def test_stages_in_words(hub: Hub) -> None:
    properties = {"dealname": "Big", "dealstage": "closedwon"}
    hub.change({"op": "create", "object_type": "deal", "properties": properties})
    _, row = exported(hub, objectType="deals", objectProperties=["dealstage", "pipeline"])
    assert row[1:] == ["Closed Won", "Sales Pipeline"]


def test_what_is_associated(hub: Hub) -> None:
    ada = hub.change(created())[0]["id"]
    acme, bcme = (
        hub.change({"op": "create", "object_type": "company", "properties": {"name": name}})[0]["id"]
        for name in ("Acme", "Bcme")
    )
    for each in (acme, bcme):
        to = {"object_type": "company", "id": each}
        hub.change({"op": "associate", "object_type": "contact", "id": ada, "to": to})
    header, row = exported(
        hub,
        objectProperties=["email"],
        associatedObjectType=["COMPANY"],
        includeLabeledAssociations=True,
        includePrimaryDisplayPropertyForAssociatedObjects=True,
    )
    shown = dict(zip(header, row, strict=True))
    assert shown["Associated Company IDs"] == f"{acme};{bcme}"
    assert shown["Associated Company"] == "Acme;Bcme"
    assert shown["Associated Company IDs (Primary)"] == acme
    header, _ = exported(hub, associatedObjectType="COMPANY")
    assert header[-1] == "Associated Company IDs"


def test_a_view_by_a_search(hub: Hub) -> None:
    hub.change(*(created(email=f"{name}@test.example", firstname=name) for name in ("Ada", "Eva", "Bea")))
    search: Json = {
        "filters": [{"property": "firstname", "operator": "NEQ", "value": "Eva"}],
        "sorts": [{"property": "firstname", "order": "DESC"}],
    }
    rows = exported(hub, publicCrmSearchRequest=search)
    assert [row[2] for row in rows[1:]] == ["Bea", "Ada"]
    groups = {"filterGroups": [{"filters": [{"propertyName": "firstname", "operator": "EQ", "value": "eva"}]}]}
    assert [row[2] for row in exported(hub, publicCrmSearchRequest=groups)[1:]] == ["Eva"]
    assert [row[2] for row in exported(hub, publicCrmSearchRequest={"query": "bea"})[1:]] == ["Bea"]


def test_a_list(hub: Hub) -> None:
    hub.change(*(created(firstname=name) for name in ("Ada", "Eva", "Ada")))
    branch = all_of(prop("firstname", "STRING", "IS_EQUAL_TO", value="Ada"))
    adas = make(hub, "Adas", "DYNAMIC", filterBranch=branch)["listId"]
    rows = exported(hub, exportType="LIST", listId=adas)
    assert [row[2] for row in rows[1:]] == ["Ada", "Ada"]
    firms = make(hub, "Firms", kind="0-2")["listId"]
    assert hub.post(f"{BASE}/async", request(exportType="LIST", listId=firms)).status_code == 400
    assert hub.post(f"{BASE}/async", request(exportType="LIST", listId="99")).status_code == 404


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"exportType": "EVERYTHING"},
        {"exportType": None},
        {"exportType": "LIST"},
        {"format": "XLSX"},
        {"format": "PDF"},
        {"exportName": ""},
        {"exportName": ["x"]},
        {"language": None},
        {"objectType": "butterflies"},
        {"objectProperties": []},
        {"objectProperties": ["nonsense"]},
        {"objectProperties": [7]},
        {"associatedObjectType": ["COMPANY", "DEAL", "TICKET", "NOTE", "TASK"]},
        {"exportInternalValuesOptions": ["LABELS"]},
        {"includeLabeledAssociations": "yes"},
        {"publicCrmSearchRequest": []},
        {"publicCrmSearchRequest": {"filters": [{"property": "nonsense", "operator": "EQ", "value": "x"}]}},
    ],
)
def test_exports_that_are_refused(hub: Hub, changes: Json) -> None:
    assert hub.post(f"{BASE}/async", request(**changes)).status_code == 400
    assert hub.emulator.portals[HUB].exports.by_id == {}


def test_who_may_export(hub: Hub) -> None:
    export_id = start(hub)
    hub.install(scopes=SCOPES, user_id=USER)
    assert hub.post(f"{BASE}/async", request()).status_code == 403
    assert hub.get(f"{BASE}/{export_id}").status_code == 403
    private = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["crm.export"]})
    hub.token = private["access_token"]
    foreign = hub.get(f"{BASE}/async/tasks/{export_id}/status")
    assert (foreign.status_code, export_id in foreign.json()["message"]) == (403, True)
    start(hub)
    private = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["crm.import"]})
    hub.token = private["access_token"]
    assert hub.post(f"{BASE}/async", request()).json()["category"] == "MISSING_SCOPES"


def test_unknown_exports(hub: Hub) -> None:
    for text in ("1", "nonsense", "²"):
        assert hub.get(f"{BASE}/{text}").status_code == 404
        assert hub.get(f"{BASE}/async/tasks/{text}/status").status_code == 404


def test_exports_are_in_snapshots(hub: Hub) -> None:
    hub.change(created(firstname="Zoë"))
    export_id = start(hub)
    hub.time.pass_(5)
    before = fetch(hub, status(hub, export_id)["result"]).content
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert fetch(hub, status(hub, export_id)["result"]).content == before
    assert int(start(hub)) == int(export_id) + 1
    for portal in saved["portals"]:
        del portal["exports"]
    hub.control("PUT", "snapshot", saved)
    hub.install(scopes=SCOPES, user_id=ADMIN)
    assert hub.get(f"{BASE}/{export_id}").status_code == 404
