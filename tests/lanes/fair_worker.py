"""A worker without Celery whose slices do nothing for a while: python -m tests.lanes.fair_worker WITH_BULK.

Works from the first line it is sent until the second, and then prints a line of JSON per slice: the portal, the lane,
and when it was due and taken, by the database's clock.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from datetime import datetime

import django

django.setup()

from django.db import connection  # noqa: E402 - after the setup
from django.utils import timezone  # noqa: E402

from installations.ratelimit import WorkClass  # noqa: E402
from lanes import kinds, worker  # noqa: E402
from lanes.claims import LEASE_S  # noqa: E402
from lanes.kinds import LaneKind  # noqa: E402
from lanes.slices import Slice  # noqa: E402

QUICK, SLOW = (0.002, 0.006), (0.01, 0.03)  # how long slices last, in seconds
# Taken when it was claimed, not when this process came to ask.
_WHEN = "SELECT due_at, lease_until - make_interval(secs => %s) FROM lanes_lane WHERE id = %s"

_slices: list[dict[str, object]] = []


def _slice(turn: Slice, kind: str, lasts_s: tuple[float, float]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_WHEN, [LEASE_S, turn.claim.lane_id])
        due_at, taken_at = cursor.fetchone()
    said = {"portal": turn.portal_id, "lane": turn.claim.lane_id, "kind": kind}
    _slices.append(said | {"due": due_at.timestamp(), "taken": taken_at.timestamp()})
    time.sleep(random.uniform(*lasts_s))


def _endless(kind: str, lasts_s: tuple[float, float]) -> LaneKind:
    """There is always more to do."""

    def work(turn: Slice) -> datetime:
        _slice(turn, kind, lasts_s)
        return timezone.now()

    return LaneKind(kind, WorkClass.BULK if kind == "busy bulk" else WorkClass.EVENTS, work)


def _small(kind: str) -> LaneKind:
    def work(turn: Slice) -> None:
        _slice(turn, kind, QUICK)

    return LaneKind(kind, WorkClass.BULK if kind == "small bulk" else WorkClass.EVENTS, work)


def _wait_for_a_line(told: threading.Event) -> None:
    sys.stdin.readline()
    told.set()


def main(*, with_bulk: bool) -> None:
    """Work until told to stop."""
    for kind in (_endless("busy bulk", SLOW), _endless("busy", QUICK), _small("small"), _small("small bulk")):
        kinds.register(kind)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    told = threading.Event()
    threading.Thread(target=_wait_for_a_line, args=(told,), daemon=True).start()
    while not told.is_set():
        worker.work(with_bulk=with_bulk, turn_s=0.5)
    sys.stdout.writelines(json.dumps(one) + "\n" for one in _slices)


if __name__ == "__main__":
    main(with_bulk=sys.argv[1] == "1")
