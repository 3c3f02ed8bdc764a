"""What the clock asks of the project itself."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from installations.bites import delete_in_bites

from .staff import visits


@shared_task(name="hubapp.clear_sessions", soft_time_limit=60, time_limit=90)
def clear_sessions() -> None:
    """Delete browser sessions and visits of staff that are over. Idempotent: what is gone is not found again."""
    delete_in_bites(Session.objects.filter(expire_date__lt=timezone.now()))
    visits.purge()
