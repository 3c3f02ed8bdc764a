"""What the clock asks of the mirror. Reading and writing it is done by lanes."""

from __future__ import annotations

import logging

from celery import shared_task

from . import retention

logger = logging.getLogger(__name__)


@shared_task(name="crm.purge_changes", soft_time_limit=180, time_limit=210)
def purge_changes() -> None:
    """Delete old changes from the feed. Idempotent; two runs at once share the work."""
    deleted = retention.purge_changes(for_s=30.0)
    if deleted:
        logger.info("Deleted %s changes that were old.", deleted)
