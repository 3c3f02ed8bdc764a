"""What every answer of the emulator must look like, whatever a test asks for: the shapes that HubSpot documents.

A `Hub` checks each answer that it gets with `check`, so that all its tests are tests of this too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

Json = dict[str, Any]

# Like Java's Instant: milliseconds, and no fraction when there are none.
_INSTANT = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_INSTANTS = {"createdAt", "updatedAt", "archivedAt", "startedAt", "completedAt", "requestedAt", "expiresAt"}

_CRM = ("/crm/", "/crm-object-schemas/", "/account-info/")
_RECORD = {"id", "properties", "createdAt", "updatedAt", "archived"}
_RECORD_MAY = {"archivedAt", "url", "propertiesWithHistory", "associations", "objectWriteTraceId", "new"}
_PROPERTY = {
    *("name", "label", "type", "options", "hasUniqueValue", "hidden"),
    *("calculated", "externalOptions", "archived"),
}
_LIMITS = "x-hubspot-ratelimit-"


def check(response: httpx2.Response) -> None:
    """Raises AssertionError that names the call and what is wrong with its answer."""
    path = response.request.url.path
    if not path.startswith(_CRM):
        return
    response.read()
    try:
        _check(response, path)
    except AssertionError as wrong:
        raise AssertionError(
            f"{response.request.method} {path} → {response.status_code} {response.text[:300]}: {wrong}"
        ) from None


def _check(response: httpx2.Response, path: str) -> None:
    assert _UUID.fullmatch(response.headers["x-hubspot-correlation-id"]), "the correlation id"
    if response.status_code == 204:
        assert not response.content, "a body with 204"
        return
    if not response.headers.get("content-type", "").startswith("application/json"):
        assert response.status_code >= 400 or "/task" in path or "export" in path, "something else than JSON"
        return
    _headers(response, path)
    body = response.json()
    if response.status_code >= 400:
        _error(body)
        if "correlationId" in body:
            assert body["correlationId"] == response.headers["x-hubspot-correlation-id"]
        return
    for each in _objects(body):
        _object(each)
    if isinstance(body, dict):
        _paging(body, response)


def _headers(response: httpx2.Response, path: str) -> None:
    """Search and the association batches carry none; nobody but private apps has a daily allowance."""
    names = {name for name in response.headers if name.startswith(_LIMITS)}
    if path.endswith("/search") or "/crm/v4/associations" in path:
        assert not names or path.endswith("/lists/search"), "limits in the headers of a call that has none"
    if f"{_LIMITS}daily" in names:
        assert f"{_LIMITS}daily-remaining" in names
    if f"{_LIMITS}max" in names:
        assert int(response.headers[f"{_LIMITS}remaining"]) <= int(response.headers[f"{_LIMITS}max"])
        assert response.headers[f"{_LIMITS}interval-milliseconds"] == "10000"


def _error(body: Json) -> None:
    assert body.get("status") == "error", "an error without status"
    assert isinstance(body.get("message"), str), "an error without a message"
    assert body["message"], "an error that says nothing"
    for detail in body.get("errors", []):
        assert isinstance(detail.get("message"), str), "a detail without a message"
    for values in body.get("context", {}).values():
        assert isinstance(values, list), "a context that is no list"


def _objects(data: Any) -> Iterator[Json]:
    if isinstance(data, dict):
        yield data
        for name, value in data.items():
            if name not in ("properties", "rawObject"):
                yield from _objects(value)
    elif isinstance(data, list):
        for each in data:
            yield from _objects(each)


def _object(data: Json) -> None:
    for name in _INSTANTS & data.keys():
        value = data[name]
        if isinstance(value, str):
            assert _INSTANT.fullmatch(value), f"{name} {value} is no instant"
            assert not value.endswith(".000Z"), f"{name} {value} has an empty fraction"
    if data.get("status") == "COMPLETE" and "results" in data:
        _batch(data)
    if isinstance(data.get("properties"), dict) and "archived" in data and "id" in data:
        _record(data)
    if "toObjectId" in data and "associationTypes" in data:
        _partner(data)
    if "typeId" in data and "category" in data:
        assert isinstance(data["typeId"], int), "typeId"
        assert data["category"] in ("HUBSPOT_DEFINED", "USER_DEFINED"), "category"
        assert "label" in data, "a type without its label, which may be null"
    if "fieldType" in data and "groupName" in data and "modificationMetadata" in data:
        _property(data)


def _batch(data: Json) -> None:
    """developers.hubspot.com: status, results, startedAt and completedAt are required by the official clients."""
    assert {"startedAt", "completedAt"} <= data.keys(), "a batch without its times"
    assert isinstance(data["results"], list), "results"
    assert data.get("numErrors", 0) == len(data.get("errors", [])), "numErrors"
    for error in data.get("errors", []):
        assert error["status"] == "error", "an error in a batch"
        assert isinstance(error["message"], str), "an error in a batch"


def _record(data: Json) -> None:
    unknown = data.keys() - _RECORD - _RECORD_MAY
    assert data.keys() >= _RECORD, f"a record lacks {_RECORD - data.keys()}"
    assert not unknown, f"a record has {unknown}"
    assert isinstance(data["id"], str), "a record's id"
    assert data["id"].isdigit(), "a record's id"
    assert isinstance(data["archived"], bool), "archived"
    assert ("archivedAt" in data) == data["archived"], "archivedAt belongs to archived records, and only to them"
    for name, value in data["properties"].items():
        assert value is None or isinstance(value, str), f"{name} is neither text nor null"
    assert data["properties"].get("hs_object_id") == data["id"], "hs_object_id"
    for versions in data.get("propertiesWithHistory", {}).values():
        assert all({"value", "timestamp", "sourceType"} <= version.keys() for version in versions), "history"
        times = [version["timestamp"] for version in versions]
        assert times == sorted(times, reverse=True), "history is newest first"
    for rows in data.get("associations", {}).values():
        assert all(row.keys() == {"id", "type"} and isinstance(row["id"], str) for row in rows["results"]), "inline"


def _partner(data: Json) -> None:
    """A whole number on the wire, although newer specifications say text."""
    assert isinstance(data["toObjectId"], int), "toObjectId"
    assert data["associationTypes"], "a partner without a type"


def _property(data: Json) -> None:
    needed = {
        "name",
        "label",
        "type",
        "options",
        "hasUniqueValue",
        "hidden",
        "calculated",
        "externalOptions",
        "archived",
    }
    assert needed <= data.keys(), f"a property lacks {needed - data.keys()}"
    assert not (data["externalOptions"] and data["options"]), "options that live elsewhere"


def _paging(body: Json, response: httpx2.Response) -> None:
    following = body.get("paging", {}).get("next")
    if following is None:
        return
    assert isinstance(following["after"], str), "after"
    if "link" in following and "x-forwarded-host" not in response.request.headers:
        asked, link = response.request.url, urlsplit(following["link"])
        assert (link.scheme, link.hostname) == (asked.scheme, asked.host), "a link to another host"
        assert parse_qs(link.query)["after"] == [following["after"]], "a link to another page"
