"""What the processes of `benchmarks.tokens` do: python -m benchmarks.tokens_callers WORK ARGUMENT …; prints JSON."""

from __future__ import annotations

import json
import logging
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import django

django.setup()
logging.disable(logging.CRITICAL)  # what happens is measured here, and said as figures

import httpx2  # noqa: E402 - after the setup
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from hubspot_api.oauth import TokenGrant  # noqa: E402
from hubspot_api.secret import Secret  # noqa: E402
from installations.calls import switches  # noqa: E402
from installations.calls.switches import CallsStopped  # noqa: E402
from installations.clients import client_for  # noqa: E402
from installations.credentials import tokens, vault  # noqa: E402
from installations.errors import TryLater  # noqa: E402
from installations.models import Credential, DataKey, Portal  # noqa: E402
from installations.ratelimit import WorkClass, limiter  # noqa: E402
from installations.ratelimit.shared import RedisAway  # noqa: E402

READ = "/crm/objects/{version}/{object_type}"
PATIENCE_S = 300.0  # for what takes seconds


def install(first: int, count: int) -> object:
    """Install the app in accounts of the emulator, with tokens that are over."""
    _declare_idle()
    with httpx2.Client(base_url=settings.HUBSPOT_API_URL, trust_env=False, timeout=60) as http:
        for hub_id in range(first, first + count):
            http.post("/_emulator/portals", json={"hub_id": hub_id}).raise_for_status()
            wanted = {"client_id": settings.HUBSPOT_CLIENT_ID, "scopes": settings.HUBSPOT_SCOPES}
            answer = http.post(f"/_emulator/portals/{hub_id}/tokens", json=wanted).raise_for_status()
            _connect(hub_id, answer.json())
    return count


def _declare_idle() -> None:
    """Spare the wait of a new Redis; on a machine that is busy it may be slow to answer."""
    for _ in range(50):
        try:
            return limiter().declare_idle()
        except RedisAway:
            time.sleep(0.2)
    raise RuntimeError("Redis does not answer.")


@transaction.atomic
def _connect(hub_id: int, answer: dict[str, str]) -> None:
    portal = Portal.objects.create(hub_id=hub_id, name=f"Account {hub_id}")
    vault.make_data_key(portal)
    scopes = tuple(settings.HUBSPOT_SCOPES)
    access, refresh = Secret(answer["access_token"]), Secret(answer["refresh_token"])
    tokens.store(portal, TokenGrant(access, refresh, 1800, hub_id, None, scopes, "bearer"), user_id=None)
    _expire(Credential.objects.get(portal=portal))


def _expire(credential: Credential) -> None:
    now = timezone.now()
    credential.obtained_at, credential.expires_at = now - timedelta(minutes=31), now - timedelta(minutes=1)
    credential.save(update_fields=["obtained_at", "expires_at"])


def herd(hub_id: int, threads: int, begin_at: float) -> object:
    """Have all threads want the token of one portal at the same moment; return how long each waited."""
    portal = Portal.objects.get(hub_id=hub_id)
    barrier = threading.Barrier(threads)

    def call() -> float:
        client = client_for(portal, WorkClass.EVENTS)
        barrier.wait(timeout=60)
        time.sleep(max(0.0, begin_at - time.time()))
        return _waited(lambda: _until_there(client.tokens.current))

    with ThreadPoolExecutor(threads) as pool:
        return [one.result() for one in [pool.submit(call) for _ in range(threads)]]


def spread(first: int, count: int, threads: int, begin_at: float, seconds: float) -> object:
    """Want the token of every portal, at a moment of its own within `seconds`; return how long each wait was."""
    portals = {portal.hub_id: portal for portal in Portal.objects.filter(hub_id__range=(first, first + count - 1))}
    moments = random.Random(first)  # the same in each process: so that they want the same tokens at once
    due = sorted((begin_at + moments.uniform(0, seconds), hub_id) for hub_id in portals)

    def call(at: float, hub_id: int) -> float:
        time.sleep(max(0.0, at - time.time()))
        client = client_for(portals[hub_id], WorkClass.EVENTS)
        return _waited(lambda: _until_there(client.tokens.current))

    with ThreadPoolExecutor(threads) as pool:
        return [one.result() for one in [pool.submit(call, at, hub_id) for at, hub_id in due]]


def _until_there(get: Callable[[], object]) -> None:
    """Ask again when told to. Raises TryLater when that has been so for PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            get()
        except TryLater as later:
            left = deadline - time.monotonic()
            if left < 0:
                raise
            time.sleep(max(0.0, min(left, (later.retry_at - timezone.now()).total_seconds())))
        else:
            return


def _waited(get: Callable[[], object]) -> float:
    began = time.monotonic()
    try:
        get()
        return time.monotonic() - began
    finally:
        connection.close()


def load(first: int, count: int) -> object:
    """Call for each of these portals without a pause until all are told that calls are stopped, or it takes long."""
    portals = Portal.objects.filter(hub_id__range=(first, first + count - 1))
    deadline = time.monotonic() + PATIENCE_S

    def call(portal: Portal) -> None:
        client = client_for(portal, WorkClass.EVENTS)
        try:
            while time.monotonic() < deadline:
                try:
                    client.request("GET", READ, path_params={"object_type": "contacts"})  # noqa: HS002 - only its coming is counted
                except CallsStopped:
                    return
                except TryLater:
                    time.sleep(0.01)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        for one in [pool.submit(call, portal) for portal in portals]:
            one.result()
    return count


def stop() -> object:
    """Throw the switch; return when."""
    thrown_at = time.time()
    switches.stop("benchmark", "to measure it")
    return thrown_at


def resume() -> object:
    return switches.resume("benchmark")


def rewrap(count: int) -> object:
    """Wrap so many data keys anew with the command, from a key to another; return how long it took, in seconds."""
    portals = Portal.objects.bulk_create([Portal(hub_id=90_000_000 + number) for number in range(count)])
    for portal in portals:
        vault.make_data_key(portal)
    settings.ENCRYPTION_KEYS = f"{vault.make_key('benchmark')},{settings.ENCRYPTION_KEYS}"
    began = time.monotonic()
    with open(os.devnull, "w") as nowhere:
        call_command("rewrap_keys", stdout=nowhere)
    took = time.monotonic() - began
    assert not DataKey.objects.exclude(wrapped_by="benchmark").exists()
    return took


_WORK: dict[str, Callable[..., object]] = {
    one.__name__: one for one in (install, herd, spread, load, stop, resume, rewrap)
}

if __name__ == "__main__":
    given = [float(word) if "." in word else int(word) for word in sys.argv[2:]]
    json.dump(_WORK[sys.argv[1]](*given), sys.stdout)
