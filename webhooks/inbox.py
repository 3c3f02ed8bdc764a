"""Store a delivery and wake its portals' lanes, in one statement that is committed before HubSpot is answered."""

from __future__ import annotations

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
# a lane's position could otherwise pass an event that is committed later. Each parameter is one column of all
# events, one event a line, which the server takes apart sooner than JSON; see `_columns`. A lane that stays locked is
# waited for no longer than HubSpot waits for us: other portals need the thread.
_STORE = f"""
WITH sent AS (
    SELECT decode(k, 'hex') AS key, h AS hub_id, o AS occurred_at, coalesce(t, '') AS event_type,
        r AS object_id, n AS attempt, p AS payload
    FROM unnest(
        string_to_array(%s, E'\\n'), string_to_array(%s, E'\\n', '')::bigint[],
        string_to_array(%s, E'\\n', '')::bigint[], string_to_array(%s, E'\\n'),
        string_to_array(%s, E'\\n', '')::bigint[], string_to_array(%s, E'\\n')::smallint[],
        string_to_array(%s, E'\\n')
    ) AS event (k, h, o, t, r, n, p)
), locked AS (
    SELECT lane.id, lane.portal_id, portal.hub_id
    FROM lanes_lane AS lane JOIN installations_portal AS portal ON portal.id = lane.portal_id
    WHERE portal.hub_id = ANY(%s) AND portal.state = ANY(%s) AND lane.kind = '{EVENTS}'
        AND (SELECT set_config('lock_timeout', '3s', true)) <> ''
    ORDER BY lane.id FOR NO KEY UPDATE OF lane
), signalled AS (
    UPDATE lanes_lane SET {SIGNALLED} FROM locked WHERE lanes_lane.id = locked.id
)
INSERT INTO webhooks_event
    (key, portal_id, hub_id, received_at, occurred_at, event_type, object_id, attempt, payload)
SELECT
    key, locked.portal_id, hub_id, clock_timestamp(), to_timestamp(occurred_at / 1000.0), event_type, object_id,
    attempt, payload
FROM sent LEFT JOIN locked USING (hub_id)
ORDER BY key
ON CONFLICT (key) DO NOTHING
"""  # noqa: S608 - built from constants only


def store(events: Sequence[ReceivedEvent]) -> int:
    """Store events, each once however often it is sent; return how many were new. Raises psycopg.Error.

    Events of unknown portals, of portals that left, or meant for another app are stored without a portal.
    """
    hub_ids = _hub_ids(events)
    parameters = [*_columns(events, hub_ids), list({*hub_ids} - {None}), [*Portal.LIVE]]
    try:
        stored = _run(parameters)
    except psycopg.OperationalError:
        if connection.in_atomic_block or not _is_cut():
            raise
        connection.close()
        stored = _run(parameters)  # were they stored after all, they are not stored again
    transaction.on_commit(doorbell.ring)
    return stored


def _run(parameters: Sequence[object]) -> int:
    connection.ensure_connection()
    # Django's own cursor pastes values into the text. This one sends them apart, so that the server may keep the
    # plan, which takes it almost as long to make as to follow; Django's setting for connections is never to keep one.
    connection.connection.prepare_threshold = 0
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_STORE, parameters)
        return cursor.rowcount


def _is_cut() -> bool:
    """Whether the server has hung up since it last answered: it was restarted, or somebody cut an idle connection."""
    return connection.connection is not None and bool(connection.connection.closed)


def _hub_ids(events: Sequence[ReceivedEvent]) -> list[int | None]:
    """Return which portal each event is for; None when HubSpot said nothing usable, or meant another app."""
    app_id = settings.HUBSPOT_APP_ID
    return [event.hub_id if event.app_id in {None, app_id} or not app_id else None for event in events]


def _columns(events: Sequence[ReceivedEvent], hub_ids: Sequence[int | None]) -> list[str]:
    """Return one text for each column. No value has a line break: JSON escapes them, `deliveries` sees to the rest."""
    rows = [
        (e.key, hub_id or "", e.occurred_at or "", e.event_type, e.object_id or "", e.attempt, e.payload)
        for e, hub_id in zip(events, hub_ids, strict=True)
    ]
    return ["\n".join(map(str, column)) for column in zip(*rows, strict=True)]
