"""Who holds a lane: claim, renew, release. Each is one statement; time is the database's.

Claims and releases need not reach the disk before they count: a token is random, never a counter, so a claim
that a crash of PostgreSQL forgets leaves a holder whose fence fails. Work itself commits synchronously.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from installations.ratelimit import WorkClass

LEASE_S = 25
# A lane of a lower class goes first once it has been due this much longer than one of the highest: ageing.
_HANDICAP_S = {WorkClass.URGENT: 0, WorkClass.EVENTS: 2, WorkClass.ROUTING: 5, WorkClass.BULK: 60}

_SOON = "SELECT set_config('synchronous_commit', 'off', true) IS NOT NULL"
_FREE = "NOT parked AND due_at <= clock_timestamp() AND (token IS NULL OR lease_until < clock_timestamp())"
_CLAIM = f"""
UPDATE lanes_lane SET
    token = %(token)s, claims = claims + 1, lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE ({_SOON}) AND id = (
    SELECT lane.id
    FROM (
        SELECT class, (
            SELECT min(due_at) FROM lanes_lane WHERE work_class = class AND {_FREE}
        ) + make_interval(secs => handicap) AS rank
        FROM unnest(%(classes)s::smallint[], %(handicaps)s::int[]) AS classes(class, handicap)
        ORDER BY rank
    ) AS classes
    CROSS JOIN LATERAL (
        SELECT id FROM lanes_lane
        WHERE work_class = classes.class AND {_FREE}
        ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
    ) AS lane
    LIMIT 1
)
RETURNING id, portal_id, kind, part, work_class, signal, position, claims, failures
"""  # noqa: S608 - built from constants only

_RENEW = f"""
UPDATE lanes_lane SET lease_until = clock_timestamp() + make_interval(secs => %s)
WHERE ({_SOON}) AND id = %s AND token = %s AND NOT parked
"""  # noqa: S608

_RELEASE = f"""
UPDATE lanes_lane SET
    token = NULL, lease_until = NULL, claims = 0,
    not_before = %(not_before)s, failures = %(failures)s, latest_error = %(error)s,
    worked_at = CASE WHEN %(error)s = '' THEN clock_timestamp() ELSE worked_at END,
    due_at = CASE
        WHEN %(not_before)s::timestamptz IS NOT NULL THEN %(not_before)s
        WHEN signal <> %(seen)s THEN clock_timestamp()
        WHEN %(next)s::timestamptz IS NOT NULL THEN GREATEST(%(next)s, clock_timestamp())
    END
WHERE ({_SOON}) AND id = %(id)s AND token = %(token)s
"""  # noqa: S608


@dataclass(frozen=True)
class Claim:
    """A lane in our hands, as it stood when we took it."""

    lane_id: int
    portal_id: int
    kind: str
    part: str
    work_class: WorkClass
    signal: int
    position: int
    claims: int
    failures: int
    token: uuid.UUID

    @property
    def holders_lost(self) -> int:
        """How many holders in a row died, or lost their lease, before us."""
        return self.claims - 1


def claim(*, with_bulk: bool = True) -> Claim | None:
    """Take the lane that should go first, or None when none is due."""
    token = uuid.uuid4()
    classes = _classes(with_bulk=with_bulk)
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "token": token,
                "lease": LEASE_S,
                "classes": classes,
                "handicaps": [_HANDICAP_S[WorkClass(work_class)] for work_class in classes],
            },
        )
        row = cursor.fetchone()
    if row is None:
        return None
    lane_id, portal_id, kind, part, work_class, signal, position, claims, failures = row
    return Claim(lane_id, portal_id, kind, part, WorkClass(work_class), signal, position, claims, failures, token)


def renew(claimed: Claim) -> bool:
    """Prolong the lease; False when somebody else holds the lane by now, or it is parked."""
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, [LEASE_S, claimed.lane_id, claimed.token])
        return bool(cursor.rowcount)


def release(
    claimed: Claim,
    *,
    due_at: datetime | None,
    not_before: datetime | None = None,
    failures: int = 0,
    error: str = "",
) -> bool:
    """Put the lane back; False when somebody else holds it by now, and then nothing is changed.

    Work added since the claim makes it due now, whatever `due_at` says; only `not_before`, which a failure or a
    full limiter sets, holds even that back.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _RELEASE,
            {
                "id": claimed.lane_id,
                "token": claimed.token,
                "seen": claimed.signal,
                "next": due_at,
                "not_before": not_before,
                "failures": failures,
                "error": error,
            },
        )
        return bool(cursor.rowcount)


def seconds_until_due(horizon_s: float, *, with_bulk: bool = True) -> float | None:
    """How long until a lane may be claimed, if that is within `horizon_s` seconds; else None."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT extract(epoch FROM min(greatest(due_at, lease_until)) - clock_timestamp())
            FROM lanes_lane
            WHERE work_class = ANY(%s) AND NOT parked AND due_at <= clock_timestamp() + make_interval(secs => %s)
            """,
            [_classes(with_bulk=with_bulk), horizon_s],
        )
        (seconds,) = cursor.fetchone()
    return None if seconds is None or seconds > horizon_s else max(float(seconds), 0.0)


def _classes(*, with_bulk: bool) -> list[int]:
    return [int(work_class) for work_class in WorkClass if with_bulk or work_class != WorkClass.BULK]
