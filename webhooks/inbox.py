"""Store a delivery and wake its portals' lanes, in one statement that is committed before HubSpot is answered."""

from __future__ import annotations

import json
from collections.abc import Sequence

import psycopg
from django.conf import settings
from django.db import connection, transaction

from installations.models import Portal
from lanes import doorbell
from lanes.signals import SIGNALLED

from .deliveries import ReceivedEvent
from .models import EVENTS

# Lanes are locked in key order and events inserted in key order, so that two deliveries never wait for each other
# in a circle. Ids are drawn while the lane is locked, so that within a portal they follow the order of commits:
# a lane's position could otherwise pass an event that is committed later. One parameter holds all events.
_STORE = f"""
WITH sent AS (
    SELECT * FROM json_to_recordset(%s::json)
        AS event (k text, h bigint, o bigint, t text, r bigint, n smallint, p text)
), locked AS (
    SELECT lane.id, lane.portal_id, portal.hub_id
    FROM lanes_lane AS lane JOIN installations_portal AS portal ON portal.id = lane.portal_id
    WHERE portal.hub_id = ANY(%s) AND portal.state = ANY(%s) AND lane.kind = '{EVENTS}'
    ORDER BY lane.id FOR NO KEY UPDATE OF lane
), signalled AS (
    UPDATE lanes_lane SET {SIGNALLED} FROM locked WHERE lanes_lane.id = locked.id
)
INSERT INTO webhooks_event
    (key, portal_id, hub_id, received_at, occurred_at, event_type, object_id, attempt, payload)
SELECT
    decode(k, 'hex'), locked.portal_id, h, clock_timestamp(), to_timestamp(o / 1000.0), t, r, n, p
FROM sent LEFT JOIN locked ON locked.hub_id = sent.h
ORDER BY k
ON CONFLICT (key) DO NOTHING
"""  # noqa: S608 - built from constants only


def store(events: Sequence[ReceivedEvent]) -> int:
    """Store events, each once however often it is sent; return how many were new. Raises psycopg.Error.

    Events of unknown portals, of portals that left, or meant for another app are stored without a portal.
    """
    hub_ids = {event.hub_id for event in events if _is_ours(event)}
    connection.ensure_connection()
    # Django's own cursor pastes values into the text; this one sends them apart, and the server keeps the plan.
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_STORE, [_as_json(events), list(hub_ids), [*Portal.LIVE]], prepare=True)
        stored = cursor.rowcount
    transaction.on_commit(doorbell.ring)
    return stored


def _is_ours(event: ReceivedEvent) -> bool:
    return event.hub_id is not None and (event.app_id in {None, settings.HUBSPOT_APP_ID} or not settings.HUBSPOT_APP_ID)


def _as_json(events: Sequence[ReceivedEvent]) -> str:
    return json.dumps(
        [
            {
                "k": event.key,
                "h": event.hub_id if _is_ours(event) else None,
                "o": event.occurred_at,
                "t": event.event_type,
                "r": event.object_id,
                "n": event.attempt,
                "p": event.payload,
            }
            for event in events
        ]
    )
