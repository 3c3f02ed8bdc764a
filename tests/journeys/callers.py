"""Ask for a token from many threads at once: python -m tests.journeys.callers HUB_ID THREADS BEGIN_AT."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import django

django.setup()

from django.db import connection  # noqa: E402 - after the setup

from installations.clients import client_for  # noqa: E402
from installations.models import Portal  # noqa: E402
from installations.ratelimit import WorkClass  # noqa: E402


def main() -> None:
    """Print the digest of the token each thread ended up with, and how long the longest waited."""
    hub_id, threads, begin_at = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    portal = Portal.objects.get(hub_id=hub_id)
    connection.close()
    barrier = threading.Barrier(threads)

    def call() -> tuple[str, float]:
        try:
            client = client_for(portal, WorkClass.EVENTS)
            barrier.wait(timeout=60)
            time.sleep(max(0.0, begin_at - time.time()))
            began = time.monotonic()
            token = client.tokens.current().value.reveal()
            return hashlib.sha256(token.encode()).hexdigest(), time.monotonic() - began
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        results = [future.result() for future in [pool.submit(call) for _ in range(threads)]]
    found = {"tokens": sorted({token for token, _ in results}), "longest": max(waited for _, waited in results)}
    sys.stdout.write(json.dumps(found))


main()
