"""Delete an account, and die when the rooms have erased their parts but ours is left: … dying_deleter HUB_ID."""

from __future__ import annotations

import os
import signal
import sys

import django


def die(**_: object) -> None:
    """End the process, as the kernel would."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    django.setup()
    from django.core.management import call_command

    from installations.signals import erase_portal

    erase_portal.connect(die)
    call_command("portal_delete", "--portal", sys.argv[1], "--yes")
