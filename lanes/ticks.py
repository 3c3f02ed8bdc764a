"""What a worker's process does by itself every two seconds, besides looking for due lanes.

For work that belongs to no portal, and must go on without Redis, beat and doorbell. Rooms to the left register theirs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import close_old_connections

logger = logging.getLogger(__name__)

_calls: list[Callable[[], object]] = []


def register(call: Callable[[], object]) -> None:
    """Have `call` called at every tick of every process. It looks by itself whether there is anything to do."""
    _calls.append(call)


def run() -> None:
    """Call them all. One that fails keeps none of the others waiting."""
    for call in _calls:
        close_old_connections()
        try:
            call()
        except Exception:
            logger.exception("What is done at every tick failed; the next tick follows.")
    close_old_connections()
