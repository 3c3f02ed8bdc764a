"""Companies as v2 shows them, and the contacts at a company."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emulator.crm.object_types import COMPANY
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.legacy.values import Values, wrapped


class CompanyView:
    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._values = Values(crm, COMPANY)

    def show(self, record: Record, names: Iterable[str] | None, history: Iterable[str] = ()) -> dict[str, Any]:
        """With these properties, or all that have a value."""
        wanted = self._values.valued(record) if names is None else names
        return {
            "portalId": self._crm.hub_id,
            "companyId": record.id,
            "isDeleted": record.archived_at is not None,
            "properties": wrapped(self._values, record, wanted, history),
            "additionalDomains": [],
            "stateChanges": [],
            "mergeAudits": merge_audits(record),
        }

    def names(self, record: Record) -> list[str]:
        return self._values.valued(record)


def merge_audits(record: Record) -> list[dict[str, Any]]:
    """One row for each id that was merged away."""
    merged = [int(text) for text in record.values.get("hs_merged_object_ids", "").split(";") if text]
    return [{"mergedCompanyId": number, "canonicalCompanyId": record.id, "movedProperties": []} for number in merged]
