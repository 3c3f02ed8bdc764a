"""The journal is read by one at a time, when it is time."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from installations.models import AuditEntry, Portal
from lanes import ticks
from lanes.models import Lane
from tests import processes
from tests.crm.mirrored import work_until_idle
from tests.hubspot import Account, HubSpot, wait_for
from tests.webhooks.journal.telling import FILES, JOURNAL, read, row, state, struck, uninstall
from webhooks.journal import reading
from webhooks.journal.lease import LeaseLost, claim
from webhooks.models import JournalReader

pytestmark = pytest.mark.django_db(transaction=True)


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
