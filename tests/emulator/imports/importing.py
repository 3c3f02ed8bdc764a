"""Files to import, the request that goes with them, and what comes of it."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from tests.emulator.hub import CRM_SCOPES, Hub

Json = dict[str, Any]
SCOPES = ["oauth", *CRM_SCOPES, "crm.import", "crm.lists.read"]
BASE = "/crm/v3/imports"
FIRST, LAST = ("First", "firstname"), ("Last", "lastname")


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


def many(count: int) -> str:
    return "Email,First,Last\n" + "".join(f"p{number}@test.example,P,{number}\n" for number in range(count))
