"""The mirror's part in the inbox: read what events made dirty, write it in the slice's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from django.utils import timezone

from installations.models import Portal
from installations.ratelimit import WorkClass
from webhooks.handlers import ReceivedChange

from . import availability, mirror, privacy, readings, reconcile
from .availability import Refused
from .events import Dirty, Ids, collapse
from .models import Change, Record
from .reading import Reader
from .readings import AssociationsRead, Readings, State


@dataclass
class Found:
    """What `read` hands to `apply`."""

    readings: Readings
    refused: Refused
    about: Ids  # which records the events were about


class MirrorHandler:
    """Works through the inbox on behalf of the mirror."""

    def read(self, portal: Portal, events: Sequence[ReceivedChange]) -> Found:
        """Read all that the events are about. Raises EventInvalid, ManyMissing, and what client_for's calls raise."""
        dirty = collapse(events)
        reader = Reader(portal, WorkClass.EVENTS)
        found = Readings()
        wanted = _records_to_read(portal, dirty)
        with reader.ahead(wanted, sides=len(dirty.sides)):
            for object_type, ids in wanted.items():
                if len(events) > 1:  # else there is nothing to halve
                    found.records += reader.records(object_type, ids)
                else:
                    found.records += chain.from_iterable(reader.in_steps(object_type, sorted(ids)))
            for (from_type, to_type), ids in dirty.sides.items():
                found.associations += reader.associations(from_type, ids, [to_type])
        for object_type, ids in _returned(portal, dirty, found).items():
            found.associations += _both_sides(reader, object_type, ids)
        now = timezone.now()
        found.records += [
            readings.forgotten(kind, record_id, now) for kind in dirty.private for record_id in dirty.private[kind]
        ]
        return Found(found, reader.refused, dirty.records)

    def apply(self, portal: Portal, data: Found) -> None:
        """Write it, and forget what privacy law says must be forgotten."""
        with mirror.writing(portal, data.readings, Change.Source.EVENT) as news:
            availability.close(portal, data.refused)
            for object_type, ids in data.about.items():
                privacy.forget_events(portal, object_type, ids)
            if news:
                reconcile.portal_is_busy(portal)


def _records_to_read(portal: Portal, dirty: Dirty) -> Ids:
    """Dirty records, and those whose side is dirty and which the mirror does not know yet: sides hang on records.

    Not those that are to be forgotten: whatever HubSpot still shows of them does not count.
    """
    wanted: Ids = defaultdict(set, {object_type: set(ids) for object_type, ids in dirty.records.items()})
    for (from_type, _), ids in dirty.sides.items():
        known = Record.objects.filter(portal=portal, object_type=from_type, record_id__in=ids)
        wanted[from_type] |= ids - set(known.values_list("record_id", flat=True))
    return {object_type: ids - dirty.private.get(object_type, set()) for object_type, ids in wanted.items()}


def _returned(portal: Portal, dirty: Dirty, found: Readings) -> Ids:
    """Records whose associations come back with them: said by an event, or dead in the mirror and live in HubSpot."""
    returned: Ids = defaultdict(set, {object_type: set(ids) for object_type, ids in dirty.returned.items()})
    live: Ids = defaultdict(set)
    for read in found.records:
        if read.state == State.LIVE:
            live[read.object_type].add(read.record_id)
    for object_type, ids in live.items():
        dead = Record.objects.filter(portal=portal, object_type=object_type, record_id__in=ids)
        returned[object_type] |= set(dead.exclude(state=State.LIVE).values_list("record_id", flat=True))
        returned[object_type] &= ids
    return returned


def _both_sides(reader: Reader, object_type: str, ids: set[int]) -> list[AssociationsRead]:
    """Read all associations of records, and then those of the other ends back to them."""
    if not ids:
        return []
    here = reader.associations(object_type, ids)
    there: Ids = defaultdict(set)
    for read in here:
        there[read.to_type] |= {to_id for to_id, *_ in read.found}
    back = (reader.associations(other, other_ids, [object_type]) for other, other_ids in there.items())
    return here + [read for reads in back for read in reads]
