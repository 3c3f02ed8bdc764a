"""Two connections at a time: the losing side of claiming, and work added while work is done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest
from django.db import connection, transaction
from django.utils import timezone

from installations.models import Portal
from installations.ratelimit import WorkClass
from lanes import claims, signals, slices
from lanes.models import Lane
from lanes.slices import LeaseLost, Slice
from tests.portals import make_portal

pytestmark = pytest.mark.django_db(transaction=True)
T = TypeVar("T")


@pytest.fixture
def portal() -> Portal:
    return make_portal(connected=False)


def elsewhere(call: Callable[[], T]) -> T:
    """Run a call on a connection of its own, to its end."""

    def run() -> T:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result(timeout=30)


def due_lane(portal: Portal, part: str = "") -> Lane:
    return Lane.objects.create(
        portal=portal, kind="test", part=part, work_class=WorkClass.EVENTS, due_at=timezone.now() - timedelta(seconds=1)
    )


def test_sixteen_workers_claim_each_of_ten_lanes_once(portal: Portal) -> None:
    lanes = [due_lane(portal, str(n)) for n in range(10)]
    barrier = threading.Barrier(16)

    def grab() -> list[int]:
        try:
            barrier.wait(timeout=30)
            found = []
            while (claimed := claims.claim()) is not None:
                found.append(claimed.lane_id)
            return found
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as threads:
        grabbed = [lane_id for future in [threads.submit(grab) for _ in range(16)] for lane_id in future.result()]
    assert sorted(grabbed) == [lane.pk for lane in lanes]


def test_work_is_added_while_a_slice_is_writing(portal: Portal) -> None:
    """A webhook must never wait for the lane it wakes: were the fence an ordinary row lock, this would time out."""
    lane = due_lane(portal)
    claimed = claims.claim()
    assert claimed is not None
    with Slice(claimed).fence():
        told = elsewhere(lambda: _signal_within_a_second(portal))
    assert told == 1
    claims.release(claimed, due_at=None)
    lane.refresh_from_db()
    assert lane.due_at is not None


def _signal_within_a_second(portal: Portal) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '1s'")
        return signals.signal([portal.pk], "test")


def test_nobody_claims_a_lane_while_its_holder_is_writing(portal: Portal) -> None:
    """The lease has run out in the middle of the holder's transaction: it may finish, the next one comes after."""
    lane = due_lane(portal)
    claimed = claims.claim()
    assert claimed is not None
    Lane.objects.filter(pk=lane.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    with Slice(claimed).fence(position=7):
        assert elsewhere(claims.claim) is None
    second = elsewhere(claims.claim)
    assert second is not None
    assert second.position == 7


def test_signallers_of_many_lanes_do_not_deadlock(portal: Portal) -> None:
    portals = [portal, *(make_portal(connected=False) for _ in range(5))]
    for each in portals:
        due_lane(each)
    barrier = threading.Barrier(8)

    def signal_all(order: int) -> None:
        try:
            barrier.wait(timeout=30)
            ids = [each.pk for each in portals]
            for _ in range(20):
                signals.signal(ids if order else ids[::-1], "test")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        for future in [threads.submit(signal_all, n % 2) for n in range(8)]:
            future.result(timeout=60)
    assert set(Lane.objects.values_list("signal", flat=True)) == {160}


def test_a_step_longer_than_the_lease_keeps_its_lane(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "LEASE_S", 0.6)
    monkeypatch.setattr(slices, "_BEAT_S", 0.1)
    lane = due_lane(portal)
    claimed = claims.claim()
    assert claimed is not None
    with Slice(claimed).kept():
        end = time.monotonic() + 2
        while time.monotonic() < end:
            assert elsewhere(claims.claim) is None
    time.sleep(0.7)
    taken = elsewhere(claims.claim)
    assert taken is not None, "and loses it when nobody works at it any more"
    assert taken.lane_id == lane.pk


def test_parking_waits_for_no_slice_and_ends_it_at_its_next_fence(portal: Portal) -> None:
    """Whoever disconnects must neither wait nor fail because work is under way."""
    due_lane(portal)
    claimed = claims.claim()
    assert claimed is not None
    turn = Slice(claimed)
    with turn.fence():
        elsewhere(lambda: _park_within_a_second(portal))
    with pytest.raises(LeaseLost), turn.fence():
        pytest.fail("The lane is parked.")
    with pytest.raises(LeaseLost):
        turn.renew()
    assert claims.release(claimed, due_at=None)
    assert claims.claim() is None
    signals.unpark(portal.pk)
    assert claims.claim() is not None


def _park_within_a_second(portal: Portal) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '1s'")
        signals.park(portal.pk)


def test_a_hint_waits_for_nobody(portal: Portal) -> None:
    later = timezone.now() + timedelta(minutes=9)
    lane = due_lane(portal)
    Lane.objects.filter(pk=lane.pk).update(due_at=later)

    def hint() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1s'")
            signals.bring_forward(portal.pk, "test", timezone.now())

    with transaction.atomic():
        Lane.objects.select_for_update().get(pk=lane.pk)
        elsewhere(hint)
    lane.refresh_from_db()
    assert lane.due_at == later
    elsewhere(hint)
    lane.refresh_from_db()
    assert lane.due_at < later
