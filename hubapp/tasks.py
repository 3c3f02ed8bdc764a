"""What the clock asks of the project itself."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore


@shared_task(name="hubapp.clear_sessions", soft_time_limit=60, time_limit=90)
def clear_sessions() -> None:
    """Delete browser sessions that have run out. Idempotent: what is gone is not found again."""
    SessionStore.clear_expired()
