"""The workers' and beat's entry point: celery --app hubapp.celery worker."""

from __future__ import annotations

import logging.config
import os

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubapp.settings")
app = Celery("hubapp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def use_our_logs(**_: object) -> None:
    """Connected, this keeps Celery from setting up logs of its own, with other handlers and formats."""
    logging.config.dictConfig(settings.LOGGING)
