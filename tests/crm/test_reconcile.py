from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from crm import reconcile
from crm.models import Change, FeedHead, Owner, Record, Sync
from installations.models import Portal
from lanes import claims
from lanes.models import Lane
from lanes.signals import hurry
from lanes.slices import Slice
from tests.crm.mirrored import receive, work_until_idle
from tests.hubspot import Account, HubSpot
from tests.truth import assert_mirrored


@pytest.fixture
def synced(portal: Portal) -> Portal:
    work_until_idle("backfill")
    Change.objects.all().delete()
    return portal


def reconcile_now(portal: Portal) -> None:
    Sync.objects.filter(portal=portal).update(reconciled_at=None)  # as if the last pass were a while ago
    hurry(portal.pk, "reconcile")
    work_until_idle("reconcile")


def test_a_change_that_no_event_told_is_found(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    contact = Record.objects.filter(object_type="0-1").first()
    assert contact is not None
    hubspot.change(
        account,
        {"op": "update", "object_type": "contacts", "id": str(contact.record_id), "properties": {"fax": "12345"}},
    )
    hubspot.change(
        account, {"op": "create", "object_type": "deals", "properties": {"dealname": "Found", "dealstage": "closedwon"}}
    )
    reconcile_now(synced)
    contact.refresh_from_db()
    assert contact.properties["fax"] == "12345"
    assert Record.objects.filter(title="Found").exists()
    assert set(Change.objects.values_list("source", flat=True)) == {"reconcile"}
    assert_mirrored(hubspot, account, synced)


def test_a_pass_without_news_reads_no_record(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    reconcile_now(synced)
    before = len(hubspot.requests(account.hub_id))
    reconcile_now(synced)
    asked = hubspot.requests(account.hub_id)[before:]
    assert asked
    assert all(request["path"].endswith("/search") for request in asked)
    assert not Change.objects.exists()


def test_a_window_goes_on_where_the_slice_before_stopped(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    changes = [{"op": "create", "object_type": "companies", "properties": {"name": f"Company {n}"}} for n in range(450)]
    hubspot.change(account, *changes)
    reconcile_now(synced)
    assert Record.objects.filter(object_type="0-2", state="live").count() == 455
    assert_mirrored(hubspot, account, synced)


@pytest.mark.parametrize("broken", ["/crm/owners", "/crm/objects/2026-03/0-1/search"])
def test_what_fails_for_one_kind_holds_up_no_other(
    broken: str, synced: Portal, account: Account, hubspot: HubSpot
) -> None:
    """Nor is it forgotten: the lane says what failed, and comes back to it."""
    reconcile_now(synced)
    hubspot.fault("status", {"path": broken}, params={"status": 500})
    hubspot.change(
        account, {"op": "create", "object_type": "deals", "properties": {"dealname": "Found", "dealstage": "closedwon"}}
    )
    earlier = timezone.now() - timedelta(hours=2)
    Sync.objects.filter(portal=synced).update(reconciled_at=earlier, owners_read_at=earlier)
    first = Sync.objects.filter(portal=synced, object_type="0-1")
    first.update(reconciled_at=earlier - timedelta(hours=1))
    hurry(synced.pk, "reconcile")
    with pytest.raises(AssertionError, match="ServerFailed"):
        work_until_idle("reconcile")
    assert Record.objects.filter(title="Found").exists()
    late = set(Sync.objects.filter(portal=synced, reconciled_at__lte=earlier).values_list("object_type", flat=True))
    assert late == ({"0-1"} if "0-1" in broken else set()), "each of the others had its pass"


def test_where_all_fails_it_is_not_asked_for_everything(synced: Portal, account: Account, hubspot: HubSpot) -> None:
    reconcile_now(synced)
    hubspot.fault("status", {"path": "/crm/"}, params={"status": 500})
    Sync.objects.filter(portal=synced).update(reconciled_at=None, owners_read_at=None)
    before = len(hubspot.requests(account.hub_id))
    hurry(synced.pk, "reconcile")
    with pytest.raises(AssertionError, match="ServerFailed"):
        work_until_idle("reconcile")
    asked = {call["path"] for call in hubspot.requests(account.hub_id)[before:]}
    assert len(asked) == reconcile._Troubles.MOST + 1


def test_owners_are_known_by_name(synced: Portal) -> None:
    reconcile_now(synced)
    assert Owner.objects.filter(portal=synced).exists()
    assert all(owner.name for owner in Owner.objects.all())


@pytest.mark.parametrize(
    ("quiet_for", "pause"),
    [
        (timedelta(0), timedelta(minutes=1)),
        (timedelta(minutes=20), timedelta(minutes=5)),
        (timedelta(days=3), timedelta(minutes=15)),
    ],
)
def test_a_quiet_portal_is_asked_less_often(synced: Portal, quiet_for: timedelta, pause: timedelta) -> None:
    FeedHead.objects.update(moved_at=timezone.now() - quiet_for)
    reconcile_now(synced)
    lane = Lane.objects.get(portal=synced, kind="reconcile")
    assert lane.due_at is not None
    assert abs(lane.due_at - timezone.now() - pause) < timedelta(seconds=20)


def test_a_quiet_portal_that_gets_busy_is_asked_within_a_minute(
    synced: Portal, account: Account, hubspot: HubSpot
) -> None:
    FeedHead.objects.update(moved_at=timezone.now() - timedelta(days=3))
    reconcile_now(synced)
    (made,) = hubspot.change(account, {"op": "create", "object_type": "companies", "properties": {"name": "New"}})
    receive(synced, {"subscriptionType": "company.creation", "objectId": int(made["id"])})
    work_until_idle("events")
    lane = Lane.objects.get(portal=synced, kind="reconcile")
    assert lane.due_at is not None
    assert lane.due_at <= timezone.now() + timedelta(minutes=1)


def test_while_a_first_sync_runs_it_is_looked_for_every_minute(portal: Portal) -> None:
    reconcile_now(portal)
    lane = Lane.objects.get(portal=portal, kind="reconcile")
    assert lane.due_at is not None
    assert lane.due_at <= timezone.now() + timedelta(minutes=1)


def test_a_day_after_everything_was_read_it_is_read_again(synced: Portal) -> None:
    Sync.objects.update(reading_ended_at=timezone.now() - reconcile.SWEEP_EVERY)
    reconcile_now(synced)
    assert set(Sync.objects.values_list("reading_ended_at", flat=True)) == {None}
    assert Lane.objects.filter(kind="backfill", due_at__lte=timezone.now()).count() == 4
    work_until_idle("backfill")
    assert None not in set(Sync.objects.values_list("reading_ended_at", flat=True))


def test_until_the_first_sync_has_ended_there_is_nothing_to_reconcile(
    portal: Portal, account: Account, hubspot: HubSpot
) -> None:
    before = len(hubspot.requests(account.hub_id, "/crm"))
    reconcile_now(portal)
    asked = {request["path"] for request in hubspot.requests(account.hub_id, "/crm")[before:]}
    assert not any(path.endswith("/search") for path in asked)


def test_much_news_keeps_neither_the_sweep_nor_the_pause_away(
    synced: Portal, account: Account, hubspot: HubSpot
) -> None:
    """Slices that have time for one page of one type: those that are through do not begin again meanwhile."""
    hubspot.change(
        account,
        {"op": "create", "object_type": "contacts", "properties": {"email": "a@ex.test"}},
        {"op": "create", "object_type": "companies", "properties": {"name": "A Ltd"}},
    )
    Sync.objects.update(reconciled_at=None, reading_ended_at=timezone.now() - timedelta(days=2))
    hurry(synced.pk, "reconcile")
    slices = 0
    while Lane.objects.filter(kind="reconcile", due_at__lte=timezone.now()).exists():
        Lane.objects.exclude(kind="reconcile").update(due_at=None)
        claimed = claims.claim()
        assert claimed is not None
        turn = Slice(claimed)
        turn.ends_at = 0
        claims.release(claimed, due_at=reconcile.work(turn))
        slices += 1
        assert slices < 20
    assert not Sync.objects.exclude(reading_ended_at=None).exists(), "the sweep has begun"
    assert Record.objects.filter(title="A Ltd").exists()
