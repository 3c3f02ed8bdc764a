"""The emulator behind HubSpot's own host names: a process with its proxy and its own authority."""

from __future__ import annotations

import json
import os
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.emulator.hub import APP_ID, CLIENT_ID, CRM_SCOPES, HUB, REDIRECT, SECRET
from tests.emulator.process import Process, free_ports

API = "https://api.hubapi.com"


class Proxied(Process):
    """An emulator with its proxy, and a token of the demo's account."""

    def __init__(self, folder: Path) -> None:
        super().__init__(free_ports(), "--seed", "demo", "--https-proxy", "0", "--ca-dir", str(folder))
        announced = json.loads(self.announced)["https_proxy"]
        self.proxy: str = announced["address"]
        self.bundle = Path(announced["ca"])
        app = {"client_id": CLIENT_ID, "client_secret": SECRET, "app_id": APP_ID, "redirect_uris": [REDIRECT]}
        self.control("POST", "apps", app | {"conditional_scopes": CRM_SCOPES})
        self.token: str = self.control("POST", f"portals/{HUB}/tokens", {"client_id": CLIENT_ID})["access_token"]

    def client(self, **more: Any) -> httpx2.Client:
        trust = ssl.create_default_context(cafile=self.bundle)
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx2.Client(
            proxy=self.proxy, verify=trust, trust_env=False, base_url=API, headers=headers, timeout=30, **more
        )

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HTTPS_PROXY": self.proxy,
            "REQUESTS_CA_BUNDLE": str(self.bundle),
            "SSL_CERT_FILE": str(self.bundle),
            "TOKEN": self.token,
        }

    def speak(self, request: bytes) -> bytes:
        """All that the proxy answers to this."""
        address = urlsplit(self.proxy)
        with socket.create_connection((address.hostname, address.port or 0), timeout=20) as connection:
            connection.sendall(request)
            with connection.makefile("rb") as answer:
                return answer.read()
