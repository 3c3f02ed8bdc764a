"""An emulator for `benchmarks.client` that refuses nobody: prints its address and a token, and ends with its input."""

from __future__ import annotations

import itertools
import json
import sys

import httpx2

from demo.ports import free_ports
from emulator import Emulator, Options
from emulator.limits import Limits
from emulator.server import Listener

HUB = 4_000_001


def main() -> None:
    port = free_ports()
    origin = f"http://127.0.0.1:{port}"
    ticks = itertools.count(step=100)  # every call comes long after the one before
    emulator = Emulator(Options({"na1": origin}), limits=Limits(now=lambda: float(next(ticks))))
    listener = Listener(emulator.wsgi("na1"), "127.0.0.1", port)
    listener.start()
    with httpx2.Client(base_url=f"{origin}/_emulator") as control:
        app = {"client_id": "client", "client_secret": "secret", "app_id": 1, "redirect_uris": ["http://localhost/x"]}
        control.post("/apps", json=app | {"conditional_scopes": ["crm.objects.contacts.read"]}).raise_for_status()
        control.post("/portals", json={"hub_id": HUB, "seed": {"contacts": 100}}).raise_for_status()
        token = control.post(f"/portals/{HUB}/tokens", json={"client_id": "client"}).raise_for_status().json()
    print(json.dumps({"origin": origin, "token": token["access_token"]}), flush=True)
    sys.stdin.read()
    listener.stop()


if __name__ == "__main__":
    main()
