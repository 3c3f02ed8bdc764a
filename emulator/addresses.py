"""Addresses that apps give: where browsers are sent back to, and where events go."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def parts_of(url: str) -> SplitResult:
    """Raises ValueError for what no request can be sent to."""
    if not (url.isascii() and url.isprintable() and " " not in url):
        raise ValueError(f"{url!r} is not an address: it has a blank or a letter that must be escaped")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError as invalid:
        raise ValueError(f"{url} is not an address: {invalid}") from None
    return parts
