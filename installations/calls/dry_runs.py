"""Try other limits before they are enforced: begin, end, and read what was counted.

The row is what counts; Redis is told of it, so that every process that calls HubSpot finds out within seconds, and told
again every minute in case it forgot. What is counted is in Redis alone until a dry run ends.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hubspot_api.ports import Bucket

from ..audit import SYSTEM, record
from ..errors import InstallationError
from ..models import DryRun, Portal
from ..ratelimit import Limits, WorkClass
from ..ratelimit.dry_runs import KEPT_MS, TRIED, AccountCount, Counted, DryRunFigures, DryRunStore, TriedLimits, Whose

logger = logging.getLogger(__name__)

FORGOTTEN_AFTER = timedelta(minutes=1)  # figures that begin so much later than their dry run are not all there were
IN_REDIS = timedelta(milliseconds=KEPT_MS)  # figures, after the end


class TooManyDryRuns(InstallationError):
    """As many are on as may be at once."""


@dataclass(frozen=True)
class Reading:
    """What is known of a dry run's figures. `figures` None: Redis is away, or did not keep them."""

    figures: DryRunFigures | None
    forgotten_until: datetime | None  # Redis forgot what was counted before; None: it did not
    is_final: bool

    @property
    def rows(self) -> Sequence[tuple[Bucket, WorkClass, Counted]]:
        counted = self.figures.counted if self.figures else {}
        return [(bucket, work_class, one) for (bucket, work_class), one in counted.items()]


def limits_of(run: DryRun) -> dict[Bucket, int]:
    """Return what is tried."""
    tried = {Bucket.BURST: run.burst, Bucket.SEARCH: run.search}
    tried |= {Bucket.ASSOCIATIONS: run.associations, Bucket.OAUTH: run.oauth}
    return {bucket: calls for bucket, calls in tried.items() if calls is not None}


def begin(
    actor: str,
    limits: Mapping[Bucket, int],
    *,
    hub_id: int | None = None,
    whose: str = DryRun.Whose.ALL,
    lasts: timedelta = timedelta(days=1),
) -> DryRun:
    """Count calls against these limits from now on. Raises TooManyDryRuns, ValueError for what cannot be tried."""
    if not limits or not set(limits) <= set(TRIED) or not timedelta() < lasts <= DryRun.LONGEST:
        raise ValueError(f"{dict(limits)} cannot be tried for {lasts}.")
    now = timezone.now()
    run = DryRun(hub_id=hub_id, whose=whose, begun_at=now, begun_by=actor, ends_at=now + lasts)
    for bucket, calls in limits.items():
        setattr(run, bucket.value, calls)
    with transaction.atomic():
        _take_place(run)
        _record(run, actor, "began a dry run of limits")
        transaction.on_commit(publish)
    return run


def _take_place(run: DryRun) -> None:
    """Two who begin at once take one place after the other: the database lets nobody have another's."""
    for place in range(1, DryRun.AT_ONCE + 1):
        run.place = place
        DryRun.objects.bulk_create([run], ignore_conflicts=True)
        if DryRun.objects.filter(pk=run.pk).exists():
            return
    raise TooManyDryRuns(f"{DryRun.AT_ONCE} dry runs are on, as many as may be at once. End one first.")


def end(run: DryRun, actor: str) -> bool:
    """Count no more, and keep the figures; False if it is over already."""
    figures = _figures_to_keep(run)
    with transaction.atomic():
        ended_at = min(timezone.now(), run.ends_at)
        ended = DryRun.objects.filter(pk=run.pk, ended_at=None).update(
            ended_at=ended_at, ended_by=actor, figures=figures
        )
        if not ended:
            return False
        _record(run, actor, "ended a dry run of limits")
        transaction.on_commit(publish)
    return True


def end_those_due() -> int:
    """End those whose time is over, and tell Redis of the others again; return how many ended."""
    due = DryRun.objects.filter(ended_at=None, ends_at__lte=timezone.now())
    ended = sum(end(run, SYSTEM) for run in due)
    _keep_late()
    publish()
    return ended


def _keep_late() -> None:
    """Keep the figures of those that ended while Redis was away: it has them for a day."""
    ended = DryRun.objects.filter(figures__isnull=True, ended_at__gt=timezone.now() - IN_REDIS)
    for run in ended:
        if figures := _figures_to_keep(run):
            DryRun.objects.filter(pk=run.pk).update(figures=figures)


def publish() -> None:
    """Tell Redis what is tried. Of two who do so at once, whoever told what is no longer so tells it anew."""
    told = None
    while told != (on := _all_on()):
        try:
            _tell(on)
        except redis.RedisError as error:
            logger.warning("Redis was not told of dry runs, and will be in a minute: %s", type(error).__name__)
            return
        told = on


def _all_on() -> list[TriedLimits]:
    return [_tried(run) for run in DryRun.objects.filter(ended_at=None, ends_at__gt=timezone.now()).order_by("place")]


def _tell(on: list[TriedLimits]) -> None:
    store, now = _store(), timezone.now()
    store.publish(on)
    store.count([store.lost(one, 0, now) for one in on])  # begins the figures


def reading_of(run: DryRun) -> Reading:
    """Return what was counted so far, or at the end."""
    if run.figures is not None:
        return _reading(run, _from_json(run.figures, _live_accounts(run)), is_final=True)
    try:
        figures = _store().figures(_name(run))
    except (redis.RedisError, ValueError):
        return Reading(None, None, is_final=False)
    return _reading(run, figures if figures.since else None, is_final=False)


def _reading(run: DryRun, figures: DryRunFigures | None, *, is_final: bool) -> Reading:
    since = figures.since if figures else None
    is_short = since is not None and since - run.begun_at > FORGOTTEN_AFTER
    return Reading(figures, since if is_short else None, is_final)


def _live_accounts(run: DryRun) -> Sequence[AccountCount]:
    """Accounts are kept by Redis alone, for a day: rows would have to be cleaned of those that leave."""
    try:
        return _store().figures(_name(run)).accounts
    except (redis.RedisError, ValueError):
        return ()


def _figures_to_keep(run: DryRun) -> dict[str, Any] | None:
    reading = reading_of(run)
    return _as_json(reading.figures) if reading.figures else None


def _as_json(figures: DryRunFigures) -> dict[str, Any]:
    counted = [
        [bucket.value, work_class.value, one.calls, one.waited, one.put_back, one.longest_ms]
        for (bucket, work_class), one in figures.counted.items()
    ]
    return {"since": figures.since.isoformat() if figures.since else None, "lost": figures.lost, "counted": counted}


def _from_json(kept: Mapping[str, Any], accounts: Sequence[AccountCount]) -> DryRunFigures:
    counted = {(Bucket(bucket), WorkClass(rank)): Counted(*found) for bucket, rank, *found in kept["counted"]}
    since = datetime.fromisoformat(kept["since"]) if kept["since"] else None
    return DryRunFigures(since, kept["lost"], counted, accounts)


def _tried(run: DryRun) -> TriedLimits:
    return TriedLimits(_name(run), run.hub_id, Whose(run.whose), limits_of(run), run.ends_at)


def _name(run: DryRun) -> str:
    return run.pk.hex


@cache
def _store() -> DryRunStore:
    return DryRunStore(settings.REDIS_URL, Limits())


def _record(run: DryRun, actor: str, action: str) -> None:
    for portal in _portals_of(run.hub_id):
        record(portal, actor, action, f"{run}: {in_words(run)}")


def in_words(run: DryRun) -> str:
    """Say what is tried: "burst 90, search 3"."""
    return ", ".join(f"{bucket.value} {calls}" for bucket, calls in limits_of(run).items())


def _portals_of(hub_id: int | None) -> Iterable[Portal | None]:
    return [None] if hub_id is None else Portal.objects.live().filter(hub_id=hub_id)
