"""Renew a portal's token, and die between HubSpot's answer and the save: … dying_renewer HUB_ID."""

from __future__ import annotations

import os
import signal
import sys

import django
import httpx2

from hubspot_api import client
from hubspot_api.transport import PooledTransport


class DyingTransport(PooledTransport):
    """Ends its process, as the kernel would, as soon as HubSpot has answered a renewal."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = super().handle_request(request)
        if request.url.path.endswith("/token"):
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


if __name__ == "__main__":
    vars(client)["PooledTransport"] = DyingTransport  # what shared_transport() makes
    django.setup()
    from installations.clients import client_for
    from installations.models import Portal
    from installations.ratelimit import WorkClass

    client_for(Portal.objects.get(hub_id=sys.argv[1]), WorkClass.EVENTS).tokens.current()
