"""What the clock asks of the inbox. The inbox itself is worked through by lanes."""

from __future__ import annotations

import logging

from celery import shared_task

from . import quarantine, retention
from .journal import reading

logger = logging.getLogger(__name__)

_PURGE_FOR_S = 30.0  # the next run goes on where this one stops


@shared_task(name="webhooks.adopt_strays", soft_time_limit=60, time_limit=90)
def adopt_strays() -> None:
    """Give portals the events that arrived in the moment of their install. Idempotent: an adopted event is no stray."""
    quarantine.adopt_strays()


@shared_task(name="webhooks.read_journal", soft_time_limit=60, time_limit=90)
def read_journal() -> None:
    """Read what is new in HubSpot's journal. Idempotent: it carries no data, and one process reads at a time."""
    reading.read()


@shared_task(name="webhooks.purge_quarantine", soft_time_limit=300, time_limit=330)
def purge_quarantine() -> None:
    """Delete events that no portal claimed in time. Idempotent: what is gone is not found again."""
    _say(quarantine.purge(), "unclaimed events")


@shared_task(name="webhooks.purge_events", soft_time_limit=180, time_limit=210)
def purge_events() -> None:
    """Delete old events that are done with, and old dead letters. Idempotent; two runs at once share the work."""
    _say(retention.purge_done(_PURGE_FOR_S), "events that were done with")
    _say(retention.purge_dead(_PURGE_FOR_S), "dead letters")


def _say(deleted: int, what: str) -> None:
    if deleted:
        logger.info("Deleted %s %s that were old.", deleted, what)
