from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from lanes.models import Lane
from tests.events import failed, passed, stored
from tests.portals import make_portal
from webhooks import quarantine, retention, tasks
from webhooks.models import EVENTS, Event, Failure

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def age(*events: Event, by: timedelta) -> None:
    Event.objects.filter(pk__in=[event.pk for event in events]).update(received_at=timezone.now() - by)


def left() -> set[int]:
    return set(Event.objects.values_list("pk", flat=True))


@pytest.fixture(autouse=True)
def _small_bites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(quarantine, "PURGE_BATCH", 2)


def test_old_events_that_are_done_with_go() -> None:
    portal = make_portal()
    old = [stored(portal) for _ in range(5)]
    young = stored(portal)
    passed(portal)
    age(*old, by=15 * DAY)
    tasks.purge_events()
    tasks.purge_events()
    assert left() == {young.pk}


def test_old_events_that_still_wait_stay() -> None:
    """However old: pending, retrying, dead for less than thirty days, in quarantine, of a portal without a lane."""
    portal, other = make_portal(), make_portal(connected=False)
    retrying, dead = stored(portal), stored(portal)
    failed(retrying)
    failed(dead, dead=True)
    passed(portal)
    pending, stray, laneless = stored(portal), stored(424242), stored(424243)
    Event.objects.filter(pk=laneless.pk).update(portal=other)
    age(retrying, dead, pending, stray, laneless, by=100 * DAY)
    tasks.purge_events()
    assert left() == {event.pk for event in (retrying, dead, pending, stray, laneless)}


def test_old_ones_behind_many_that_stay_are_found() -> None:
    waiting, portal = make_portal(), make_portal()
    pending = [stored(waiting) for _ in range(7)]
    old = stored(portal)
    passed(portal)
    age(*pending, old, by=15 * DAY)
    tasks.purge_events()
    assert left() == {event.pk for event in pending}


def test_the_walk_ends_where_the_young_ones_begin() -> None:
    portal = make_portal()
    for _ in range(6):
        stored(portal)
    beyond = stored(portal)
    passed(portal)
    age(beyond, by=15 * DAY)
    assert retention.purge_done(for_s=10) == 0


def test_dead_letters_that_nobody_replayed_go_after_thirty_days() -> None:
    portal = make_portal()
    events = [stored(portal) for _ in range(4)]
    for event in events:
        failed(event, dead=True)
    passed(portal)
    Failure.objects.filter(event__in=events[:3]).update(died_at=timezone.now() - 31 * DAY)
    tasks.purge_events()
    tasks.purge_events()
    assert left() == {events[3].pk}


def test_a_dead_letter_that_was_replayed_stays() -> None:
    portal = make_portal()
    event = stored(portal)
    failed(event, dead=True)
    Failure.objects.update(died_at=None, retry_at=timezone.now())
    passed(portal)
    age(event, by=31 * DAY)
    tasks.purge_events()
    assert left() == {event.pk}


def test_what_nobody_claimed_goes_after_two_days() -> None:
    old = [stored(424242) for _ in range(3)]
    young, own = stored(424242), stored(make_portal())
    age(*old, own, by=3 * DAY)
    tasks.purge_quarantine()
    assert left() == {young.pk, own.pk}


def test_an_event_that_arrived_in_the_moment_of_an_install_is_adopted_once() -> None:
    stray = stored(990_501)
    portal = make_portal(990_501, connected=False)
    Lane.objects.create(portal=portal, kind=EVENTS, work_class=1)
    tasks.adopt_strays()
    adopted = Event.objects.get()
    assert adopted.portal_id == portal.pk
    assert adopted.pk > stray.pk
    tasks.adopt_strays()
    assert left() == {adopted.pk}
