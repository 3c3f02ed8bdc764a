"""Forget a person: HubSpot deleted a record for privacy law's sake, so nothing of it may stay here."""

from __future__ import annotations

import json
from collections.abc import Collection

from installations.models import Portal
from webhooks.models import Event

from .models import Record
from .object_types import BY_ID


def forget(portal: Portal, object_type: str, ids: Collection[int]) -> None:
    """Empty the records' tombstones, and take the values out of stored events about them. Safe to run again.

    Events keep ids and names of properties: one that is still to be handled must be understood.
    """
    rows = Record.objects.filter(portal=portal, object_type=object_type, record_id__in=ids)
    rows.exclude(state=Record.State.LIVE).update(properties={}, title="", url="", search=None)
    kind = f"{BY_ID[object_type].name}.propertyChange"
    for event in Event.objects.filter(portal=portal, object_id__in=ids, event_type__in=[kind, "object.propertyChange"]):
        payload = json.loads(event.payload)
        if payload.pop("propertyValue", None) is not None:
            Event.objects.filter(pk=event.pk).update(payload=json.dumps(payload))
