"""What a worker makes of a slice that ends badly, and of being stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from installations.errors import PortalNotConnected
from installations.models import Portal
from installations.ratelimit import WorkClass
from lanes import kinds, worker
from lanes.kinds import LaneKind
from lanes.models import Lane
from lanes.slices import Slice
from tests.portals import make_portal

pytestmark = pytest.mark.django_db(transaction=True)
Work = Callable[[Slice], datetime | None]


@pytest.fixture
def lane() -> Lane:
    portal: Portal = make_portal(connected=False)
    return Lane.objects.create(portal=portal, kind="worked", work_class=WorkClass.EVENTS, due_at=timezone.now())


@pytest.fixture
def worked() -> Iterator[Callable[[Work], None]]:
    """Register a kind of lane that does what the test says."""

    def register(work: Work) -> None:
        kinds.register(LaneKind("worked", WorkClass.EVENTS, work))

    yield register
    kinds._kinds.pop("worked")


def test_a_lane_that_has_failed_for_weeks_is_put_back_all_the_same(lane: Lane, worked: Callable[[Work], None]) -> None:
    def work(_turn: Slice) -> None:
        raise RuntimeError("as ever")

    worked(work)
    Lane.objects.filter(pk=lane.pk).update(failures=5000)
    assert worker.work() == 1
    lane.refresh_from_db()
    assert (lane.token, lane.failures, lane.latest_error) == (None, 5001, "RuntimeError: as ever")
    assert lane.not_before is not None
    assert lane.not_before < timezone.now() + timedelta(minutes=6)


def test_a_lane_that_nobody_parked_does_not_sleep_for_ever(lane: Lane, worked: Callable[[Work], None]) -> None:
    def work(_turn: Slice) -> None:
        raise PortalNotConnected("Somebody else renews its token.")

    worked(work)
    worker.work()
    lane.refresh_from_db()
    assert lane.due_at is not None
    assert timezone.now() < lane.due_at < timezone.now() + timedelta(minutes=6)


def test_a_worker_that_is_stopped_ends_its_slice_and_begins_no_other(
    lane: Lane, worked: Callable[[Work], None]
) -> None:
    begun = threading.Event()

    def work(_turn: Slice) -> datetime:
        begun.set()
        time.sleep(0.5)
        return timezone.now()

    def tick() -> int:
        try:
            return worker.work()
        finally:
            connection.close()

    worked(work)
    with ThreadPoolExecutor(1) as thread:
        ticking = thread.submit(tick)
        assert begun.wait(30)
        try:
            assert worker.stop(30)
            lane.refresh_from_db()
            assert lane.token is None, "its lane is given back"
        finally:
            worker._stopping.clear()
            worker._working.release()
        assert ticking.result(timeout=30) == 1
