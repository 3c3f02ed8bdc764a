"""What the clock asks of embedded views."""

from __future__ import annotations

from celery import shared_task

from . import visits


@shared_task(name="embedded.purge_visits", soft_time_limit=60, time_limit=90)
def purge_visits() -> None:
    """Delete visits that are over. Idempotent."""
    visits.purge()
