"""An app that keeps a journal: its token, its subscriptions, and reading."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2

from tests.emulator.hub import CLIENT_ID, HUB, SECRET, Hub

Json = dict[str, Any]

SCOPES = [
    f"developer.webhooks_journal.{name}"
    for name in ("read", "subscriptions.read", "subscriptions.write", "snapshots.read", "snapshots.write")
]
INSTALL, UNINSTALL = "4-1909196", "4-1916193"
OTHER_CLIENT = "c0ffee00-0000-4000-8000-000000000002"


class Journal:
    """One app's view of `hub`."""

    def __init__(self, hub: Hub, client_id: str = CLIENT_ID, version: str = "2026-03") -> None:
        self.hub = hub
        self.client_id = client_id
        self.version = version
        self.token = app_token(hub, client_id=client_id).json()["access_token"]

    def call(self, method: str, area: str, path: str = "", body: Any = None, **params: Any) -> httpx2.Response:
        # Stays under all of the journal's limits.
        self.hub.time.ticks += 0.2
        return self.hub.http.request(
            method,
            f"/webhooks-journal/{area}/{self.version}{path}",
            json=body,
            params=params or None,
            headers={"Authorization": f"Bearer {self.token}"},
        )

    def subscribe(self, kind: str = "OBJECT", *, portal_id: int = HUB, **fields: Any) -> Json:
        answer = self.call("POST", "subscriptions", body=subscription(kind, portal_id=portal_id, **fields))
        assert answer.status_code == 200, answer.text
        made: Json = answer.json()
        return made

    def filter(self, subscription_id: int, *conditions: Json) -> int:
        body = {"subscriptionId": subscription_id, "filter": {"conditions": list(conditions)}}
        answer = self.call("POST", "subscriptions", "/filters", body)
        assert answer.status_code == 200, answer.text
        filter_id: int = answer.json()["filterId"]
        return filter_id

    def read(self, path: str, area: str = "journal", **params: Any) -> httpx2.Response:
        return self.call("GET", area, path, **params)

    def file(self, where: Json) -> Json:
        answer = self.hub.http.get(where["url"])
        assert answer.status_code == 200, answer.text
        file: Json = answer.json()
        return file

    def files(self, after: str | None = None, area: str = "journal", **params: Any) -> Iterator[Json]:
        """Follow the journal to its end, as a consumer does: 204 ends it."""
        path = f"/offset/{after}/next" if after else "/earliest"
        while (answer := self.read(path, area, **params)).status_code == 200:
            where = answer.json()
            file = self.file(where)
            assert file["offset"] == where["currentOffset"]
            yield file
            path = f"/offset/{where['currentOffset']}/next"
        assert answer.status_code == 204, answer.text
        assert answer.content == b""

    def events(self, after: str | None = None, area: str = "journal", **params: Any) -> list[Json]:
        return [event for file in self.files(after, area, **params) for event in file["journalEvents"]]


def subscription(kind: str = "OBJECT", *, portal_id: int = HUB, **fields: Any) -> Json:
    """A body that HubSpot takes."""
    every: dict[str, Json] = {
        "OBJECT": {
            "portalId": portal_id,
            "objectTypeId": "0-1",
            "actions": ["CREATE", "UPDATE", "DELETE", "MERGE", "RESTORE"],
            "properties": [],
            "objectIds": [],
        },
        "ASSOCIATION": {
            "portalId": portal_id,
            "objectTypeId": "0-1",
            "actions": ["ASSOCIATION_ADDED", "ASSOCIATION_REMOVED"],
            "associatedObjectTypeIds": [],
            "objectIds": [],
        },
        "LIST_MEMBERSHIP": {
            "portalId": portal_id,
            "actions": ["ADDED_TO_LIST", "REMOVED_FROM_LIST"],
            "listIds": [],
            "objectIds": [],
        },
        "GDPR_PRIVACY_DELETION": {"portalId": portal_id, "objectTypeId": "0-1", "actions": ["GDPR_DELETE"]},
        "APP_LIFECYCLE_EVENT": {"eventTypeId": INSTALL, "properties": []},
    }
    return {"subscriptionType": kind} | every.get(kind, {}) | fields


def app_token(
    hub: Hub, scopes: list[str] | None = None, *, client_id: str = CLIENT_ID, version: str = "2026-03"
) -> httpx2.Response:
    return hub.form(
        f"/oauth/{version}/token",
        grant_type="client_credentials",
        client_id=client_id,
        client_secret=SECRET,
        scope=" ".join(SCOPES if scopes is None else scopes),
    )


def condition(name: str, operator: str, value: Any = None) -> Json:
    shown: Json = {"filterType": "CRM_OBJECT_PROPERTY", "property": name, "operator": operator}
    if value is not None:
        shown["values" if isinstance(value, list) else "value"] = value
    return shown
