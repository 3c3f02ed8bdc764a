"""One portal with work for ever, beside fifty small ones: real workers, and a model of who goes first."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from installations.models import Portal
from installations.ratelimit import WorkClass
from lanes import signals
from lanes.claims import _HANDICAP_S
from lanes.models import Lane
from tests import processes
from tests.hubspot import wait_for
from tests.portals import make_portal

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("redis_server"),
]
LONG = os.environ.get("CHAOS") == "long"
ROUNDS = 40 if LONG else 3
BUSY, BUSY_BULK = (200, 1_000) if LONG else (60, 150)
SMALL = 50
WORKERS = (False, True, True)  # of the first of each worker, as in production, bulk work takes nothing
CLASSES = {"busy bulk": WorkClass.BULK, "small bulk": WorkClass.BULK}


@dataclass(frozen=True)
class Taken:
    """A slice: whose, and by the database's clock since when it was due and when it was taken."""

    portal: int
    lane: int
    kind: str
    due: float
    taken: float

    @property
    def rank(self) -> float:
        """The lower, the sooner its turn: that is the whole model."""
        return self.due + _HANDICAP_S[CLASSES.get(self.kind, WorkClass.EVENTS)]


def lanes(portal: Portal, kind: str, count: int = 1) -> list[Lane]:
    """Lanes that were due a second ago, in parts; one alone sleeps until it is signalled."""
    due_at = None if count == 1 else timezone.now() - timedelta(seconds=1)
    work_class = CLASSES.get(kind, WorkClass.EVENTS)
    return [
        Lane(portal=portal, kind=kind, part=str(part), work_class=work_class, due_at=due_at) for part in range(count)
    ]


def portals_beside_a_busy_one(kind: str) -> list[Portal]:
    busy = make_portal(connected=False)
    portals = [make_portal(connected=False) for _ in range(SMALL)]
    found = lanes(busy, "busy bulk", BUSY_BULK)
    if kind == "small":  # else no bulk work's turn would come for a minute: see the handicaps
        found += lanes(busy, "busy", BUSY)
    Lane.objects.bulk_create(found + [lane for portal in portals for lane in lanes(portal, kind)])
    return portals


@pytest.fixture
def workers() -> Iterator[list[subprocess.Popen[str]]]:
    started = [processes.start("tests.lanes.fair_worker", int(with_bulk)) for with_bulk in WORKERS]
    yield started
    for one in started:
        one.kill()
        one.communicate()


def signalled_at_random(portals: list[Portal], kind: str) -> None:
    """As webhooks would: now this portal, now that one, some while they still wait."""
    for _ in range(ROUNDS):
        for portal in random.sample(portals, len(portals)):
            with transaction.atomic():
                signals.signal([portal.pk], kind)
            time.sleep(random.uniform(0.002, 0.02))


def tell(workers: list[subprocess.Popen[str]]) -> None:
    for one in workers:
        assert one.stdin is not None
        one.stdin.write("go on\n")
        one.stdin.flush()


def slices_of(workers: list[subprocess.Popen[str]]) -> list[Taken]:
    found = []
    for one in workers:
        out, _ = one.communicate(timeout=120)
        found += [Taken(**json.loads(line)) for line in out.splitlines()]
        assert one.returncode == 0
    return sorted(found, key=lambda each: each.taken)


def ahead_of(ours: Taken, taken: list[Taken], times: list[float]) -> list[Taken]:
    """The slices that were taken while ours waited."""
    return taken[bisect_right(times, ours.due) : bisect_left(times, ours.taken)]


@pytest.mark.parametrize("kind", ["small", "small bulk"])
def test_no_small_portal_waits_longer_than_its_turn(kind: str, workers: list[subprocess.Popen[str]]) -> None:
    """While a small portal's lane waits, only lanes that were due before it are taken, and so each of them once.

    Claims of several workers cross: one may be seen to be made a moment before another that began earlier.
    """
    small = portals_beside_a_busy_one(kind)
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    tell(workers)
    signalled_at_random(small, kind)
    waiting = Lane.objects.filter(portal__in=small, due_at__isnull=False)
    wait_for(lambda: not waiting.exists(), what="the small portals' turns", seconds=300)
    tell(workers)
    taken = slices_of(workers)
    times = [one.taken for one in taken]
    ours = [one for one in taken if one.kind == kind]
    assert {one.portal for one in ours} == {portal.pk for portal in small}, "each had its turn"
    assert len(taken) - len(ours) > 100, "the busy one had many"
    overtaken = []
    for one in ours:
        ahead = [each for each in ahead_of(one, taken, times) if each.kind.startswith("busy")]
        overtaken.append(sum(each.rank > one.rank for each in ahead))
        lanes_ahead = [each.lane for each in ahead if each.rank <= one.rank]
        assert len(lanes_ahead) == len(set(lanes_ahead)), "no lane of the busy one twice"
    # Nobody's watch is exact: a claim that the machine let wait in the middle is seen late.
    assert sorted(overtaken)[int(len(overtaken) * 0.9)] <= len(WORKERS)
    assert max(overtaken) <= 10 * len(WORKERS)
    _print(kind, ours, [len(ahead_of(one, taken, times)) for one in ours], max(overtaken))


def _print(kind: str, ours: list[Taken], ahead: list[int], overtaken: int) -> None:
    """The figures, for whoever runs this with -s."""
    waits_ms = sorted((one.taken - one.due) * 1000 for one in ours)
    print(  # noqa: T201 - for docs/proofs.md
        f"\n{len(ours)} slices of {SMALL} portals ({kind}) beside one with {BUSY} + {BUSY_BULK} lanes always due: "
        f"overtaken by {overtaken} at most; behind {statistics.median(ahead):.0f} slices at the median, {max(ahead)} "
        f"at most; waits p50 {statistics.median(waits_ms):.0f} ms, p99 {waits_ms[int(len(waits_ms) * 0.99)]:.0f} ms"
    )
