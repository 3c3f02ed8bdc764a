"""Look at the latest hour of every portal, and keep one anomaly per portal and kind until it is over.

Nobody is alarmed twice about the same: an anomaly that goes on is found again and stays the row it is, dismissed or
not. It is over when it was not found for half an hour. One that was dismissed alarms anew if it becomes twice as bad.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Greatest
from django.utils import timezone

from ..audit import record
from ..bites import delete_in_bites
from ..models import Anomaly, Portal, Stop
from . import hours, others
from .rules import History, Unusual, judge

logger = logging.getLogger(__name__)

CALM = timedelta(minutes=30)
KEPT = timedelta(days=90)
WORSE = 2
_AT_ONCE = 100  # portals whose week is read together

Kind = Anomaly.Kind


def sample() -> int:
    """Judge every connected portal's latest hour; return how many anomalies began. Two at once find the same, once."""
    end = timezone.now().replace(second=0, microsecond=0)
    others.keep()
    begun = sum(_note(portal, kind, found) for kind in Kind for portal, found in _unusual(kind, end))
    Anomaly.objects.open().filter(found_at__lt=timezone.now() - CALM).update(ended_at=timezone.now())
    return begun


def dismiss(anomaly: Anomaly, actor: str) -> bool:
    """Say that somebody has looked and it is all right; False if that was said before, or it is over."""
    with transaction.atomic():
        alarming = Anomaly.objects.alarming().filter(pk=anomaly.pk)
        if not alarming.update(dismissed_at=timezone.now(), dismissed_by=actor):
            return False
        record(anomaly.portal, actor, "found an anomaly to be all right", str(anomaly))
    return True


def purge() -> int:
    """Delete anomalies that are long over; return how many."""
    return delete_in_bites(Anomaly.objects.filter(ended_at__lt=timezone.now() - KEPT))


def _unusual(kind: Kind, end: datetime) -> Iterator[tuple[Portal, Unusual]]:
    busy = hours.busy(kind, end)
    for first in range(0, len(busy), _AT_ONCE):
        portal_ids = busy[first : first + _AT_ONCE]
        portals = Portal.objects.live().in_bulk(portal_ids)
        settled_at = _settled_at(portals.values())
        for portal_id, found in hours.of(kind, portals, end).items():
            portal = portals[portal_id]
            age = max(end - settled_at[portal_id], timedelta())  # connected within this minute
            verdict = judge(kind, History(found.figures, age, portal.is_private_app, found.rows))
            if verdict := verdict or _goes_on(portal, kind, found.figures[0]):
                yield portal, verdict


def _goes_on(portal: Portal, kind: Kind, figure: int) -> Unusual | None:
    """What alarms is measured by what was usual when it began: it must not become usual by lasting."""
    alarm = Anomaly.objects.alarming().filter(portal=portal, kind=kind, limit__lt=figure).first()
    return Unusual(figure, alarm.usual, alarm.limit) if alarm else None


def _settled_at(portals: Iterable[Portal]) -> dict[int, datetime]:
    """Return since when each portal's calls may be compared: nothing was read for the first time, or caught up with."""
    stopped = Stop.objects.exclude(ended_at=None)
    by_account = dict(stopped.values_list("hub_id").annotate(Max("ended_at")))
    return {
        portal.pk: max(
            *(portal.connected_at, portal.consented_at, portal.state_changed_at),
            *(at for hub_id, at in by_account.items() if hub_id in {None, portal.hub_id}),
        )
        for portal in portals
    }


def _note(portal: Portal, kind: Kind, found: Unusual) -> bool:
    """Keep what was found; True if it is news. Whoever loses a race leaves it to the other."""
    now, same = timezone.now(), Anomaly.objects.open().filter(portal=portal, kind=kind)
    same.filter(dismissed_at__isnull=False, figure__lte=found.figure // WORSE).update(ended_at=now)
    if same.update(found_at=now):
        same.filter(dismissed_at=None).update(figure=Greatest("figure", found.figure))
        return False
    row = Anomaly(portal=portal, kind=kind, figure=found.figure, usual=found.usual, limit=found.limit)
    Anomaly.objects.bulk_create([row], ignore_conflicts=True)
    if not Anomaly.objects.filter(pk=row.pk).exists():
        return False
    logger.warning("%s: %s", portal, row)
    return True
