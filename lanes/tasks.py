"""What Celery is for here: a message that says "look now", a clock that says it again, and the sweep."""

from __future__ import annotations

import logging
import random
import threading
import time
from typing import Any

from billiard.process import current_process
from celery import shared_task
from celery.signals import worker_init, worker_process_init, worker_process_shutdown
from django.db.models import F
from django.utils import timezone

from . import doorbell, queue_age, signals, ticks, worker
from .kinds import LaneKind, all_kinds
from .models import Sweep

logger = logging.getLogger(__name__)

TICK_S = 2.0
_PATIENCE_S = 8.0  # with the slice under way when a worker is stopped
_processes = 1  # of this worker


@shared_task(name="lanes.work", soft_time_limit=60, time_limit=90)
def work() -> None:
    """Run due lanes for up to 20 s. Idempotent: it carries no data and claims what is due."""
    if worker.work(with_bulk=_may_take_bulk()):
        doorbell.ring()  # whatever became due while we stopped looking


@shared_task(name="lanes.sweep", soft_time_limit=60, time_limit=90)
def sweep() -> None:
    """Re-arm lanes that have work and no due time; count them. Idempotent. The expected count is 0."""
    found = sum(_rearm(kind) for kind in all_kinds())
    Sweep.objects.get_or_create(defaults={"swept_at": timezone.now()})
    Sweep.objects.update(swept_at=timezone.now(), found=F("found") + found)
    doorbell.ring()


@shared_task(name="lanes.sample_queue_age", soft_time_limit=30, time_limit=45)
def sample_queue_age() -> None:
    """Note how long portals have waited. Idempotent: a minute is sampled once."""
    queue_age.sample()


@shared_task(name="lanes.purge_queue_age", soft_time_limit=60, time_limit=90)
def purge_queue_age() -> None:
    """Delete old samples. Idempotent."""
    queue_age.purge()


def _rearm(kind: LaneKind) -> int:
    forgotten = signals.rearm_forgotten(kind.find_forgotten()) if kind.find_forgotten else 0
    if forgotten:
        logger.error("%s lanes of kind %s had work and no due time: a wake-up was lost.", forgotten, kind.name)
    return forgotten


@worker_process_init.connect
def start_ticking(**_: object) -> None:
    """Look for work every two seconds by ourselves, so that it goes on without Redis, beat or doorbell."""
    threading.Thread(target=_tick_for_ever, name="tick", daemon=True).start()


@worker_process_shutdown.connect
def stop_ticking(**_: object) -> None:
    """Let the tick's slice end before the process does: else its lane would wait until the lease is over."""
    if not worker.stop(_PATIENCE_S):
        logger.warning("A slice outlasts this process; its lane is taken over when the lease ends.")


def _tick_for_ever() -> None:
    while True:
        time.sleep(TICK_S * random.uniform(0.75, 1.25))  # noqa: S311 - so that processes do not look all at once
        ticks.run()
        try:
            worker.work(with_bulk=_may_take_bulk())
        except Exception:
            logger.exception("A tick failed; the next one follows.")


@worker_init.connect
def _learn_size(sender: Any, **_: object) -> None:
    global _processes  # noqa: PLW0603 - set once, before the worker's processes are forked
    _processes = sender.concurrency


def _may_take_bulk() -> bool:
    """The first process of each worker keeps itself free for urgent work, events and routing, if it has company."""
    return _processes < 2 or getattr(current_process(), "index", None) != 0
