"""The journal's reader, against the emulator: what it notices, where it goes on, what does not stop it."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from hubspot_api import journal_subscriptions
from installations.clients import journal_client
from installations.models import AuditEntry, Portal
from lanes import ticks
from lanes.models import Lane
from tests import processes
from tests.crm.mirrored import install, work_until_idle
from tests.hubspot import Account, HubSpot, trust_limiter, wait_for
from webhooks.journal import reading
from webhooks.journal.lease import LeaseLost, claim
from webhooks.journal.reading import TRIES
from webhooks.models import Event, JournalReader

pytestmark = pytest.mark.django_db(transaction=True)

JOURNAL = "/webhooks-journal/journal/2026-03"
FILES = "/webhooks-journal-files"
SUBSCRIPTIONS = "/webhooks-journal/subscriptions/2026-03"


@pytest.fixture(autouse=True)
def _trusted(hubspot: HubSpot) -> None:
    trust_limiter()


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    return hubspot.add_account()


@pytest.fixture
def portal(hubspot: HubSpot, account: Account) -> Portal:
    """A portal of which the journal tells: the reader has subscribed before it was installed, and read that."""
    read()
    found = install(hubspot, account)
    publish(hubspot)
    read()
    work_until_idle("uninstall")
    return found


def read() -> int:
    """Read as if it were time to."""
    JournalReader.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    return reading.read() or (reading.read() if row().caught_up_at is None and not row().failures else 0)


def row() -> JournalReader:
    return JournalReader.objects.get()


def publish(hubspot: HubSpot) -> None:
    """Let the journal's open file be published."""
    hubspot.advance(2)


def uninstall(hubspot: HubSpot, account: Account, **how: Any) -> None:
    hubspot.uninstall(account, **how)
    publish(hubspot)


def rewrite(hubspot: HubSpot, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the files of the app's journal behind HubSpot's back."""
    saved = hubspot.call("GET", "/_emulator/snapshot")
    for each in saved["journals"]["journals"].values():
        change(each)
    hubspot.call("PUT", "/_emulator/snapshot", saved)


def subscriptions(hubspot: HubSpot) -> set[int]:
    saved = hubspot.call("GET", "/_emulator/snapshot")["journals"]["subscriptions"]
    return {each["id"] for each in saved}


def struck(hubspot: HubSpot) -> int:
    return sum(fault["struck"] for fault in hubspot.call("GET", "/_emulator/faults")["items"])


def state(portal: Portal) -> str:
    portal.refresh_from_db()
    return portal.state


# What it notices


def test_an_uninstall_is_noticed(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    uninstall(hubspot, account)
    assert read() == 1
    work_until_idle("uninstall")
    assert state(portal) == Portal.State.DISCONNECTED
    assert portal.state_reason == "The app was uninstalled in HubSpot."
    assert row().failures == 0


def test_both_subscriptions_are_made_once_a_day_and_made_again_without_harm(hubspot: HubSpot) -> None:
    read()
    kept = subscriptions(hubspot)
    assert len(kept) == 2
    JournalReader.objects.update(subscribed_at=timezone.now() - timedelta(hours=25))
    read()
    assert subscriptions(hubspot) == kept
    asked = len(hubspot.requests(path=SUBSCRIPTIONS))
    read()
    assert len(hubspot.requests(path=SUBSCRIPTIONS)) == asked


def test_an_uninstall_is_taken_from_the_file_only_once(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    uninstall(hubspot, account)
    read()
    assert read() == 0
    assert row().caught_up_at is not None


def test_of_several_events_of_an_account_the_latest_counts(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    """Uninstalled and installed again before anybody looked: the installation that is there stays."""
    hubspot.uninstall(account)
    again = hubspot.tokens(account)
    publish(hubspot)
    assert again["access_token"]
    read()
    portal.refresh_from_db()
    assert portal.uninstall_told_at is None
    assert not Lane.objects.filter(kind="uninstall").exists()


def test_what_happened_to_unknown_accounts_concerns_nobody(hubspot: HubSpot, portal: Portal) -> None:
    stranger = hubspot.add_account()
    hubspot.tokens(stranger)
    uninstall(hubspot, stranger)
    assert read() == 1
    assert state(portal) == Portal.State.ACTIVE
    assert not Lane.objects.filter(kind="uninstall").exists()


# Where it goes on


def test_files_are_read_in_order_to_the_end(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    others = [hubspot.add_account() for _ in range(3)]
    for other in others:
        hubspot.tokens(other)
        publish(hubspot)
    uninstall(hubspot, account)
    before = row()
    assert read() == 4
    after = row()
    assert (after.files, after.events) == (before.files + 4, before.events + 4)
    assert after.offset != before.offset
    assert read() == 0


def test_a_place_older_than_three_days_is_no_gap_if_we_were_at_the_end(
    hubspot: HubSpot, account: Account, portal: Portal
) -> None:
    """A quiet app: its last file went, and nothing was missed."""
    hubspot.advance(4 * 86_400)
    assert read() == 0
    assert (row().offset, row().gaps, row().failures) == ("", 0, 0)
    uninstall(hubspot, account)
    assert read() == 1
    assert (row().gaps, bool(row().offset)) == (0, True)


def test_a_place_that_went_while_nobody_read_is_a_gap_and_is_said(
    hubspot: HubSpot, account: Account, portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    hubspot.tokens(hubspot.add_account())
    hubspot.advance(4 * 86_400)
    uninstall(hubspot, account)
    JournalReader.objects.update(caught_up_at=timezone.now() - timedelta(days=4))
    assert read() == 1
    assert row().gaps == 1
    assert row().gap_at is not None
    assert "is lost" in caplog.text
    work_until_idle("uninstall")
    assert state(portal) == Portal.State.DISCONNECTED, "reading goes on with what is there"
    assert read() == 0
    assert row().gaps == 1, "one gap is counted once"


def test_a_404_at_the_journals_end_is_the_end(hubspot: HubSpot, portal: Portal) -> None:
    """Some report it instead of 204; then everything must not be read again each time."""
    hubspot.fault("status", {"path": f"{JOURNAL}/offset/*"}, params={"status": 404})
    offset = row().offset
    assert offset
    assert read() == 0
    assert (row().offset, row().gaps, row().failures) == (offset, 0, 0)


# What does not stop it


def test_events_of_other_kinds_are_counted_and_passed_over(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    journal_subscriptions.to_objects(journal_client(), account.hub_id, "0-1")
    hubspot.change(account, {"op": "create", "object_type": "contact", "properties": {"email": "a@x.example"}})
    uninstall(hubspot, account)
    read()
    work_until_idle("uninstall")
    assert state(portal) == Portal.State.DISCONNECTED
    assert (row().odd, row().gaps) == (0, 0)
    assert not Event.objects.exists()


def test_what_is_no_event_is_kept_and_the_rest_of_its_file_counts(
    hubspot: HubSpot, account: Account, portal: Portal
) -> None:
    uninstall(hubspot, account)

    def spoil(saved: dict[str, Any]) -> None:
        (hub_id, text) = saved["files"][-1]["events"][0]
        wrong = json.dumps(json.loads(text) | {"occurredAt": "yesterday"})
        saved["files"][-1]["events"] = [[hub_id, "null"], [hub_id, wrong], [hub_id, '"\\u0000"'], [hub_id, text]]

    rewrite(hubspot, spoil)
    read()
    assert row().odd == 3
    kept = Event.objects.filter(event_type="journal", portal=None, hub_id=None)
    assert {json.loads(each.payload) is None for each in kept} == {True, False}
    assert kept.count() == 3
    work_until_idle("uninstall")
    assert state(portal) == Portal.State.DISCONNECTED


@pytest.mark.parametrize(
    ("action", "params"), [("html", {"status": 200}), ("html", {"status": 404}), ("status", {"status": 403})]
)
def test_a_file_that_stays_unreadable_is_passed_over(
    hubspot: HubSpot, account: Account, portal: Portal, action: str, params: dict[str, Any]
) -> None:
    hubspot.tokens(hubspot.add_account())
    publish(hubspot)
    before = row().offset
    hubspot.fault(action, {"path": FILES}, params=params)
    for attempt in range(1, TRIES):
        read()
        assert (row().file_failures, row().offset, row().failures) == (attempt, before, attempt)
    read()
    assert row().offset != before
    assert (row().file_failures, row().gaps, row().failures) == (0, 1, 0)
    hubspot.call("DELETE", "/_emulator/faults")
    uninstall(hubspot, account)
    read()
    work_until_idle("uninstall")
    assert state(portal) == Portal.State.DISCONNECTED


def test_storage_that_does_not_answer_loses_nothing(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    uninstall(hubspot, account)
    hubspot.fault("status", {"path": FILES}, params={"status": 503})
    for _ in range(TRIES + 1):
        JournalReader.objects.update(next_at=timezone.now())
        assert reading.read() == 0
    assert (row().gaps, row().file_failures, row().failures) == (0, 0, TRIES + 1)
    assert row().next_at > timezone.now(), "each failure waits longer"
    hubspot.call("DELETE", "/_emulator/faults")
    assert read() == 1
    assert (row().failures, row().latest_error) == (0, "")


# Without access


@pytest.mark.parametrize(
    ("path", "status"),
    [("/oauth/2026-03/token", 400), (SUBSCRIPTIONS, 403), (SUBSCRIPTIONS, 404), (f"{JOURNAL}/earliest", 401)],
)
def test_without_access_it_rests_and_says_so_once(
    hubspot: HubSpot, caplog: pytest.LogCaptureFixture, path: str, status: int
) -> None:
    hubspot.fault("status", {"path": path}, params={"status": status, "body": {"message": "no"}})
    journal_client.cache_clear()
    for _ in range(3):
        read()
    refused = row()
    assert refused.refused_at is not None
    assert refused.next_at > timezone.now() + timedelta(minutes=50)
    assert (refused.token, refused.lease_until) == (None, None)
    assert caplog.text.count("does not let the app read") == 1
    hubspot.call("DELETE", "/_emulator/faults")
    read()
    assert (row().refused_at, row().latest_error) == (None, "")
    assert row().caught_up_at is not None


def test_the_command_asks_again_at_once_when_access_was_given(hubspot: HubSpot) -> None:
    hubspot.fault("status", {"path": SUBSCRIPTIONS}, params={"status": 403})
    read()
    with pytest.raises(CommandError, match="noticed minutes later"):
        call_command("hubspot_subscriptions", "--journal")
    hubspot.call("DELETE", "/_emulator/faults")
    out = StringIO()
    call_command("hubspot_subscriptions", "--journal", stdout=out)
    assert "tells of installs and uninstalls" in out.getvalue()
    assert len(subscriptions(hubspot)) == 2
    reading.read()
    assert row().refused_at is None
    assert row().caught_up_at is not None


def test_the_command_says_when_the_journal_is_switched_off(hubspot: HubSpot, settings: Settings) -> None:
    settings.HUBSPOT_JOURNAL = False
    with pytest.raises(CommandError, match="not read"):
        call_command("hubspot_subscriptions", "--journal")


def test_switched_off_it_asks_nothing(hubspot: HubSpot, settings: Settings) -> None:
    settings.HUBSPOT_JOURNAL = False
    assert reading.read() == 0
    assert not JournalReader.objects.exists()
    assert hubspot.requests(path="/webhooks-journal") == []


# One at a time


def test_it_waits_until_it_is_time(hubspot: HubSpot) -> None:
    read()
    assert claim() is None
    asked = len(hubspot.requests(path=JOURNAL))
    assert reading.read() == 0
    assert len(hubspot.requests(path=JOURNAL)) == asked


def test_two_that_look_at_once_read_once(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    uninstall(hubspot, account)
    JournalReader.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    asked = len(hubspot.requests(path=FILES))
    start = threading.Barrier(8)

    def look(_: int) -> int:
        start.wait()
        try:
            return reading.read()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(look, range(8))) == 1
    assert len(hubspot.requests(path=FILES)) == asked + 1


def test_a_reader_past_its_lease_writes_nothing(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    """It comes back with a file that another has dealt with meanwhile."""
    uninstall(hubspot, account)
    JournalReader.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    hubspot.fault("latency", {"path": FILES}, params={"ms": 2000}, count=1)

    def late() -> int:
        try:
            return reading.read()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(late)
        wait_for(lambda: struck(hubspot), what="the slow reader to ask for the file")
        JournalReader.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        before = row()
        assert reading.read() == 1
        after = row()
        assert slow.result(timeout=30) == 0
    assert row().offset == after.offset != before.offset
    assert row().files == before.files + 1
    assert Lane.objects.get(kind="uninstall").signal == 1, "looked into once"


def test_a_reader_that_is_killed_half_way_loses_and_repeats_nothing(
    hubspot: HubSpot, account: Account, portal: Portal
) -> None:
    """The process dies after it noted the uninstall, before that and its place were committed."""
    uninstall(hubspot, account)
    before = row().offset
    JournalReader.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    died = processes.run("tests.webhooks.journal_reader", "die")
    assert died.returncode == -signal.SIGKILL, died.stderr
    portal.refresh_from_db()
    assert (row().offset, portal.uninstall_told_at) == (before, None)
    assert not Lane.objects.filter(kind="uninstall").exists()
    assert read() == 0, "its lease lasts"
    JournalReader.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert read() == 1
    work_until_idle("uninstall")
    assert state(portal) == Portal.State.DISCONNECTED
    assert AuditEntry.objects.filter(action="noticed the uninstall").count() == 1


def test_of_several_workers_one_reads(hubspot: HubSpot, account: Account, portal: Portal) -> None:
    uninstall(hubspot, account)
    JournalReader.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    asked = len(hubspot.requests(path=FILES))
    workers = [processes.start("tests.webhooks.journal_reader") for _ in range(3)]
    said = [worker.communicate(timeout=180) for worker in workers]
    assert sorted(out.strip() for out, _ in said) == ["0", "0", "1"], said
    assert len(hubspot.requests(path=FILES)) == asked + 1


def test_a_lost_lease_is_told_from_one_that_lasts(hubspot: HubSpot) -> None:
    read()
    JournalReader.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    first = claim()
    assert first is not None
    assert claim() is None
    JournalReader.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    second = claim()
    assert second is not None
    with pytest.raises(LeaseLost):
        first.note(offset="late")
    assert not first.give_back(wait=timedelta())
    second.note(offset="mine")
    assert second.give_back(wait=timedelta())
    assert row().offset == "mine"


def test_a_tick_reads_it(hubspot: HubSpot) -> None:
    ticks.run()
    ticks.run()
    assert row().caught_up_at is not None
