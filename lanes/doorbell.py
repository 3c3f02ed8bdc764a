"""Ring for the workers after a commit: "look now". Never slows or fails whoever rings.

One thread per process coalesces: at most one message per 200 ms. A message that is lost costs the workers' own
tick; the work itself is rows.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

from celery import current_app

logger = logging.getLogger(__name__)

PAUSE_S = 0.2
_ENOUGH = 20  # messages that wait: more would only pile up while no worker is there
_EXPIRES_S = 30  # nobody looked for so long: their own tick has been quicker


class Doorbell:
    """The thread that publishes. Made anew in each process, also after a fork."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._rung = threading.Event()
        self._thread = threading.Thread(target=self._publish_for_ever, name="doorbell", daemon=True)
        self._thread.start()

    def ring(self) -> None:
        self._rung.set()

    def _publish_for_ever(self) -> None:
        while True:
            self._rung.wait()
            self._rung.clear()
            self._publish()
            time.sleep(PAUSE_S)

    def _publish(self) -> None:
        try:
            with current_app.producer_pool.acquire(block=True, timeout=1) as producer:
                channel: Any = producer.channel
                queue = channel.queue_declare(current_app.conf.task_default_queue, durable=True)
                if queue.message_count < _ENOUGH:
                    current_app.send_task(
                        "lanes.work", expires=_EXPIRES_S, retry=False, ignore_result=True, producer=producer
                    )
        except Exception as error:  # noqa: BLE001 - whatever the broker's trouble is, the rows are safe
            logger.warning("The doorbell does not ring: %s. Workers find the work by themselves.", error)
            time.sleep(1)


_lock = threading.Lock()
_doorbell: Doorbell | None = None


def ring() -> None:
    """Tell the workers that there is work. Call it after the commit that made the work visible."""
    global _doorbell  # noqa: PLW0603 - one per process is the point
    if _doorbell is None or _doorbell.pid != os.getpid():
        with _lock:
            if _doorbell is None or _doorbell.pid != os.getpid():
                _doorbell = Doorbell()
    _doorbell.ring()
