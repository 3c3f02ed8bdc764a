"""How long portals wait is sampled once a minute, kept within bounds, and held against the aim."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from installations.models import Portal
from installations.ratelimit import WorkClass
from lanes import claims, queue_age, queue_age_charts, signals
from lanes.models import Lane, PortalWait, WaitMinute
from tests.portals import make_portal

pytestmark = pytest.mark.django_db
EVENTS, BULK = WorkClass.EVENTS, WorkClass.BULK


def lane(portal: Portal, *, due_s_ago: float | None, work_class: WorkClass = EVENTS, part: str = "") -> Lane:
    due_at = None if due_s_ago is None else timezone.now() - timedelta(seconds=due_s_ago)
    return Lane.objects.create(
        portal=portal, kind=work_class.name.lower(), part=part, work_class=work_class, due_at=due_at
    )


def quiet_portal() -> Portal:
    return make_portal(connected=False)


def minute(work_class: WorkClass = EVENTS) -> WaitMinute:
    return WaitMinute.objects.get(work_class=work_class)


def test_only_portals_that_wait_get_a_row() -> None:
    waiting, quick, idle = quiet_portal(), quiet_portal(), quiet_portal()
    lane(waiting, due_s_ago=30, part="a")
    lane(waiting, due_s_ago=90, part="b")
    lane(idle, due_s_ago=None)
    lane(quick, due_s_ago=1)  # at last: a busy machine may take a while until it is looked at
    assert queue_age.sample()
    row = PortalWait.objects.get()
    assert (row.portal, row.work_class, row.lanes, row.is_late) == (waiting, EVENTS, 2, True)
    assert row.waited_s == pytest.approx(90, abs=30)
    found = minute()
    assert (found.portals, found.waiting, found.late) == (3, 1, 1)
    assert found.longest_s == row.waited_s


def held(ours: Lane) -> None:
    assert claims.claim() is not None


def lost(ours: Lane) -> None:
    held(ours)
    Lane.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def parked(ours: Lane) -> None:
    signals.park(ours.portal_id)


def put_back(ours: Lane) -> None:
    """By a full limiter or a failure: no worker could help it."""
    claimed = claims.claim()
    assert claimed is not None
    claims.release(claimed, due_at=None, not_before=timezone.now() + timedelta(minutes=1))


@pytest.mark.parametrize(("happens", "waiting"), [(held, 0), (lost, 1), (parked, None), (put_back, 0)])
def test_a_lane_waits_only_if_a_worker_could_take_it(happens: Callable[[Lane], None], waiting: int | None) -> None:
    happens(lane(quiet_portal(), due_s_ago=70))
    queue_age.sample()
    assert [row.waiting for row in WaitMinute.objects.all()] == ([] if waiting is None else [waiting])
    assert PortalWait.objects.count() == (waiting or 0)


def test_classes_have_aims_of_their_own() -> None:
    portal = quiet_portal()
    lane(portal, due_s_ago=100)
    lane(portal, due_s_ago=100, work_class=BULK)
    queue_age.sample()
    assert (minute(EVENTS).late, minute(BULK).late) == (1, 0)
    assert minute(BULK).waiting == 1


def test_a_minute_is_sampled_once() -> None:
    lane(quiet_portal(), due_s_ago=70)
    assert queue_age.sample()
    sampled = minute()
    # By another, as soon as it began: so it does not matter here whether it has.
    following = {"at": sampled.at + timedelta(minutes=1), "work_class": BULK, "longest_s": 0.0}
    WaitMinute.objects.create(portals=0, waiting=0, late=0, **following)
    before = list(WaitMinute.objects.order_by("at").values())
    lane(quiet_portal(), due_s_ago=170)
    assert not queue_age.sample()
    assert list(WaitMinute.objects.order_by("at").values()) == before
    assert PortalWait.objects.count() == 1


def test_it_is_one_statement_however_many_portals(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no more rows than a bound, the longest waits first; the sums know of all."""
    monkeypatch.setattr(queue_age, "MOST_NOTED", 4)
    portals = [quiet_portal() for _ in range(10)]
    for place, portal in enumerate(portals):
        lane(portal, due_s_ago=70 + 10 * place)
    with CaptureQueriesContext(connection) as queries:
        queue_age.sample()
    assert len(queries) == 1
    assert set(PortalWait.objects.values_list("portal", flat=True)) == {portal.pk for portal in portals[6:]}
    assert (minute().waiting, minute().late) == (10, 10)


def test_old_samples_go() -> None:
    portal, now = quiet_portal(), timezone.now()
    for days in (7, 9):
        history(portal, minutes=3, late=1, ago=timedelta(days=days))
    assert queue_age.purge() == 4
    assert {now - row.at < queue_age.KEPT for row in WaitMinute.objects.all()} == {True}
    assert PortalWait.objects.count() == 1


def history(
    portal: Portal, *, minutes: int, late: int, portals: int = 1, ago: timedelta = timedelta(), work_class: int = EVENTS
) -> None:
    """So many minutes that end then, `late` of them with this portal late."""
    at = (timezone.now() - ago).replace(second=0, microsecond=0)
    for number in range(minutes):
        is_late = number < late
        row, _ = WaitMinute.objects.get_or_create(
            at=at - timedelta(minutes=number),
            work_class=work_class,
            defaults={"portals": portals, "waiting": 0, "late": 0, "longest_s": 0.0},
        )
        if is_late:
            WaitMinute.objects.filter(pk=row.pk).update(late=row.late + 1, waiting=row.waiting + 1, longest_s=75.0)
            PortalWait.objects.create(
                at=row.at, portal=portal, work_class=work_class, waited_s=75.0, lanes=1, is_late=True
            )


@pytest.mark.parametrize(
    ("late", "is_missed", "percent"), [(0, False, "100.00 %"), (2, False, "99.00 %"), (3, True, "98.50 %")]
)
def test_the_day_is_held_against_the_aim(late: int, is_missed: bool, percent: str) -> None:
    history(quiet_portal(), minutes=100, late=late, portals=2)
    (age,) = queue_age.last_day()
    assert (age.portal_minutes, age.late, age.minutes) == (200, late, 100)
    assert (age.is_missed, age.percent) == (is_missed, percent)


def test_what_is_older_than_a_day_does_not_count() -> None:
    history(quiet_portal(), minutes=10, late=10, ago=timedelta(hours=25))
    assert queue_age.last_day() == []
    assert queue_age.missing([]) == []


def test_the_aim_is_a_setting(settings: Settings) -> None:
    history(quiet_portal(), minutes=100, late=2, portals=1)
    assert [age.is_missed for age in queue_age.last_day()] == [True]
    settings.QUEUE_AGE_SLO = 0.95
    assert [age.is_missed for age in queue_age.last_day()] == [False]
    settings.QUEUE_AGE_SLO_S = settings.QUEUE_AGE_SLO_S | {"EVENTS": 7}
    lane(quiet_portal(), due_s_ago=50)
    WaitMinute.objects.all().delete()
    PortalWait.objects.all().delete()
    queue_age.sample()
    assert minute().late == 1


def test_portals_that_miss_it_by_themselves_are_named_though_the_day_does_not() -> None:
    bad, good = quiet_portal(), quiet_portal()
    history(bad, minutes=100, late=5, portals=1000)
    history(good, minutes=100, late=1, portals=1000)
    ages = queue_age.last_day()
    assert not ages[0].is_missed
    (found,) = queue_age.missing(ages)
    assert (found.portal, found.late, found.percent) == (bad, 5, "95.00 %")
    assert queue_age.count_missing(ages) == {EVENTS: 1}


def test_half_hours_are_drawn() -> None:
    history(quiet_portal(), minutes=10, late=4)
    WaitMinute.objects.filter(late=0).update(waiting=1)
    drawn = queue_age_charts.chart()
    assert (drawn.waits, drawn.late) == (10, 4)
    assert sum(bar.late for bar in drawn.busy) == 4
    assert {kind for bar in drawn.busy for kind, _, _ in bar.parts} <= {"failed", "held"}
    assert max(bar.longest_s for bar in drawn.busy) == 75.0
