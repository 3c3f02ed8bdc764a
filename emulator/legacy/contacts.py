"""Contacts as v1 shows them: names with hyphens, "vid" for the id, identities."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from emulator.crm import partners
from emulator.crm.object_types import COMPANY, CONTACT
from emulator.crm.records import Record, Version
from emulator.crm.store import Crm
from emulator.legacy.companies import CompanyView
from emulator.legacy.values import Values

# What the lists show when a call asks for no properties.
LISTED = ("company", "firstname", "lastmodifieddate", "lastname")
_MANY = 10_000


class ContactView:
    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._values = Values(crm, CONTACT)

    def listed(self, record: Record, names: Iterable[str], *, history: bool, added_at: int) -> dict[str, Any]:
        """A row of a list; `added_at` is the time that the list is ordered by."""
        wanted = {*(names or LISTED), "lastmodifieddate"}
        return {"addedAt": added_at, **self._show(record, wanted, history)}

    def profile(self, record: Record, names: Iterable[str], *, history: bool) -> dict[str, Any]:
        """With these properties, or all that have a value, and the primary company."""
        asked = set(names)
        wanted = {*asked, "lastmodifieddate"} if asked else set(self._values.valued(record))
        shown = self._show(record, wanted, history)
        company = self._company(record)
        if company is not None:
            shown["associated-company"] = company
            if not asked or "associatedcompanyid" in asked:
                shown["properties"]["associatedcompanyid"] = {"value": str(company["company-id"]), "versions": []}
        return shown

    def _show(self, record: Record, names: set[str], history: bool) -> dict[str, Any]:
        properties = {name: self._property(record, name, history) for name in sorted(names)}
        return {
            "vid": record.id,
            "canonical-vid": record.id,
            "merged-vids": merged_vids(record),
            "portal-id": self._crm.hub_id,
            "is-contact": True,
            "properties": {name: shown for name, shown in properties.items() if shown is not None},
            "form-submissions": [],
            "identity-profiles": [self._identities(record)],
            "merge-audits": _merge_audits(record),
        }

    def _property(self, record: Record, name: str, history: bool) -> dict[str, Any] | None:
        versions = self._values.versions(record, name)
        if not versions or not (versions[0].value or history):
            return None
        shown: dict[str, Any] = {"value": versions[0].value}
        if history:
            shown["versions"] = [_version(version) for version in versions]
        return shown

    def _identities(self, record: Record) -> dict[str, Any]:
        rows = [{"type": "EMAIL", "value": address, "timestamp": record.created_at} for address in addresses(record)]
        for row, mark in zip(rows, ["is-primary", *["is-secondary"] * len(rows)], strict=False):
            row[mark] = True
        rows.append({"type": "LEAD_GUID", "value": self.guid(record), "timestamp": record.created_at})
        return {
            "vid": record.id,
            "saved-at-timestamp": record.created_at,
            "deleted-changed-timestamp": 0,
            "identities": rows,
        }

    def guid(self, record: Record) -> str:
        """The same whenever it is asked for."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._crm.hub_id}/contact/{record.id}"))

    def _company(self, record: Record) -> dict[str, Any] | None:
        found, _ = partners.page(self._crm, CONTACT, record.id, COMPANY, 0, _MANY)
        company_id = next((each.record_id for each in found if _is_primary(each)), None)
        if company_id is None:
            return None
        company = self._crm.table(COMPANY).records[company_id]
        shown = CompanyView(self._crm).show(company, None)["properties"]
        return {
            "company-id": company_id,
            "portal-id": self._crm.hub_id,
            "properties": {name: {"value": each["value"]} for name, each in shown.items()},
        }

    def at_company(self, record: Record) -> dict[str, Any]:
        """A row of a company's contacts: once more spelled differently."""
        identity = [{"value": each, "type": "EMAIL", "timestamp": record.created_at} for each in addresses(record)]
        identity.append({"value": self.guid(record), "type": "LEAD_GUID", "timestamp": record.created_at})
        shown = {name: self._property(record, name, history=False) for name in sorted(LISTED)}
        return {
            "identities": [{"vid": record.id, "identity": identity, "linkedVid": []}],
            "properties": [
                {"name": name, "value": each["value"], "sourceVid": []} for name, each in shown.items() if each
            ],
            "listMembership": [],
            "vid": record.id,
            "portalId": self._crm.hub_id,
            "isContact": True,
            "vids": [],
            "imports": [],
            "canonicalVid": record.id,
            "mergeAudit": _merge_audits(record),
            "mergedVids": merged_vids(record),
        }


def _is_primary(partner: partners.Partner) -> bool:
    return any(type_.primary for type_ in partner.types)


def addresses(record: Record) -> list[str]:
    """The primary one first."""
    given = [record.values.get("email", ""), *record.values.get("hs_additional_emails", "").split(";")]
    return [address for address in given if address]


def merged_vids(record: Record) -> list[int]:
    return [int(text) for text in record.values.get("hs_merged_object_ids", "").split(";") if text]


def _merge_audits(record: Record) -> list[dict[str, Any]]:
    """From "vid:time;vid:time"."""
    pairs = [pair.split(":") for pair in record.values.get("hs_calculated_merged_vids", "").split(";") if pair]
    return [
        {
            "canonical-vid": record.id,
            "vid-to-merge": int(vid),
            "timestamp": int(at),
            "entity-id": f"contactId:{vid}",
            "num-properties-moved": 0,
        }
        for vid, at in pairs
    ]


def _version(version: Version) -> dict[str, Any]:
    row: dict[str, Any] = {
        "value": version.value,
        "source-type": version.source.type,
        "source-id": version.source.id or None,
        "source-label": version.source.label,
        "source-vids": [],
        "timestamp": version.at,
        "selected": False,
    }
    if version.source.user_id is not None:
        row["updated-by-user-id"] = version.source.user_id
    return row
