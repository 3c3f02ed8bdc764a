"""How the mirror keeps one record: is it up to date, how did it get here, what waits. No property of the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import QuerySet

from crm.models import Change, Record, Sync
from crm.object_types import BY_ID, ObjectType
from installations.models import Portal
from lanes.models import Lane
from webhooks.models import EVENTS, Event, Failure

COUNTED = 1000  # of the portal's waiting events the first, and of its failures the latest so many are looked through

About = tuple[int | None, str]  # the record and the kind of an event


class Standing(StrEnum):
    """What to say of the record, the most serious first."""

    STOPPED = "stopped"  # the account is not connected: nothing is read
    UNAVAILABLE = "unavailable"  # records of its type are not mirrored, or HubSpot does not let us read them
    NOT_READ = "not_read"  # we have never seen it
    ARCHIVED = "archived"
    MERGED = "merged"
    GONE = "gone"
    FAILED = "failed"  # a change of it could not be read; it is tried again, or staff look at it
    WAITING = "waiting"  # changes were announced and not read yet
    IN_SYNC = "in_sync"


_TOMBSTONES = {
    Record.State.ARCHIVED: Standing.ARCHIVED,
    Record.State.MERGED: Standing.MERGED,
    Record.State.GONE: Standing.GONE,
}


@dataclass(frozen=True)
class RecordState:
    """One record of one portal, as the mirror has it."""

    portal: Portal
    object_type: ObjectType | None  # None: of a type that is not mirrored
    record: Record | None  # None: never read
    sync: Sync | None
    source: Change.Source | None  # of its latest version; None: there is none, or it is older than the feed
    waiting: int  # events about it that are acknowledged and not worked through
    failed: int  # events about it that failed lately, and wait for another attempt or for staff
    queue: int  # events of the whole portal that wait, at most COUNTED

    @property
    def queue_is_longer(self) -> bool:
        return self.queue == COUNTED

    @property
    def standing(self) -> Standing:
        if self.portal.state != Portal.State.ACTIVE:
            return Standing.STOPPED
        if self.object_type is None or (self.sync is not None and self.sync.state == Sync.State.UNAVAILABLE):
            return Standing.UNAVAILABLE
        if self.record is None:
            return Standing.NOT_READ
        if self.record.state != Record.State.LIVE:
            return _TOMBSTONES[Record.State(self.record.state)]
        if self.failed:
            return Standing.FAILED
        return Standing.WAITING if self.waiting else Standing.IN_SYNC

    @property
    def text(self) -> str:
        """Say it to people, in one sentence."""
        if self.standing == Standing.WAITING and self.waiting > 1:
            return f"{self.waiting} changes of it are being read."
        return _SENTENCES[self.standing]


_SENTENCES = {
    Standing.STOPPED: "Nothing is read from HubSpot: the account has to be connected again.",
    Standing.UNAVAILABLE: "Records of this type are not mirrored.",
    Standing.NOT_READ: "Not mirrored yet. It is read with the next check, within minutes.",
    Standing.ARCHIVED: "Archived in HubSpot. What we show is what we read last.",
    Standing.MERGED: "Merged into another record in HubSpot.",
    Standing.GONE: "No longer in HubSpot.",
    Standing.FAILED: "A change of it could not be read. It is tried again.",
    Standing.WAITING: "A change of it is being read.",
    Standing.IN_SYNC: "In sync with HubSpot.",
}


def state_of(portal: Portal, object_type_id: str, record_id: int) -> RecordState:
    """Look at one record, whether the mirror has it or not."""
    object_type = BY_ID.get(object_type_id)
    about = {"portal": portal, "object_type": object_type_id}
    record = Record.objects.filter(**about, record_id=record_id).first()
    waiting, queue = _waiting(portal, object_type, record_id)
    return RecordState(
        portal=portal,
        object_type=object_type,
        record=record,
        sync=Sync.objects.filter(**about).first(),
        source=_source(record) if record else None,
        waiting=waiting,
        failed=_count(latest_failures(portal), object_type, record_id),
        queue=queue,
    )


def _source(record: Record) -> Change.Source | None:
    versions = Change.objects.filter(
        portal=record.portal_id, object_type=record.object_type, record_id=record.record_id
    )
    source = versions.order_by("-version").values_list("source", flat=True).first()
    return Change.Source(source) if source else None


def _waiting(portal: Portal, object_type: ObjectType | None, record_id: int) -> tuple[int, int]:
    """Count events that wait: about the record, and in all. The lane passes them in order; behind it they are done."""
    position = Lane.objects.filter(portal=portal, kind=EVENTS).values_list("position", flat=True).first() or 0
    events = Event.objects.filter(portal=portal, id__gt=position).order_by("id")
    rows = list(events.values_list("object_id", "event_type")[:COUNTED])
    return _count(rows, object_type, record_id), len(rows)


def latest_failures(portal: Portal) -> QuerySet[Failure, About]:
    """Return what the portal's latest failures are about."""
    failures = Failure.objects.filter(portal=portal).order_by("-event_id")
    return failures.values_list("event__object_id", "event__event_type")[:COUNTED]


def _count(rows: Iterable[About], object_type: ObjectType | None, record_id: int) -> int:
    name = object_type.name if object_type else None
    return sum(1 for one, kind in rows if one == record_id and kind.partition(".")[0] == name)
