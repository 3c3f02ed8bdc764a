"""A worker whose process dies when it meets one event: python -m tests.journeys.dying_worker PROPERTY_VALUE."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

import django

django.setup()

from crm.handler import Found, MirrorHandler  # noqa: E402 - after the setup
from installations.models import Portal  # noqa: E402
from lanes import worker  # noqa: E402
from webhooks import handlers  # noqa: E402
from webhooks.handlers import ReceivedChange  # noqa: E402


class DyingHandler(MirrorHandler):
    """The mirror's handler, on a machine that cannot bear one value."""

    def read(self, portal: Portal, events: Sequence[ReceivedChange]) -> Found:
        if any(event.payload.get("propertyValue") == sys.argv[1] for event in events):
            os._exit(137)
        return super().read(portal, events)


handlers._handlers[:] = [DyingHandler()]
while True:
    worker.work()
    time.sleep(0.1)
