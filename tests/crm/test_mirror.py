"""Writing into the mirror: two lanes at once, the losing side included, and the order in which rows are locked."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm import mirror
from crm.models import Change, Record, Sync
from crm.readings import AssociationsRead, Readings, RecordRead, State
from installations.models import Portal
from tests.crm.mirrored import work_until_idle
from tests.hubspot import wait_for

Source = Change.Source


@pytest.fixture
def synced(portal: Portal) -> Portal:
    work_until_idle("backfill")
    return portal


def a_read(record_id: int, read_at: datetime, *, name: str = "Ada", updated_at: datetime | None = None) -> RecordRead:
    updated_at = updated_at or read_at - timedelta(seconds=10)
    properties = {"firstname": name}
    return RecordRead("0-1", record_id, State.LIVE, read_at, properties, "", updated_at, updated_at)


def write(portal: Portal, *reads: RecordRead, **progress: object) -> list[str]:
    """Write as a lane's step does; return the kinds of what was new."""
    try:
        with transaction.atomic(), mirror.writing(portal, Readings(list(reads)), Source.RECONCILE) as news:
            Sync.objects.filter(portal=portal, object_type="0-1").update(**progress or {"records_read": 1})
            return [entry.kind for entry in news]
    finally:
        connection.close()


@contextmanager
def another_lane() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as thread:
        yield thread


def until_it_waits(future: Future[list[str]]) -> None:
    """Return when the other lane waits for a lock of ours."""

    def waits() -> bool:
        assert not future.done(), future.result()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool(cursor.fetchone()[0])

    wait_for(waits, what="the other lane to wait for us")


def test_a_record_that_two_lanes_find_at_once_is_created_once(synced: Portal) -> None:
    live = Sync.objects.get(portal=synced, object_type="0-1").live_records
    now = timezone.now()
    updated_at = now - timedelta(minutes=1)
    with another_lane() as thread:
        with transaction.atomic():
            first = Readings([a_read(990, now, updated_at=updated_at)])
            with mirror.writing(synced, first, Source.EVENT) as news:
                assert [entry.kind for entry in news] == ["created"]
            second = thread.submit(write, synced, a_read(990, now + timedelta(seconds=1), updated_at=updated_at))
            until_it_waits(second)
        assert second.result(timeout=60) == []
    assert list(Change.objects.filter(record_id=990).values_list("kind", "version")) == [("created", 1)]
    assert Record.objects.get(record_id=990).read_at == now + timedelta(seconds=1), "seen again, as it is"
    assert Sync.objects.get(portal=synced, object_type="0-1").live_records == live + 1


def test_what_the_losing_lane_knows_newer_is_an_update(synced: Portal) -> None:
    live = Sync.objects.get(portal=synced, object_type="0-1").live_records
    now = timezone.now()
    with another_lane() as thread:
        with transaction.atomic():
            with mirror.writing(synced, Readings([a_read(990, now)]), Source.EVENT):
                pass
            second = thread.submit(write, synced, a_read(990, now + timedelta(seconds=1), name="Ada L."))
            until_it_waits(second)
        assert second.result(timeout=60) == ["updated"]
    changes = Change.objects.filter(record_id=990).order_by("version")
    assert [(one.kind, one.version, one.properties) for one in changes] == [
        ("created", 1, ["firstname"]),
        ("updated", 2, ["firstname"]),
    ]
    assert Sync.objects.get(portal=synced, object_type="0-1").live_records == live + 1


def test_lanes_that_note_their_progress_wait_for_each_other_in_one_direction(synced: Portal) -> None:
    """One has a new record, the other only new associations: the first counts in the row where the other notes."""
    contact, company = (
        Record.objects.filter(portal=synced, object_type=kind).earliest("record_id") for kind in ("0-1", "0-2")
    )
    now = timezone.now()
    sides = frozenset([(company.record_id, "USER_DEFINED", 77, "Friend")])
    associated = Readings([], [AssociationsRead("0-1", contact.record_id, "0-2", now, sides)])

    def write_associations() -> list[str]:
        try:
            with transaction.atomic(), mirror.writing(synced, associated, Source.SWEEP) as news:
                Sync.objects.filter(portal=synced, object_type="0-1").update(records_read=1)
                return [entry.kind for entry in news]
        finally:
            connection.close()

    with another_lane() as thread:
        with transaction.atomic(), mirror.writing(synced, Readings([a_read(990, now)]), Source.EVENT):
            second = thread.submit(write_associations)
            until_it_waits(second)
        assert second.result(timeout=60) == ["associated"]
    positions = list(Change.objects.filter(portal=synced).order_by("position").values_list("position", flat=True))
    assert positions == list(range(1, len(positions) + 1))


def test_a_record_seen_again_keeps_the_time_of_its_own_read(synced: Portal) -> None:
    """Not that of another one in the same step: a read that began in between would be taken for a later one."""
    now = timezone.now()
    first, second = a_read(990, now), a_read(991, now)
    write(synced, first, second)
    later = now + timedelta(seconds=1)
    again = [a_read(990, now + timedelta(seconds=9), updated_at=first.updated_at)]
    assert write(synced, *again, a_read(991, later, updated_at=second.updated_at)) == []
    assert dict(Record.objects.filter(record_id__in=[990, 991]).values_list("record_id", "read_at")) == {
        990: now + timedelta(seconds=9),
        991: later,
    }


def test_what_hubspot_calls_newer_wins_over_our_clock(synced: Portal) -> None:
    """The machine that read it may be behind the one that read before."""
    now = timezone.now()
    write(synced, a_read(990, now, updated_at=now - timedelta(seconds=9)))
    behind = now - timedelta(minutes=10)
    assert write(synced, a_read(990, behind, name="Ada L.", updated_at=now)) == ["updated"]
    assert write(synced, a_read(990, now + timedelta(hours=1), updated_at=now - timedelta(seconds=9))) == []
    assert write(synced, a_read(990, behind - timedelta(seconds=1), name="Adele", updated_at=now)) == []
    assert Record.objects.get(record_id=990).properties == {"firstname": "Ada L."}
