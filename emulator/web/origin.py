"""Only the emulator's own pages may drive it: a web page elsewhere must not, although browsers let it send forms here.

A program that is no browser sends neither header and is let through.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

import falcon

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class ForeignOrigin(Exception):
    """A web page of another origin sent this. Answered 403."""

    def __init__(self) -> None:
        super().__init__(
            "This was sent by a web page of another origin, so nothing was done. Do it on the emulator's own pages,"
            " or with a program."
        )


def refuse_strangers(req: falcon.Request, own_origins: Iterable[str]) -> None:
    """Raises ForeignOrigin."""
    if req.method in _READS:
        return
    origin = req.get_header("Origin")
    site = req.get_header("Sec-Fetch-Site")
    if site not in (None, "same-origin", "none"):
        raise ForeignOrigin
    if origin is not None and not _own(origin, req.netloc, own_origins):
        raise ForeignOrigin


def _own(origin: str, asked: str, own_origins: Iterable[str]) -> bool:
    """The origin is the host that was asked, and that host cannot be a stranger's name made to lead here."""
    parts = urlsplit(origin)
    if parts.netloc.lower() != asked.lower():
        return False
    own_hosts = {urlsplit(each).hostname for each in own_origins}
    host = parts.hostname or ""
    return host in own_hosts or "." not in host or host.endswith(".localhost") or _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
