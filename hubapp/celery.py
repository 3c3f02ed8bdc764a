"""The workers' and beat's entry point: celery --app hubapp.celery worker."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubapp.settings")
app = Celery("hubapp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
