"""What HubSpot really holds, read over its API without our client, to compare the mirror with."""

from __future__ import annotations

import time
from typing import Any

import httpx2
from django.conf import settings

from crm.models import Association, Record
from installations.models import Portal
from tests.hubspot import Account, HubSpot

TYPES = ("0-1", "0-2", "0-3", "0-5")
Records = dict[tuple[str, int], dict[str, str]]
Associations = set[tuple[str, int, str, int, int]]


class Truth:
    """Reads one account with a private app's token, which has a rate limit of its own."""

    def __init__(self, hubspot: HubSpot, account: Account) -> None:
        body = {"private_app": True, "scopes": settings.HUBSPOT_SCOPES}
        given = hubspot.call("POST", f"/_emulator/portals/{account.hub_id}/tokens", body)
        token = given["access_token"] if isinstance(given, dict) else given
        self.http = httpx2.Client(base_url=hubspot.url, timeout=30, headers={"Authorization": f"Bearer {token}"})

    def close(self) -> None:
        self.http.close()

    def records(self) -> Records:
        """Return all live records with all their properties that have a value."""
        return {
            (object_type, int(row["id"])): {name: value for name, value in row["properties"].items() if value}
            for object_type in TYPES
            for row in self._all(object_type)
        }

    def associations(self, records: Records) -> Associations:
        """Return all associations between live records."""
        found: Associations = set()
        for from_type in TYPES:
            ids = [record_id for kind, record_id in records if kind == from_type]
            for to_type in TYPES:
                for start in range(0, len(ids), 1000):
                    found |= self._associations(from_type, to_type, ids[start : start + 1000])
        return found

    def _all(self, object_type: str) -> list[dict[str, Any]]:
        names = [row["name"] for row in self._ask("GET", f"/crm/v3/properties/{object_type}")["results"]]
        rows: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            query = {"limit": 100, "properties": ",".join(names)} | ({"after": after} if after else {})
            page = self._ask("GET", f"/crm/v3/objects/{object_type}", params=query)
            rows += page["results"]
            after = page.get("paging", {}).get("next", {}).get("after")
            if after is None:
                return rows

    def _associations(self, from_type: str, to_type: str, ids: list[int]) -> Associations:
        found: Associations = set()
        inputs: list[dict[str, str]] = [{"id": str(one)} for one in ids]
        while inputs:
            page = self._ask("POST", f"/crm/v4/associations/{from_type}/{to_type}/batch/read", json={"inputs": inputs})
            inputs = []
            for row in page["results"]:
                from_id = int(row["from"]["id"])
                for to in row["to"]:
                    found |= {
                        (from_type, from_id, to_type, int(to["toObjectId"]), kind["typeId"])
                        for kind in to["associationTypes"]
                    }
                if "paging" in row:
                    inputs.append({"id": str(from_id), "after": row["paging"]["next"]["after"]})
        return found

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        while True:
            answer = self.http.request(method, path, **how)
            if answer.status_code != 429:
                assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
                return answer.json()
            time.sleep(0.5)


def mirrored_records(portal: Portal) -> Records:
    rows = Record.objects.filter(portal=portal, state=Record.State.LIVE)
    return {(row.object_type, row.record_id): row.properties for row in rows}


def mirrored_associations(portal: Portal) -> Associations:
    rows = Association.objects.filter(portal=portal)
    return set(rows.values_list("from_type", "from_id", "to_type", "to_id", "type_id"))


def assert_mirrored(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    """The mirror holds every live record with every value, every association, and nothing else."""
    truth = Truth(hubspot, account)
    try:
        records = truth.records()
        mirrored = mirrored_records(portal)
        assert set(mirrored) == set(records)
        different = {key: (mirrored[key], records[key]) for key in records if mirrored[key] != records[key]}
        assert not different
        assert mirrored_associations(portal) == truth.associations(records)
    finally:
        truth.close()
