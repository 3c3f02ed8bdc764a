"""Values that HubSpot computes: never written, never announced by a webhook."""

from __future__ import annotations

import re
from collections.abc import Callable

from emulator.crm.object_types import COMPANY, CONTACT, DEAL, TICKET, ObjectType
from emulator.crm.pipelines import Pipelines, Stage
from emulator.crm.records import Record
from emulator.instants import iso

Derivation = Callable[[Record], str | None]

_SOURCE_LABELS = {"CRM_UI": "CRM UI", "INTEGRATION": "Integration", "IMPORT": "Import"}


def derivations(kind: ObjectType, pipelines: Pipelines) -> dict[str, Derivation]:
    found: dict[str, Derivation] = {
        "hs_object_id": lambda record: str(record.id),
        kind.created_property: lambda record: iso(record.created_at),
        kind.modified_property: lambda record: iso(record.updated_at),
        "hs_object_source": lambda record: record.origin.type,
        "hs_object_source_id": lambda record: record.origin.id,
        "hs_object_source_label": lambda record: _SOURCE_LABELS.get(record.origin.type, record.origin.type),
        "hubspot_owner_assigneddate": _owner_assigned,
    }
    if kind is CONTACT:
        found |= _CONTACT
    elif kind is COMPANY:
        found |= _COMPANY
    elif kind is DEAL:
        found |= _deal(pipelines)
    elif kind is TICKET:
        found["hs_ticket_id"] = lambda record: str(record.id)
    return found


def _owner_assigned(record: Record) -> str | None:
    versions = record.versions("hubspot_owner_id")
    return iso(versions[0].at) if versions and versions[0].value else None


def _email_domain(record: Record) -> str | None:
    return record.values.get("email", "").partition("@")[2] or None


def _full_name_or_email(record: Record) -> str | None:
    names = (record.values.get("firstname", ""), record.values.get("lastname", ""))
    return " ".join(filter(None, names)) or record.values.get("email")


def _contact_ids(record: Record) -> str:
    merged = record.values.get("hs_merged_object_ids", "")
    return ";".join(filter(None, (str(record.id), merged)))


def _searchable(name: str) -> Derivation:
    """A phone number as searches compare it: digits, without the country code."""

    def digits(record: Record) -> str | None:
        return re.sub(r"[^0-9]", "", record.values.get(name, ""))[-10:] or None

    return digits


_COMPANY = {"hs_searchable_calculated_phone_number": _searchable("phone")}
_CONTACT: dict[str, Derivation] = {
    "hs_email_domain": _email_domain,
    "hs_full_name_or_email": _full_name_or_email,
    "hs_is_unworked": lambda record: str("hubspot_owner_id" not in record.values).lower(),
    "hs_all_contact_vids": _contact_ids,
    "hs_searchable_calculated_phone_number": _searchable("phone"),
    "hs_searchable_calculated_mobile_number": _searchable("mobilephone"),
}


def _deal(pipelines: Pipelines) -> dict[str, Derivation]:
    def stage(record: Record) -> Stage | None:
        return pipelines.stage(DEAL.type_id, record.values.get("dealstage", ""))

    def probability(record: Record) -> str | None:
        found = stage(record)
        return found.metadata["probability"] if found else None

    def closed(record: Record) -> str | None:
        found = stage(record)
        return found.metadata["isClosed"] if found else None

    return {
        "hs_deal_stage_probability": probability,
        "hs_is_closed": closed,
        "hs_is_closed_won": lambda record: str(probability(record) == "1.0").lower(),
    }
