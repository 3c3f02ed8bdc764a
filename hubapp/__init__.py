"""The Django project: settings, addresses, Celery, health, metrics. Wires the rooms, decides nothing."""

from __future__ import annotations

from .celery import app as celery_app  # so that @shared_task and the doorbell find this app in every process

__all__ = ["celery_app"]
