"""A portal's own people take everything that is held about it with them, as a file that is never built in memory.

It may last minutes, and a thread of the web server with it: so one at a time of each portal, and few in each process.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from threading import Lock

from django.core.cache import cache

from ..audit import record
from ..errors import InstallationError
from ..models import AuditEntry, Portal
from . import exporting

AT_ONCE = 2  # per process, whose other threads go on with pages and webhooks
_LEASE_S = 120  # of a download that nobody ended: its process died, or its answer was dropped
_RENEWED_AFTER_S = 20
_LINES = 500  # sent together


class _Places:
    """Who downloads in this process. A place whose download was forgotten without an end comes back by itself."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._heard_at: dict[str, float] = {}  # of each download's latest piece

    def take(self, holder: str) -> bool:
        now = time.monotonic()
        with self._lock:
            self._heard_at = {other: at for other, at in self._heard_at.items() if now - at < _LEASE_S}
            if len(self._heard_at) >= AT_ONCE:
                return False
            self._heard_at[holder] = now
            return True

    def keep(self, holder: str) -> None:
        with self._lock:
            self._heard_at[holder] = time.monotonic()

    def give_back(self, holder: str) -> None:
        with self._lock:
            self._heard_at.pop(holder, None)


_places = _Places()


class DownloadBusy(InstallationError):
    """Another download has to end first. The message says so to whoever asked."""


def begin(portal: Portal, actor: str) -> Iterator[bytes]:
    """Return the portal's export in pieces, and write down who asked for it. Raises DownloadBusy."""
    with ExitStack() as given_back:
        lease = _Lease(f"download:{portal.pk}", uuid.uuid4().hex)
        if not lease.begin():
            raise DownloadBusy("An export of this account is being downloaded already. Try again when it is over.")
        given_back.callback(lease.end)
        if not _places.take(lease.holder):
            raise DownloadBusy("Other accounts are being exported at the moment. Try again in a few minutes.")
        given_back.callback(_places.give_back, lease.holder)
        record(portal, actor, AuditEntry.EXPORTED)
        return _Pieces(portal, lease, given_back.pop_all())
    raise AssertionError  # unreachable: for the type checker


@dataclass(frozen=True)
class _Lease:
    """Who downloads an account, of all processes. One that stood still for too long may have lost it to another."""

    key: str
    holder: str

    def begin(self) -> bool:
        return cache.add(self.key, self.holder, _LEASE_S)

    def renew(self) -> None:
        if self._is_ours:
            cache.touch(self.key, _LEASE_S)

    def end(self) -> None:
        if self._is_ours:
            cache.delete(self.key)

    @property
    def _is_ours(self) -> bool:
        return bool(cache.get(self.key) == self.holder)


class _Pieces:
    """An iterator that gives its place back when it ends, fails or is closed, also before it has begun."""

    def __init__(self, portal: Portal, lease: _Lease, given_back: ExitStack) -> None:
        self._lines = exporting.text(portal)
        self._lease = lease
        self._given_back = given_back
        self._renewed_at = time.monotonic()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return self._piece()
        except BaseException:  # the end too
            self.close()
            raise

    def close(self) -> None:
        """Called by the web server, whatever happened to the download."""
        self._given_back.close()

    def _piece(self) -> bytes:
        if time.monotonic() - self._renewed_at > _RENEWED_AFTER_S:
            self._lease.renew()
            _places.keep(self._lease.holder)
            self._renewed_at = time.monotonic()
        lines = "".join(islice(self._lines, _LINES))
        if not lines:
            raise StopIteration
        return lines.encode()
