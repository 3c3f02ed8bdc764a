"""The check that every answer passes has teeth."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.emulator.shapes import check

Json = dict[str, Any]

CORRELATION = "0d9cdbd2-6b2c-4a2e-a0a8-0b8d0c2c1b0a"
RECORD: Json = {
    "id": "512",
    "properties": {"email": "a@b.example", "phone": None, "hs_object_id": "512"},
    "createdAt": "2026-01-02T03:04:05Z",
    "updatedAt": "2026-01-02T03:04:05.678Z",
    "archived": False,
}
BATCH: Json = {
    "status": "COMPLETE",
    "results": [],
    "startedAt": RECORD["createdAt"],
    "completedAt": RECORD["createdAt"],
}
PARTNER: Json = {"toObjectId": 2, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 1, "label": None}]}


def answer(body: Any, status: int = 200) -> httpx2.Response:
    request = httpx2.Request("GET", "http://localhost:8765/crm/v3/objects/contacts")
    headers = {"X-HubSpot-Correlation-Id": CORRELATION}
    return httpx2.Response(status, json=body, headers=headers, request=request)


@pytest.mark.parametrize(
    "body",
    [
        RECORD,
        {"results": [RECORD]},
        BATCH,
        BATCH | {"results": [RECORD], "numErrors": 1, "errors": [{"status": "error", "message": "No."}]},
        PARTNER,
        {"results": [], "paging": {"next": {"after": "5", "link": "http://localhost:8765/crm?after=5"}}},
    ],
)
def test_right_shapes_pass(body: Json) -> None:
    check(answer(body))


@pytest.mark.parametrize(
    "body",
    [
        RECORD | {"id": 512},
        RECORD | {"archived": "false"},
        RECORD | {"archivedAt": "2026-01-02T03:04:05Z"},
        RECORD | {"archived": True},
        RECORD | {"properties": {"hs_object_id": "512", "amount": 5}},
        RECORD | {"properties": {"hs_object_id": "513"}},
        RECORD | {"createdAt": "2026-01-02T03:04:05.000Z"},
        RECORD | {"createdAt": "2026-01-02 03:04:05"},
        RECORD | {"extra": 1},
        {name: value for name, value in RECORD.items() if name != "updatedAt"},
        {name: value for name, value in BATCH.items() if name != "startedAt"},
        BATCH | {"errors": [{"status": "error", "message": "No."}]},
        PARTNER | {"toObjectId": "2"},
        PARTNER | {"associationTypes": []},
        PARTNER | {"associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 1}]},
        {"results": [], "paging": {"next": {"after": 5}}},
        {"results": [], "paging": {"next": {"after": "5", "link": "https://elsewhere.example/crm?after=5"}}},
    ],
)
def test_wrong_shapes_do_not(body: Json) -> None:
    with pytest.raises(AssertionError):
        check(answer(body))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": "error"},
        {"status": "error", "message": ""},
        {"status": "error", "message": "No.", "context": {"a": "b"}},
    ],
)
def test_errors_have_their_envelope(body: Json) -> None:
    with pytest.raises(AssertionError):
        check(answer(body, 400))
    check(answer({"status": "error", "message": "No.", "correlationId": CORRELATION}, 400))
