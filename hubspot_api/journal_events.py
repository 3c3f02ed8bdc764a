"""Events of the webhooks journal, checked.

One that is odd must not stop the journal for all accounts: only its account, type and time are insisted on, and one
without them is set aside.
Source: HubSpot's pages "Webhooks journal" and "Webhooks journal: journal entries".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hubspot_api.errors import ResponseInvalid
from hubspot_api.fields import Fields

APP_INSTALL, APP_UNINSTALL = "4-1909196", "4-1916193"


@dataclass(frozen=True, slots=True)
class Ends:
    """What an association event is about: from one record to another, and how."""

    from_type: str
    from_id: int
    to_type: str
    to_id: int
    type_id: int
    category: str
    primary: bool


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """Something that happened in an account.

    `kind`: object, association, list_membership, gdpr_privacy_deletion, app_lifecycle_event, and what HubSpot adds
    later. `action`: CREATE, UPDATE, DELETE, MERGE, RESTORE, SNAPSHOT, ASSOCIATION_ADDED, ADDED_TO_LIST, GDPR_DELETE,
    APP_UNINSTALL and so on, "" if HubSpot named none. `properties`: values that changed, or that a snapshot asked for;
    all are text, dates in milliseconds. `merged_ids`: records that live on in `object_id`. What does not apply to an
    event is None or empty; `values` has all that HubSpot sent. `resume_after`: where `journal.events` may go on once
    this event and those before it are dealt with; None: from the beginning.
    """

    kind: str
    action: str
    hub_id: int
    occurred_at: datetime
    object_type: str | None = None
    object_id: int | None = None
    properties: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    merged_ids: tuple[int, ...] = ()
    association: Ends | None = None
    list_id: int | None = None
    event_type: str | None = None
    snapshot_id: str | None = None
    resume_after: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)


def read_event(fields: Fields) -> JournalEvent:
    """Check one event of a file."""
    return JournalEvent(
        kind=fields.text("type"),
        action=_text(fields, "action") or "",
        hub_id=fields.id("portalId"),
        occurred_at=fields.moment("occurredAt"),
        object_type=_text(fields, "objectTypeId"),
        object_id=_id(fields, "objectId"),
        properties=_properties(fields.values.get("propertyChanges")),
        merged_ids=_ids(fields.values.get("mergedObjectIds")),
        association=_ends(fields),
        list_id=_id(fields, "listId"),
        event_type=_text(fields, "eventTypeId"),
        snapshot_id=_text(fields, "snapshotStatusId"),
        values=fields.values,
    )


def _text(fields: Fields, name: str) -> str | None:
    value = fields.values.get(name)
    return value if isinstance(value, str) else None


def _id(fields: Fields, name: str) -> int | None:
    try:
        return fields.id(name)
    except ResponseInvalid:
        return None


def _ids(listed: object) -> tuple[int, ...]:
    given = listed if isinstance(listed, list) else []
    return tuple(one for one in given if isinstance(one, int) and not isinstance(one, bool))


def _properties(changes: object) -> Mapping[str, str | None]:
    given = changes if isinstance(changes, dict) else {}
    return {name: value if isinstance(value, str | None) else json.dumps(value) for name, value in given.items()}


def _ends(fields: Fields) -> Ends | None:
    if "fromObjectId" not in fields.values:
        return None
    try:
        return Ends(
            from_type=fields.text("fromObjectTypeId"),
            from_id=fields.id("fromObjectId"),
            to_type=fields.text("toObjectTypeId"),
            to_id=fields.id("toObjectId"),
            type_id=fields.integer("associationTypeId"),
            category=fields.text("associationCategory"),
            primary=fields.flag("isPrimary", default=False),
        )
    except ResponseInvalid:
        return None
