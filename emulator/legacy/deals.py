"""Deals as v1 shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emulator.crm import partners
from emulator.crm.object_types import COMPANY, CONTACT, DEAL, TICKET, ObjectType
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.legacy.values import Values, wrapped

# No answer of v1 pages its associations.
_ALL = 1_000_000


class DealView:
    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._values = Values(crm, DEAL)

    def names(self, record: Record) -> list[str]:
        return self._values.valued(record)

    def show(
        self, record: Record, names: Iterable[str] | None, history: Iterable[str] = (), *, associations: bool = True
    ) -> dict[str, Any]:
        """With these properties, or all that have a value."""
        shown: dict[str, Any] = {
            "portalId": self._crm.hub_id,
            "dealId": record.id,
            "isDeleted": record.archived_at is not None,
            "properties": wrapped(
                self._values, record, self._values.valued(record) if names is None else names, history
            ),
            "imports": [],
            "stateChanges": [],
        }
        if associations:
            shown["associations"] = {
                "associatedVids": self._partners(record, CONTACT),
                "associatedCompanyIds": self._partners(record, COMPANY),
                "associatedDealIds": self._partners(record, DEAL),
                "associatedTicketIds": self._partners(record, TICKET),
            }
        return shown

    def _partners(self, record: Record, to_type: ObjectType) -> list[int]:
        found, _ = partners.page(self._crm, DEAL, record.id, to_type, 0, _ALL)
        return [partner.record_id for partner in found]
