"""Host names looked up by a deadline: a resolver that is slow cannot be interrupted, only left behind."""

from __future__ import annotations

import ipaddress
import socket
import threading
from concurrent.futures import Future


class Lookups:
    """Looks names up in threads of their own, one per name at a time: those who ask meanwhile share it.

    A lookup that was left behind goes on until the resolver gives up, which it does by its own settings. Nothing is
    remembered: that is for the resolver.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[tuple[str, int], Future[list[str]]] = {}

    def addresses(self, host: str, port: int, seconds: float | None) -> list[str]:
        """Return all addresses of `host`, waiting so long at most (None: as long as it takes).

        Raises TimeoutError, OSError when there is no such name.
        """
        if _is_address(host):
            return [host]
        return self._lookup(host, port).result(seconds)

    def _lookup(self, host: str, port: int) -> Future[list[str]]:
        with self._lock:
            found = self._under_way.get((host, port))
            if found is None:
                found = self._under_way[host, port] = Future()
                threading.Thread(target=self._look, args=(host, port, found), name="lookup", daemon=True).start()
            return found

    def _look(self, host: str, port: int, asked: Future[list[str]]) -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
        except BaseException as error:  # noqa: BLE001 - those who wait are to hear of it, whatever it is
            self._forget(host, port)
            asked.set_exception(error)
        else:
            self._forget(host, port)
            asked.set_result(addresses)

    def _forget(self, host: str, port: int) -> None:
        with self._lock:
            del self._under_way[host, port]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
