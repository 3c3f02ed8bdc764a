"""The workers' and beat's entry point: celery --app hubapp.celery worker."""

from __future__ import annotations

import logging
import logging.config
import os

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubapp.settings")
logger = logging.getLogger(__name__)
app = Celery("hubapp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def use_our_logs(**_: object) -> None:
    """Connected, this keeps Celery from setting up logs of its own, with other handlers and formats."""
    logging.config.dictConfig(settings.LOGGING)


@worker_init.connect
@beat_init.connect
def prove_keys(**_: object) -> None:
    """Refuse to start with wrong or missing encryption keys. Celery would log any other exception and go on."""
    from installations.credentials import sentinels  # this module is loaded before there are models

    try:
        sentinels.prove_at_start()
    except ImproperlyConfigured as error:
        logger.critical("Not started: %s", error)
        raise SystemExit(1) from error
    connections.close_all()  # a worker forks after this
