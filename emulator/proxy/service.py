"""The proxy with what it needs: an authority, and a listener with TLS for each region."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from emulator.proxy.authority import authority_in
from emulator.proxy.hosts import hublet_of_hosts
from emulator.proxy.switchboard import Switchboard
from emulator.server import Listener
from emulator.world import Emulator


def default_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hubspot-emulator"


class HttpsProxy:
    """HubSpot's hosts, for programs that are told of this proxy and of the bundle."""

    def __init__(self, emulator: Emulator, host: str, port: int, folder: Path) -> None:
        """Raises UnusableAuthority."""
        self._authority = authority_in(folder)
        self.bundle = self._authority.bundle.absolute()
        self._hosts = hublet_of_hosts(emulator.options.origins)
        ports = {hublet: _free_port() for hublet in emulator.options.origins}
        self._listeners = [Listener(emulator.wsgi(hublet), "127.0.0.1", ports[hublet]) for hublet in ports]
        self._switchboard = Switchboard(host, port, {name: ports[hublet] for name, hublet in self._hosts.items()})

    @property
    def port(self) -> int:
        """Known once it has started, if any port was to do."""
        return self._switchboard.port

    def start(self) -> None:
        """Raises PortInUse."""
        with self._authority.server_pem(self._hosts) as pem:
            for each in self._listeners:
                each.start(pem)
        self._switchboard.start()

    def stop(self) -> None:
        self._switchboard.stop()
        for each in self._listeners:
            each.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
