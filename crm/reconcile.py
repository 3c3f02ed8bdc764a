"""Ask HubSpot what changed: finds what no event told, because none was sent, none came, or none is subscribed to.

Every minute for a busy portal, up to every 15 for a quiet one. HubSpot's index lags, so each pass looks again at the
minutes before the last one ("Search the CRM"). Its answers are only a hint which records to read: the index may be
older than the record. Archiving, associations and calculated properties move no last-modified: the daily sweep and
events are for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import ClassVar

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from hubspot_api import search
from hubspot_api.client import Client
from hubspot_api.errors import AnswerInvalid, BadRequest, Forbidden, HubSpotError, ServerFailed, Suspended
from installations.connecting import install
from installations.models import Portal
from installations.ratelimit import WorkClass
from lanes.kinds import LaneKind, register
from lanes.signals import bring_forward, signal
from lanes.slices import Slice

from . import availability, backfill, definitions, features, mirror, probing
from .availability import Refusal
from .models import Change, FeedHead, Record, Sync
from .object_types import BY_ID
from .reading import Reader
from .readings import Readings, State

RECONCILE = "reconcile"
MOST_OFTEN = timedelta(minutes=1)
AT_LEAST = timedelta(minutes=15)
QUIET_SHARE = 4  # a portal quiet for an hour is asked every quarter of that
LOOKS_BACK = timedelta(minutes=5)  # how long HubSpot's index may lag behind
SWEEP_EVERY = timedelta(days=1)
SWEEP_AT_MOST_EVERY = timedelta(minutes=10)  # however often somebody connects the portal again
OWNERS_EVERY = timedelta(hours=1)


def work(turn: Slice) -> datetime | None:
    """Ask once for each object type that is in sync; return when to ask again."""
    portal = Portal.objects.get(pk=turn.portal_id)
    reader, troubles = Reader(portal, WorkClass.BULK), _Troubles()
    for matter in (_describe, probing.ask_again, _look_after_owners):
        with troubles.put_off():
            matter(turn, portal, reader.client)
    _sweep_if_due(turn, portal)
    for sync in _due(portal):
        with troubles.put_off():
            if not _reconcile(turn, sync, reader):
                return timezone.now()
    troubles.report()
    return timezone.now() + _pause(portal)


class _Troubles:
    """What HubSpot cannot answer about one thing holds up no other: it is told at the end, when all had their turn.

    Where more fails than MOST, or in a way that concerns all, such as no answer or a limit that is reached, the
    slice ends: each call that fails may take its whole deadline.
    """

    MOST: ClassVar[int] = 2

    def __init__(self) -> None:
        self._met: list[HubSpotError] = []

    @contextmanager
    def put_off(self) -> Iterator[None]:
        try:
            yield
        except (ServerFailed, AnswerInvalid, Suspended, BadRequest) as error:
            self._met.append(error)
            if len(self._met) > self.MOST:
                raise

    def report(self) -> None:
        """Raise the first of what was put off, if there is any."""
        if self._met:
            raise self._met[0]


def _describe(turn: Slice, portal: Portal, client: Client) -> None:
    if not portal.is_described:
        turn.renew()
        install.describe_late(portal, client)


def _due(portal: Portal) -> QuerySet[Sync]:
    """Types in sync whose pass is under way, or ended a while ago: one with much news does not repeat the others'."""
    in_sync = Sync.objects.filter(portal=portal, state=Sync.State.IN_SYNC)
    ended = Q(reconciled_at=None) | Q(reconciled_at__lt=timezone.now() - MOST_OFTEN / 2)
    return in_sync.filter(ended | Q(window_to__isnull=False)).order_by("reconciled_at", "object_type")


def _reconcile(turn: Slice, sync: Sync, reader: Reader) -> bool:
    """Go through what was modified since the last pass, in id order. False: the slice is over before it is done."""
    if sync.window_to is None:
        _open_window(turn, sync)
        sync.refresh_from_db()
    while True:
        turn.renew()
        try:
            page = _ask(sync, reader)
        except Forbidden as error:
            with turn.fence():
                availability.close(sync.portal, {features.records(sync.object_type): Refusal.of(error)})
            return True
        if not page:
            _close_window(turn, sync)
            return True
        _take_over(turn, sync, reader, page)
        if reader.is_closed(sync.object_type):
            return True  # what the window held was found, and not read
        if not turn.has_time:
            return False


def _open_window(turn: Slice, sync: Sync) -> None:
    with turn.fence():
        Sync.objects.filter(pk=sync.pk).update(window_to=timezone.now(), window_after_id=0)


def _close_window(turn: Slice, sync: Sync) -> None:
    with turn.fence():
        Sync.objects.filter(pk=sync.pk).update(
            reconciled_to=F("window_to"), reconciled_at=timezone.now(), window_to=None, window_after_id=0
        )


def _ask(sync: Sync, reader: Reader) -> dict[int, datetime]:
    """Return the next ids that changed within the window, with HubSpot's last-modified. Keyset by id: no cap."""
    object_type = BY_ID[sync.object_type]
    assert sync.reconciled_to is not None
    assert sync.window_to is not None
    changed = search.between(object_type.modified_property, sync.reconciled_to - LOOKS_BACK, sync.window_to)
    query = search.Query().where(changed).select(object_type.modified_property)
    found, _ = search.above(reader.client, sync.object_type, query, sync.window_after_id)
    return {record.id: record.updated_at for record in found}


def _take_over(turn: Slice, sync: Sync, reader: Reader, page: dict[int, datetime]) -> None:
    rows = Record.objects.filter(portal=sync.portal, object_type=sync.object_type, record_id__in=page)
    known = dict(rows.values_list("record_id", "updated_at"))
    live = set(rows.filter(state=State.LIVE).values_list("record_id", flat=True))
    stale = [record_id for record_id, at in page.items() if (mine := known.get(record_id)) is None or mine < at]
    for reads in reader.in_steps(sync.object_type, stale):
        came = [read.record_id for read in reads if read.state == State.LIVE and read.record_id not in live]
        turn.renew()
        _write(turn, sync, reader, Readings(reads, reader.associations(sync.object_type, came)))
    sync.window_after_id = max(page)
    _write(turn, sync, reader, Readings(), window_after_id=sync.window_after_id)


def _write(turn: Slice, sync: Sync, reader: Reader, found: Readings, **progress: object) -> None:
    with turn.fence(), mirror.writing(sync.portal, found, Change.Source.RECONCILE):
        availability.close(sync.portal, reader.refused)
        if progress:
            Sync.objects.filter(pk=sync.pk).update(**progress)


def _look_after_owners(turn: Slice, portal: Portal, client: Client) -> None:
    syncs = Sync.objects.filter(portal=portal)
    if availability.is_closed(portal, features.OWNERS):
        return
    if syncs.filter(owners_read_at__gt=timezone.now() - OWNERS_EVERY).exists():
        return
    turn.renew()
    try:
        definitions.refresh_owners(portal, client)
    except Forbidden as error:
        with turn.fence():
            availability.close(portal, {features.OWNERS: Refusal.of(error)})
    else:
        syncs.update(owners_read_at=timezone.now())


def _sweep_if_due(turn: Slice, portal: Portal) -> None:
    """Have everything read again: each day, and where nobody knows what no event has told.

    That is after the portal was connected again, and after something was opened: records read before lack their
    associations with it.
    """
    now = timezone.now()
    connected = Q(reading_began_at__lt=portal.state_changed_at, reading_ended_at__lt=now - SWEEP_AT_MOST_EVERY)
    why = Q(reading_ended_at__lt=now - SWEEP_EVERY) | connected
    if (opened_at := availability.opened_at(portal)) is not None:
        why |= Q(reading_began_at__lt=opened_at)
    ended = Sync.objects.filter(portal=portal, state=Sync.State.IN_SYNC, reading_ended_at__isnull=False)
    due = ended.filter(why).order_by("object_type")  # as lanes are locked
    with turn.fence():
        for sync in due:
            backfill.start_again(sync)
            signal([portal.pk], backfill.BACKFILL, sync.object_type)


def portal_is_busy(portal: Portal) -> None:
    """Something changed there: ask again within a minute, however long the portal had been quiet."""
    bring_forward(portal.pk, RECONCILE, timezone.now() + MOST_OFTEN)


def _pause(portal: Portal) -> timedelta:
    """A quarter of how long the portal has been quiet, within limits; a minute while a first sync runs.

    A private app's portal is always asked once a minute: nothing else tells of its changes.
    """
    if portal.is_private_app:
        return MOST_OFTEN
    if Sync.objects.filter(portal=portal, state=Sync.State.FIRST_SYNC).exists():
        return MOST_OFTEN
    moved_at = FeedHead.objects.filter(portal=portal).values_list("moved_at", flat=True).first()
    if moved_at is None:
        return AT_LEAST
    return min(max((timezone.now() - moved_at) / QUIET_SHARE, MOST_OFTEN), AT_LEAST)


register(LaneKind(RECONCILE, WorkClass.BULK, work))
