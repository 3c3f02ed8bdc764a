"""Forget a person: HubSpot deleted a record for privacy law's sake, so nothing of it may stay here.

The record's row is emptied by the mirror (readings.forgotten) and stays as a mark: no read that comes late, and none
of an index that lags, brings anything back.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from installations.models import Portal
from webhooks.models import Event

from .models import Record
from .object_types import BY_ID


def forget_events(portal: Portal, object_type: str, ids: Collection[int]) -> None:
    """Take the values out of stored events about those of the records that are forgotten. Safe to run again.

    Events keep ids and names of properties: one that is still to be handled must be understood.
    """
    forgotten = _with_merged(portal, object_type, ids)
    kind = f"{BY_ID[object_type].name}.propertyChange"
    for event in Event.objects.filter(
        portal=portal, object_id__in=forgotten, event_type__in=[kind, "object.propertyChange"]
    ):
        payload = json.loads(event.payload)
        if payload.pop("propertyValue", None) is not None:
            Event.objects.filter(pk=event.pk).update(payload=json.dumps(payload))


def _with_merged(portal: Portal, object_type: str, ids: Collection[int]) -> set[int]:
    """Return the forgotten ones, and all that were ever merged into them: they were the same person."""
    records = Record.objects.filter(portal=portal, object_type=object_type)
    found: set[int] = set()
    more = set(records.filter(record_id__in=ids, forgotten=True).values_list("record_id", flat=True))
    while more:
        found |= more
        more = set(records.filter(merged_into__in=more).values_list("record_id", flat=True)) - found
    return found
