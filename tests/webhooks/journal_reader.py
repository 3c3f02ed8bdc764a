"""Read the journal once, and print how many files; or die in the middle of one: … journal_reader [die]."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

import django

if __name__ == "__main__":
    django.setup()
    from hubspot_api.journal_events import JournalEvent
    from webhooks.journal import kinds, lifecycle, reading

    def take_and_die(events: Sequence[JournalEvent]) -> None:
        """End the process, as the kernel would, when the effects are written and not yet committed."""
        lifecycle.take(events)
        os.kill(os.getpid(), signal.SIGKILL)

    if "die" in sys.argv:
        kinds._takers[lifecycle.KIND] = take_and_die
    sys.stdout.write(str(reading.read()))
