"""Lists that HubSpot gives page by page: each page says where to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

Found = TypeVar("Found", covariant=True)
Item = TypeVar("Item")


class Page(Protocol[Found]):
    """Some of a list's items, and where to go on: `after` is opaque, None on the last page."""

    @property
    def results(self) -> tuple[Found, ...]: ...

    @property
    def after(self) -> str | None: ...


def each(page_after: Callable[[str | None], Page[Item]]) -> Iterator[Item]:
    """Yield every item; a page is asked for when the one before it is used up. `page_after(None)` is the first."""
    after: str | None = None
    while True:
        page = page_after(after)
        yield from page.results
        if page.after is None:
            return
        after = page.after
