from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from installations.models import Portal
from installations.ratelimit import WorkClass
from lanes import claims, signals
from lanes.models import Lane
from lanes.slices import LeaseLost, Slice
from tests.portals import make_portal

pytestmark = pytest.mark.django_db


@pytest.fixture
def portal() -> Portal:
    return make_portal(connected=False)


def lane(
    portal: Portal, work_class: WorkClass = WorkClass.EVENTS, *, due_s_ago: float | None = 1, part: str = ""
) -> Lane:
    due_at = None if due_s_ago is None else timezone.now() - timedelta(seconds=due_s_ago)
    return Lane.objects.create(
        portal=portal, kind=work_class.name.lower(), part=part, work_class=work_class, due_at=due_at
    )


def test_a_lane_is_claimed_once(portal: Portal) -> None:
    ours = lane(portal)
    first = claims.claim()
    assert first is not None
    assert first.lane_id == ours.pk
    assert claims.claim() is None


def test_nothing_is_claimed_before_its_time(portal: Portal) -> None:
    lane(portal, due_s_ago=None)
    lane(portal, WorkClass.BULK, due_s_ago=-60)
    assert claims.claim() is None


def test_the_higher_class_goes_first_though_the_lower_has_waited_longer(portal: Portal) -> None:
    lane(portal, WorkClass.BULK, due_s_ago=20)
    lane(portal, WorkClass.EVENTS, due_s_ago=3)
    urgent = lane(portal, WorkClass.URGENT, due_s_ago=2)
    first = claims.claim()
    assert first is not None
    assert first.lane_id == urgent.pk


def test_within_a_class_the_longest_due_goes_first(portal: Portal) -> None:
    lane(portal, due_s_ago=1, part="b")
    longest = lane(portal, due_s_ago=5, part="a")
    first = claims.claim()
    assert first is not None
    assert first.lane_id == longest.pk


def test_a_lower_class_that_has_waited_very_long_goes_first(portal: Portal) -> None:
    aged = lane(portal, WorkClass.BULK, due_s_ago=120)
    lane(portal, WorkClass.URGENT, due_s_ago=1)
    first = claims.claim()
    assert first is not None
    assert first.lane_id == aged.pk


def test_bulk_is_left_to_others_when_asked(portal: Portal) -> None:
    lane(portal, WorkClass.BULK)
    assert claims.claim(with_bulk=False) is None
    assert claims.claim() is not None


def test_a_parked_lane_is_not_claimed(portal: Portal) -> None:
    lane(portal)
    signals.park(portal.pk)
    assert claims.claim() is None
    signals.unpark(portal.pk)
    assert claims.claim() is not None


def test_an_urgent_lane_stays_awake_when_the_portal_is_parked(portal: Portal) -> None:
    lane(portal, WorkClass.URGENT)
    signals.park(portal.pk)
    assert claims.claim() is not None


def test_release_sets_the_next_time(portal: Portal) -> None:
    ours = lane(portal)
    claimed = claims.claim()
    assert claimed is not None
    next_at = timezone.now() + timedelta(minutes=3)
    assert claims.release(claimed, due_at=next_at)
    ours.refresh_from_db()
    assert (ours.due_at, ours.token, ours.claims) == (next_at, None, 0)


def test_work_added_while_a_lane_is_held_makes_it_due_at_release(portal: Portal) -> None:
    """The lost wake-up: without the comparison of `signal` this lane would sleep on its work."""
    ours = lane(portal)
    claimed = claims.claim()
    assert claimed is not None
    signals.signal([portal.pk], ours.kind)
    claims.release(claimed, due_at=None)
    ours.refresh_from_db()
    assert ours.due_at is not None
    assert ours.due_at <= timezone.now()


def test_a_lane_that_waits_keeps_its_place_however_often_it_is_signalled(portal: Portal) -> None:
    busy, other = lane(portal, due_s_ago=9, part="busy"), lane(portal, due_s_ago=5, part="other")
    signals.signal([portal.pk], busy.kind, "busy")
    first, second = claims.claim(), claims.claim()
    assert first is not None
    assert second is not None
    assert (first.lane_id, second.lane_id) == (busy.pk, other.pk)


@pytest.mark.parametrize("due_s_ago", [None, -60])
def test_a_lane_that_rests_is_due_when_signalled(portal: Portal, due_s_ago: float | None) -> None:
    ours = lane(portal, due_s_ago=due_s_ago)
    signals.signal([portal.pk], ours.kind)
    assert claims.claim() is not None


def test_a_lane_that_was_parked_is_due_from_now_on(portal: Portal) -> None:
    parked, other = lane(portal, due_s_ago=3600), lane(make_portal(connected=False), due_s_ago=1)
    signals.park(portal.pk)
    signals.unpark(portal.pk)
    first, second = claims.claim(), claims.claim()
    assert first is not None
    assert second is not None
    assert (first.lane_id, second.lane_id) == (other.pk, parked.pk)


def test_a_failure_holds_back_even_new_work(portal: Portal) -> None:
    ours = lane(portal)
    claimed = claims.claim()
    assert claimed is not None
    later = timezone.now() + timedelta(minutes=1)
    signals.signal([portal.pk], ours.kind)
    claims.release(claimed, due_at=None, not_before=later, failures=1, error="HubSpot is away")
    signals.signal([portal.pk], ours.kind)
    ours.refresh_from_db()
    assert ours.due_at == later
    signals.hurry(portal.pk, ours.kind)
    ours.refresh_from_db()
    assert ours.due_at is not None
    assert ours.due_at < later


def test_a_lease_that_ran_out_can_be_taken_over_and_counts_the_holder_as_lost(portal: Portal) -> None:
    ours = lane(portal)
    first = claims.claim()
    assert first is not None
    Lane.objects.filter(pk=ours.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    second = claims.claim()
    assert second is not None
    assert second.token != first.token
    assert second.holders_lost == 1


def test_a_late_holder_changes_nothing(portal: Portal) -> None:
    ours = lane(portal)
    first = claims.claim()
    assert first is not None
    Lane.objects.filter(pk=ours.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    second = claims.claim()
    assert second is not None
    assert not claims.renew(first)
    assert not claims.release(first, due_at=None)
    with pytest.raises(LeaseLost), Slice(first).fence(position=99):
        pytest.fail("a late holder got through the fence")
    ours.refresh_from_db()
    assert (ours.token, ours.position) == (second.token, 0)


def test_the_position_moves_with_the_fence(portal: Portal) -> None:
    ours = lane(portal)
    claimed = claims.claim()
    assert claimed is not None
    turn = Slice(claimed)
    with turn.fence(position=42):
        pass
    ours.refresh_from_db()
    assert (ours.position, turn.position) == (42, 42)


def test_what_fails_inside_the_fence_moves_nothing(portal: Portal) -> None:
    ours = lane(portal)
    claimed = claims.claim()
    assert claimed is not None
    turn = Slice(claimed)
    with pytest.raises(ZeroDivisionError), turn.fence(position=42):
        1 / 0  # noqa: B018 - the failure
    ours.refresh_from_db()
    assert (ours.position, turn.position) == (0, 0)


def test_how_long_until_the_next_lane(portal: Portal) -> None:
    assert claims.seconds_until_due(100) is None
    lane(portal, due_s_ago=-50)
    assert 0 < (claims.seconds_until_due(100) or 0) <= 50
    lane(portal, WorkClass.BULK, due_s_ago=5)
    assert claims.seconds_until_due(100) == 0
    assert (claims.seconds_until_due(100, with_bulk=False) or 0) > 0
