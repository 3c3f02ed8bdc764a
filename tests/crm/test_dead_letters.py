"""Events that fail, with the mirror as the handler: attempts, death, replay, and processes that die on them."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.models import Record
from hubspot_api.breaker import Breaker
from installations import clients
from installations.models import Portal
from lanes import claims, worker
from lanes.models import Lane
from lanes.slices import Slice
from tests.crm.mirrored import receive, work_until_idle
from tests.hubspot import Account, HubSpot
from webhooks import dispatch, failures
from webhooks.models import EVENTS, Event, Failure

POISON = {"subscriptionType": "contact.creation"}  # without an objectId


@pytest.fixture
def synced(portal: Portal) -> Portal:
    work_until_idle("backfill")
    return portal


def time_passes(portal: Portal) -> None:
    """Let the pause before the next attempt be over, and the one in which HubSpot is left alone."""
    clients.BREAKER = Breaker()
    Failure.objects.exclude(retry_at=None).update(retry_at=timezone.now())
    Lane.objects.filter(portal=portal, kind=EVENTS).update(due_at=timezone.now())


def states() -> list[str]:
    events: Any = Event.objects.with_state().order_by("id")
    return [event.state for event in events]


def test_after_five_attempts_an_event_is_a_dead_letter(synced: Portal) -> None:
    receive(synced, POISON)
    work_until_idle("events")
    for attempt in range(2, 6):
        assert states() == ["retrying"]
        time_passes(synced)
        work_until_idle("events")
        assert Failure.objects.get().attempts == attempt
    assert states() == ["dead"]
    failure = Failure.objects.get()
    assert failure.retry_at is None
    assert "no usable objectId" in failure.reason
    time_passes(synced)
    work_until_idle("events")
    assert Failure.objects.get().attempts == 5


def test_the_lane_wakes_for_the_next_attempt(synced: Portal) -> None:
    receive(synced, POISON)
    work_until_idle("events")
    assert Lane.objects.get(kind=EVENTS).due_at == Failure.objects.get().retry_at


def test_a_replayed_dead_letter_has_all_its_attempts_again(synced: Portal) -> None:
    receive(synced, POISON)
    work_until_idle("events")
    Failure.objects.update(attempts=5, died_at=timezone.now(), retry_at=None)
    assert failures.replay(Failure.objects.all()) == 1
    work_until_idle("events")
    failure = Failure.objects.get()
    assert (failure.attempts, failure.died_at) == (1, None)


def test_a_dead_letter_whose_cause_is_gone_is_done_after_its_replay(synced: Portal) -> None:
    record_id = Record.objects.filter(object_type="0-1").values_list("record_id", flat=True)[0]
    receive(synced, POISON)
    work_until_idle("events")
    Event.objects.update(payload=f'{{"objectId":{record_id}}}')  # as if the code now understood it
    Failure.objects.update(attempts=5, died_at=timezone.now(), retry_at=None)
    failures.replay(Failure.objects.all())
    work_until_idle("events")
    assert states() == ["done"]
    assert not Failure.objects.exists()


def test_hubspot_being_away_is_no_events_fault(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    """The lane waits, and nothing is counted against the event."""
    record_id = Record.objects.filter(object_type="0-1").values_list("record_id", flat=True)[0]
    hubspot.fault("status", {"path": "/crm/objects/2026-03/0-1/batch/read"}, params={"status": 503})
    receive(synced, {"subscriptionType": "contact.propertyChange", "objectId": record_id})
    _run_inbox()
    lane = Lane.objects.get(kind=EVENTS)
    assert lane.failures == 1
    assert lane.not_before is not None
    assert lane.not_before > timezone.now()
    assert states() == ["pending"]
    hubspot.call("DELETE", "/_emulator/faults")
    Lane.objects.update(not_before=None, due_at=timezone.now())
    work_until_idle("events")
    assert states() == ["done"]


def test_bad_times_take_no_attempt_from_an_event_that_failed_before(synced: Portal, hubspot: HubSpot) -> None:
    """Else an outage of an hour would make dead letters of all that it met on their second try."""
    record_id = Record.objects.filter(object_type="0-1").values_list("record_id", flat=True)[0]
    receive(synced, POISON)
    work_until_idle("events")
    Event.objects.update(payload=f'{{"objectId":{record_id}}}')  # as if the code now understood it
    hubspot.fault("status", {"path": "/crm/objects/2026-03/0-1/batch/read"}, params={"status": 503})
    for _ in range(5):
        time_passes(synced)
        Lane.objects.update(not_before=None)
        _run_inbox()
        failure = Failure.objects.get()
        assert (failure.attempts, failure.died_at) == (1, None)
        assert "503" in failure.reason
    hubspot.call("DELETE", "/_emulator/faults")
    Lane.objects.update(not_before=None)
    time_passes(synced)
    work_until_idle("events")
    assert states() == ["done"]


def test_what_hubspot_never_answers_does_not_keep_the_others_waiting(synced: Portal, hubspot: HubSpot) -> None:
    """It looks like bad times; fewer and fewer are taken at once, until the one that it is about stands alone."""
    contact, company = (Record.objects.filter(object_type=kind).earliest("record_id") for kind in ("0-1", "0-2"))
    hubspot.fault("status", {"path": "/crm/objects/2026-03/0-2/batch/read"}, params={"status": 500})
    of_contact = {"subscriptionType": "contact.propertyChange", "objectId": contact.record_id}
    of_company = {"subscriptionType": "company.propertyChange", "objectId": company.record_id}
    receive(synced, of_contact | {"eventId": 1}, of_company)
    receive(synced, of_contact | {"eventId": 2})
    for _ in range(12):
        Lane.objects.filter(kind=EVENTS).update(not_before=None, due_at=timezone.now())
        _run_inbox()
    assert sorted(states()) == ["done", "done", "retrying"]
    failure = Failure.objects.get()
    assert (failure.attempts, failure.event.object_id) == (0, company.record_id)
    receive(synced, of_contact | {"eventId": 3})
    time_passes(synced)
    Lane.objects.filter(kind=EVENTS).update(not_before=None)
    _run_inbox()
    assert sorted(states()) == ["done", "done", "done", "retrying"], "nor does its next try"
    hubspot.call("DELETE", "/_emulator/faults")
    Lane.objects.update(not_before=None)
    time_passes(synced)
    work_until_idle("events")
    assert set(states()) == {"done"}


def test_a_slice_full_of_poison_ends_in_time_and_the_next_goes_on(synced: Portal) -> None:
    receive(synced, *(POISON | {"eventId": n} for n in range(20)))
    turn = Slice(_claim_inbox())
    turn.ends_at = 0.0
    dispatch.work(turn)
    assert states() == ["pending"] * 20, "no slice begins what it has no time for"
    slices = 0
    while "pending" in states():
        turn.ends_at = time.monotonic() + 0.001
        dispatch.work(turn)
        slices += 1
        settled = states().count("retrying")
        assert states() == ["retrying"] * settled + ["pending"] * (20 - settled), "none is passed over"
    assert slices > 1
    assert Failure.objects.count() == 20
    assert set(Failure.objects.values_list("attempts", flat=True)) == {1}


def test_a_process_that_dies_leaves_the_next_one_smaller_batches(
    synced: Portal, account: Account, hubspot: HubSpot
) -> None:
    ids = list(Record.objects.filter(object_type="0-1").values_list("record_id", flat=True))
    change = {"subscriptionType": "contact.propertyChange"}
    receive(synced, *(change | {"objectId": ids[n % 12], "eventId": n} for n in range(100)))
    first = _claim_inbox()
    Lane.objects.filter(pk=first.lane_id).update(lease_until=timezone.now() - timedelta(seconds=1))
    second = _claim_inbox()
    assert second.holders_lost == 1
    before = len(hubspot.requests(account.hub_id))
    dispatch.work(Slice(second))
    assert states().count("done") == 100
    assert len(hubspot.requests(account.hub_id)) - before == 2, "a hundred events in two batches, a read each"


def _run_inbox() -> None:
    """Run the inbox's lane once, whatever comes of it."""
    worker.run(_claim_inbox())


def _claim_inbox() -> claims.Claim:
    Lane.objects.exclude(kind=EVENTS).update(due_at=None)
    claimed = claims.claim()
    assert claimed is not None
    return claimed
