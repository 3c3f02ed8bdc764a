"""Imports that are refused, and files that fail them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import HUB, Hub
from tests.emulator.imports.importing import (
    BASE,
    EMAIL,
    PEOPLE,
    column,
    errors,
    file,
    finished,
    many,
    post,
    read,
    request,
)

Json = dict[str, Any]


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
