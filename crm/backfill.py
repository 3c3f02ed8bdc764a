"""Read everything of one object type: the first sync, and once a day again as a sweep for what events missed.

Pages come in id order. Each commits its records, associations and cursor together, so that a kill costs at most a page
of work. Events that arrive meanwhile win by the mirror's rule.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from hubspot_api import search
from hubspot_api.errors import Forbidden
from hubspot_api.paging import onward
from hubspot_api.records import RecordPage
from installations.models import Portal
from installations.ratelimit import WorkClass
from lanes.kinds import LaneKind, register
from lanes.slices import Slice

from . import availability, features, mirror, parallel, readings
from .availability import Refusal
from .models import Change, Record, Sync
from .reading import Reader
from .readings import Readings

BACKFILL = "backfill"
_UNSEEN_AT_ONCE = 500
_ARCHIVED_LOOKED_UP_AFTER = timedelta(days=7)  # HubSpot empties its recycle bin after 90 days, and says nothing


@dataclass(frozen=True)
class _Page:
    """A page under way: where it begins, when its read began, and the answer that is to come."""

    after: str
    read_at: datetime
    answer: Future[RecordPage]


@dataclass(frozen=True)
class _Backfill:
    """One slice's reading of one object type."""

    turn: Slice
    portal: Portal
    sync: Sync
    reader: Reader

    @property
    def source(self) -> Change.Source:
        is_first = self.sync.state == Sync.State.FIRST_SYNC
        return Change.Source.FIRST_SYNC if is_first else Change.Source.SWEEP

    def ask(self, after: str) -> _Page:
        return _Page(after, timezone.now(), parallel.begin(lambda: self.reader.page(self.sync.object_type, after)))

    def write(self, found: Readings, **progress: object) -> None:
        """Write what was read and how far that is, together."""
        with self.turn.fence(), mirror.writing(self.portal, found, self.source):
            availability.close(self.portal, self.reader.refused)
            Sync.objects.filter(pk=self.sync.pk).exclude(state=Sync.State.UNAVAILABLE).update(**progress)


def work(turn: Slice) -> datetime | None:
    """Read pages until the slice is over; return now, or None when there is nothing left to read."""
    sync = Sync.objects.select_related("portal").get(portal=turn.portal_id, object_type=turn.part)
    if sync.reading_ended_at is not None or sync.state == Sync.State.UNAVAILABLE:
        return None
    run = _Backfill(turn, sync.portal, sync, Reader(sync.portal, WorkClass.BULK))
    try:
        run.reader.prepare(sync.object_type)
        if sync.records_total is None:
            run.write(Readings(), records_total=search.total(run.reader.client, sync.object_type, search.Query()))
        return None if _read_pages(run) else timezone.now()
    except Forbidden as error:
        with turn.fence():
            availability.close(sync.portal, {features.records(sync.object_type): Refusal.of(error)})
        return None


def start_again(sync: Sync) -> None:
    """Begin to read everything anew. The caller signals the lane."""
    Sync.objects.filter(pk=sync.pk).update(
        after="", records_read=0, records_total=None, reading_began_at=timezone.now(), reading_ended_at=None
    )


def _read_pages(run: _Backfill) -> bool:
    """Read pages while there is time, asking for the next one while this one is written. True: all is read."""
    page = run.ask(run.sync.after)
    while True:
        run.turn.renew()
        answer = page.answer.result()
        if answer.after is not None:
            onward(page.after or None, answer.after)
        following = run.ask(answer.after) if answer.after and run.turn.has_time else None
        _write_page(run, answer, page)
        if answer.after is None:
            return _finish(run)
        if following is None:
            return False
        page = following


def _write_page(run: _Backfill, answer: RecordPage, page: _Page) -> None:
    """Write a page and go on after it; after the last one not before `_finish` is over."""
    object_type = run.sync.object_type
    found = Readings([readings.found(object_type, record, page.read_at) for record in answer.results])
    found.associations = run.reader.associations(object_type, [record.id for record in answer.results])
    run.write(found, after=answer.after or page.after, records_read=F("records_read") + len(answer.results))


def _finish(run: _Backfill) -> bool:
    """Look up what the mirror holds and the reading did not meet; then the type is in sync. False: no time for all.

    Archived records are looked up once a week.
    """
    for ids in _unseen(run):
        for reads in run.reader.in_steps(run.sync.object_type, ids):
            run.turn.renew()
            run.write(Readings(reads))
            if not run.turn.has_time:
                return False
    now = timezone.now()
    run.write(
        Readings(),
        live_records=_live(run).count(),
        state=Sync.State.IN_SYNC,
        problem="",
        after="",
        reading_ended_at=now,
        reconciled_to=Coalesce(F("reconciled_to"), F("reading_began_at")),
    )
    return True


def _unseen(run: _Backfill) -> list[list[int]]:
    began = run.sync.reading_began_at
    live = Q(state=Record.State.LIVE, read_at__lt=began)
    archived = Q(state=Record.State.ARCHIVED, read_at__lt=began - _ARCHIVED_LOOKED_UP_AFTER)
    unseen = Record.objects.filter(live | archived, portal=run.portal, object_type=run.sync.object_type)
    ids = list(unseen.order_by("record_id").values_list("record_id", flat=True))
    return [ids[start : start + _UNSEEN_AT_ONCE] for start in range(0, len(ids), _UNSEEN_AT_ONCE)]


def _live(run: _Backfill) -> QuerySet[Record]:
    return Record.objects.filter(portal=run.portal, object_type=run.sync.object_type, state=Record.State.LIVE)


register(LaneKind(BACKFILL, WorkClass.BULK, work))
