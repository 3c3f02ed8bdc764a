"""Lists that HubSpot gives page by page: each page says where to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from hubspot_api.errors import ResponseInvalid
from hubspot_api.said import Call

Found = TypeVar("Found", covariant=True)
Item = TypeVar("Item")


class Page(Protocol[Found]):
    """Some of a list's items, and where to go on: `after` is opaque, None on the last page."""

    @property
    def results(self) -> tuple[Found, ...]: ...

    @property
    def after(self) -> str | None: ...


def each(page_after: Callable[[str | None], Page[Item]]) -> Iterator[Item]:
    """Yield every item; a page is asked for when the one before it is used up. `page_after(None)` is the first.

    Raises ResponseInvalid when a page leads to itself.
    """
    after: str | None = None
    while True:
        page = page_after(after)
        yield from page.results
        if page.after is None:
            return
        after = onward(after, page.after)


def onward(before: str | None, after: str, call: Call | None = None) -> str:
    """Return `after`. Raises ResponseInvalid if it is where we are already: we would go on for ever."""
    if after == before:
        raise ResponseInvalid("$.paging.next.after should lead on, is where the page began", call)
    return after
