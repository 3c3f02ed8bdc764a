"""Revoke all portals, and die when HubSpot has confirmed the second: … dying_revoker WORDS."""

from __future__ import annotations

import os
import signal
import sys

import django
import httpx2

from hubspot_api import client
from hubspot_api.transport import PooledTransport


class DyingTransport(PooledTransport):
    """Ends its process, as the kernel would, between HubSpot's answer to a revocation and our mark."""

    revoked = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = super().handle_request(request)
        if request.url.path.endswith("/revoke"):
            DyingTransport.revoked += 1
            if DyingTransport.revoked == 2:
                os.kill(os.getpid(), signal.SIGKILL)
        return answer


if __name__ == "__main__":
    vars(client)["PooledTransport"] = DyingTransport  # what shared_transport() makes
    django.setup()
    from django.core.management import call_command

    from installations.management.commands import revoke_all_portals

    revoke_all_portals._AT_ONCE = 1
    call_command("revoke_all_portals", "--confirm", sys.argv[1])
