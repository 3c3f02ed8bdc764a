"""Call HubSpot without a pause, one thread per account, until a line comes in: … stopping_callers HUB_ID ….

Prints "calling" when each thread has had an answer, "stopped" when each was told that calls are stopped, "again" when
each had an answer after that.
"""

from __future__ import annotations

import sys
import threading

import django

django.setup()

from django.db import connection  # noqa: E402 - after the setup

from installations.calls.switches import CallsStopped  # noqa: E402
from installations.clients import client_for  # noqa: E402
from installations.errors import TryLater  # noqa: E402
from installations.models import Portal  # noqa: E402
from installations.ratelimit import WorkClass  # noqa: E402


class Caller(threading.Thread):
    """Calls for one account, and remembers what it met."""

    def __init__(self, hub_id: int, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.client = client_for(Portal.objects.get(hub_id=hub_id), WorkClass.EVENTS)
        self.over = over
        self.calling, self.stopped, self.again = (threading.Event() for _ in range(3))

    def run(self) -> None:
        while not self.over.is_set():
            try:
                self.client.request(
                    "GET", "/crm/objects/{version}/{object_type}", path_params={"object_type": "contacts"}
                )
                (self.again if self.stopped.is_set() else self.calling).set()
            except CallsStopped:
                self.stopped.set()
            except TryLater:
                pass
        connection.close()


def main() -> None:
    over = threading.Event()
    callers = [Caller(int(hub_id), over) for hub_id in sys.argv[1:]]
    for caller in callers:
        caller.start()
    for word in ("calling", "stopped", "again"):
        for caller in callers:
            if not getattr(caller, word).wait(timeout=60):
                sys.exit(f"An account's thread is not {word}.")
        sys.stdout.write(f"{word}\n")
        sys.stdout.flush()
    sys.stdin.readline()
    over.set()


main()
