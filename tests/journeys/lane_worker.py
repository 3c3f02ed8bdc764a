"""A worker without Celery, which tests may stop and continue: python -m tests.journeys.lane_worker."""

from __future__ import annotations

import time

import django

django.setup()

from lanes import worker  # noqa: E402 - after the setup

while True:
    worker.work()
    time.sleep(0.1)
