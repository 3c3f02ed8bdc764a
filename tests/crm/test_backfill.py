from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm import availability, backfill, features
from crm.availability import Refusal
from crm.models import Association, Change, Record, Sync
from installations.models import Portal
from lanes import claims
from lanes.models import Lane
from lanes.signals import signal
from lanes.slices import Slice
from tests.crm.mirrored import install, receive, work_until_idle
from tests.hubspot import Account, HubSpot
from tests.truth import assert_mirrored


def test_the_first_sync_mirrors_everything(portal: Portal, account: Account, hubspot: HubSpot) -> None:
    work_until_idle("backfill")
    counts = {sync.object_type: sync.live_records for sync in Sync.objects.filter(portal=portal)}
    assert counts == {"0-1": 12, "0-2": 5, "0-3": 4, "0-5": 3}
    assert {sync.percent for sync in Sync.objects.all()} == {100}
    assert Record.objects.count() == Change.objects.filter(kind="created", source="first_sync").count() == 24
    assert Association.objects.exists()
    assert_mirrored(hubspot, account, portal)


def test_a_sync_in_the_middle_goes_on_after_its_page(hubspot: HubSpot, transactional_db: None) -> None:
    account = hubspot.add_account(contacts=250)
    portal = install(hubspot, account)
    Lane.objects.filter(portal=portal).exclude(kind="backfill", part="0-1").delete()
    claimed = claims.claim()
    assert claimed is not None
    _run_one_page(claimed)
    sync = Sync.objects.get(portal=portal, object_type="0-1")
    assert (sync.records_read, sync.records_total, sync.percent) == (100, 250, 40)
    assert Record.objects.count() == 100
    work_until_idle("backfill")
    sync.refresh_from_db()
    assert (sync.records_read, sync.percent, sync.state) == (250, 100, "in_sync")
    assert_mirrored(hubspot, account, portal)


def _run_one_page(claimed: claims.Claim) -> None:
    """Run a slice that has no time left when its first page is written."""
    turn = Slice(claimed)
    turn.ends_at = 0
    claims.release(claimed, due_at=backfill.work(turn))


def test_a_page_that_leads_to_itself_is_an_error_and_no_endless_reading(portal: Portal, hubspot: HubSpot) -> None:
    body = {"results": [], "paging": {"next": {"after": "5"}}}
    match = {"path": "/crm/objects/2026-03/0-1", "method": "GET"}
    hubspot.fault("status", match, params={"status": 200, "body": body})
    Lane.objects.filter(portal=portal).exclude(kind="backfill", part="0-1").delete()
    with pytest.raises(AssertionError, match="should lead on"):
        work_until_idle("backfill")
    pages = [call for call in hubspot.requests(portal.hub_id) if call["path"].endswith("/0-1")]
    assert 2 <= len(pages) <= 3
    assert Sync.objects.get(portal=portal, object_type="0-1").state == Sync.State.FIRST_SYNC


def test_a_missing_scope_stops_the_type_and_says_which(
    hubspot: HubSpot, account: Account, transactional_db: None
) -> None:
    portal = install(hubspot, account, ["oauth", "crm.objects.contacts.read", "crm.objects.companies.read"])
    work_until_idle("backfill")
    states = dict(Sync.objects.filter(portal=portal).values_list("object_type", "state"))
    assert states == {"0-1": "in_sync", "0-2": "in_sync", "0-3": "unavailable", "0-5": "unavailable"}
    assert "tickets" in Sync.objects.get(portal=portal, object_type="0-5").problem
    asked = [request for request in hubspot.requests(account.hub_id) if request["status"] == 403]
    assert asked == []


def test_a_sweep_finds_what_no_event_told(portal: Portal, account: Account, hubspot: HubSpot) -> None:
    work_until_idle("backfill")
    gone = Record.objects.filter(portal=portal, object_type="0-1").first()
    assert gone is not None
    hubspot.change(account, {"op": "archive", "object_type": "contacts", "id": str(gone.record_id)})
    hubspot.change(account, {"op": "create", "object_type": "companies", "properties": {"name": "Missed Ltd"}})
    Sync.objects.update(reading_ended_at=timezone.now() - timedelta(days=2))
    for sync in Sync.objects.all():
        backfill.start_again(sync)
    signal([portal.pk], "backfill")
    work_until_idle("backfill")
    gone.refresh_from_db()
    assert gone.state == "archived"
    assert Sync.objects.get(portal=portal, object_type="0-1").live_records == 11
    assert set(Change.objects.filter(source="sweep").values_list("kind", flat=True)) >= {"archived", "created"}
    assert_mirrored(hubspot, account, portal)


def test_a_sweep_that_misses_many_goes_on_slice_by_slice(hubspot: HubSpot, transactional_db: None) -> None:
    """Each has to be looked up alone; what is known already is neither read nor looked up again."""
    account = hubspot.add_account(contacts=150)
    portal = install(hubspot, account)
    work_until_idle("backfill")
    ids = Record.objects.filter(object_type="0-1").order_by("record_id").values_list("record_id", flat=True)[:45]
    gone = [{"op": "privacy_delete", "object_type": "contacts", "id": str(record_id)} for record_id in ids]
    hubspot.change(account, *gone)
    sync = Sync.objects.get(portal=portal, object_type="0-1")
    Lane.objects.filter(portal=portal).exclude(kind="backfill", part="0-1").delete()
    backfill.start_again(sync)
    asked = len(hubspot.requests(account.hub_id))
    signal([portal.pk], "backfill", "0-1")
    slices = 0
    while Sync.objects.filter(pk=sync.pk, reading_ended_at=None).exists():
        before = Record.objects.filter(state="gone").count()
        claimed = claims.claim()
        assert claimed is not None
        _run_one_page(claimed)
        slices += 1
        assert slices < 3 or Record.objects.filter(state="gone").count() > before or before == 45
    assert Record.objects.filter(state="gone").count() == 45
    assert Sync.objects.get(pk=sync.pk).live_records == 105
    asked_now = hubspot.requests(account.hub_id)[asked:]
    lists = [one for one in asked_now if one["path"] == "/crm/objects/2026-03/contacts" or one["path"].endswith("/0-1")]
    assert 1 < len(lists) <= slices + 1, "a page a slice"
    alone = [one for one in asked_now if one["path"].rpartition("/")[2].isdecimal()]
    assert len(alone) == 45
    assert_mirrored(hubspot, account, portal)


def test_a_sweep_looks_up_what_was_archived_long_ago(portal: Portal, account: Account, hubspot: HubSpot) -> None:
    """HubSpot's recycle bin is emptied without an event; nothing of the record may stay here."""
    work_until_idle("backfill")
    bin_ids = list(
        Record.objects.filter(object_type="0-1").order_by("record_id").values_list("record_id", flat=True)[:2]
    )
    hubspot.change(account, *({"op": "archive", "object_type": "contacts", "id": str(one)} for one in bin_ids))
    receive(portal, *({"subscriptionType": "contact.deletion", "objectId": one} for one in bin_ids))
    work_until_idle("events")
    hubspot.change(account, {"op": "privacy_delete", "object_type": "contacts", "id": str(bin_ids[0])})
    old = timezone.now() - timedelta(days=8)
    contacts = Record.objects.filter(object_type="0-1")
    contacts.filter(record_id__in=bin_ids).update(read_at=old)
    for sync in Sync.objects.all():
        backfill.start_again(sync)
    signal([portal.pk], "backfill")
    work_until_idle("backfill")
    purged, archived = (contacts.get(record_id=one) for one in bin_ids)
    assert (purged.state, purged.properties, purged.title) == ("gone", {}, "")
    assert archived.state == "archived"
    assert archived.read_at > old, "not again before another week"
    assert_mirrored(hubspot, account, portal)


def test_a_reconnect_while_a_first_sync_ends_does_not_begin_it_again(portal: Portal) -> None:
    """Granted types are left alone: what ends at this moment is not taken back."""
    availability.close(portal, {features.records("0-2"): Refusal(["crm.objects.companies.read"])})
    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        Sync.objects.filter(portal=portal, object_type="0-1").update(state="in_sync", reading_ended_at=timezone.now())

        def connect_again() -> None:
            try:
                availability.open_by_scopes(portal)
            finally:
                connection.close()

        thread.submit(connect_again).result(timeout=60)
    states = dict(Sync.objects.filter(portal=portal).values_list("object_type", "state"))
    assert states == {"0-1": "in_sync", "0-2": "first_sync", "0-3": "first_sync", "0-5": "first_sync"}
