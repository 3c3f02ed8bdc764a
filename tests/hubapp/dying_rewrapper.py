"""Run rewrap_keys, and die after COUNT data keys: … dying_rewrapper COUNT."""

from __future__ import annotations

import os
import signal
import sys

import django

if __name__ == "__main__":
    django.setup()
    from django.core.management import call_command

    from installations.credentials import vault
    from installations.models import DataKey

    rewrap, left = vault.rewrap, [int(sys.argv[1])]

    def dying(data_key: DataKey) -> bool:
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return rewrap(data_key)

    vars(vault)["rewrap"] = dying
    call_command("rewrap_keys")
