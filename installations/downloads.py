"""A portal's own people take everything that is held about it with them, as a file that is never built in memory.

It may last minutes, and a thread of the web server with it: so one at a time of each portal, and few in each process.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from threading import BoundedSemaphore

from django.core.cache import cache

from . import exporting
from .audit import record
from .errors import InstallationError
from .models import Portal

AT_ONCE = 2  # per process, whose other threads go on with pages and webhooks
_LEASE_S = 120  # of a download whose process died
_RENEWED_AFTER_S = 20
_LINES = 500  # sent together

_places = BoundedSemaphore(AT_ONCE)


class DownloadBusy(InstallationError):
    """Another download has to end first. The message says so to whoever asked."""


def begin(portal: Portal, actor: str) -> Iterator[bytes]:
    """Return the portal's export in pieces, and write down who asked for it. Raises DownloadBusy."""
    with ExitStack() as given_back:
        if not _places.acquire(blocking=False):
            raise DownloadBusy("Other accounts are being exported at the moment. Try again in a few minutes.")
        given_back.callback(_places.release)
        key = f"download:{portal.pk}"
        if not cache.add(key, "under way", _LEASE_S):
            raise DownloadBusy("An export of this account is being downloaded already. Try again when it is over.")
        given_back.callback(cache.delete, key)
        record(portal, actor, "exported everything held")
        return _Pieces(portal, key, given_back.pop_all())
    raise AssertionError  # unreachable: for the type checker


class _Pieces:
    """An iterator that gives its place back when it ends, fails or is closed, also before it has begun."""

    def __init__(self, portal: Portal, key: str, given_back: ExitStack) -> None:
        self._lines = exporting.text(portal)
        self._key = key
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
            cache.touch(self._key, _LEASE_S)
            self._renewed_at = time.monotonic()
        lines = "".join(islice(self._lines, _LINES))
        if not lines:
            raise StopIteration
        return lines.encode()
