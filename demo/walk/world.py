"""What the steps of a walk share: the running product, the people at their browsers, and ways to expect things."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from demo import hooks
from demo.browser import Browser
from demo.control import Control
from demo.page import Missing, Page
from demo.stack import Stack

Found = TypeVar("Found")
_LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class Account:
    """One of the emulator's accounts and the ids of its users, the super admin first."""

    hub_id: int
    name: str
    hublet: str
    users: list[int]


class Unexpected(Exception):
    """A step found something else than it should. `log` names the child whose log may tell why."""

    def __init__(self, expected: str, seen: str, log: str = "web") -> None:
        super().__init__(f"expected {expected}, seen {seen}")
        self.expected = expected
        self.seen = seen
        self.log = log


@dataclass
class World:
    """One walk. `portal` is the account most of it happens in, `other` one in another region."""

    stack: Stack
    portal: Account
    other: Account
    owner: Browser = field(default_factory=Browser)
    colleague: Browser = field(default_factory=Browser)
    stranger: Browser = field(default_factory=Browser)
    nobody: Browser = field(default_factory=Browser)

    @property
    def hub_id(self) -> int:
        return self.portal.hub_id

    @property
    def control(self) -> Control:
        return self.stack.control

    def address(self, path: str = "", hub_id: int | None = None) -> str:
        """Return the address of one of the portal's pages."""
        return f"{self.stack.web}/portals/{hub_id or self.hub_id}/{path}"

    def overview(self, browser: Browser) -> hooks.Overview:
        return hooks.overview(opened(browser, self.address()))

    def record(self, plural: str, record_id: str) -> Page:
        return self.owner.open(self.address(f"records/{plural}/{record_id}/"))

    def in_hubspot(self, hub_id: int | None = None) -> dict[str, Any]:
        """Return what the emulator says of an account."""
        wanted = hub_id or self.hub_id
        return next(portal for portal in self.control.state()["portals"] if portal["hub_id"] == wanted)

    def close(self) -> None:
        for browser in (self.owner, self.colleague, self.stranger, self.nobody):
            browser.close()


def expect(condition: object, expected: str, seen: str, log: str = "web") -> None:
    """Raises Unexpected."""
    if not condition:
        raise Unexpected(expected, seen, log)


def opened(browser: Browser, address: str) -> Page:
    """Open a page that must be there. Raises Unexpected."""
    return shown(browser.open(address))


def shown(page: Page, status: int = 200) -> Page:
    """Raises Unexpected."""
    expect(page.status == status, f"{page.address} with status {status}", f"{page.status}: {page.text[:300]}")
    return page


def eventually(
    look: Callable[[], Found], accept: Callable[[Found], bool], expected: str, *, limit_s: float, log: str = "worker"
) -> Found:
    """Look again and again until it is as it should be. Raises Unexpected with what was seen at the end."""
    deadline = time.monotonic() + limit_s
    while True:
        seen: Found | None = None
        lacking = ""
        try:
            seen = look()
            if accept(seen):
                return seen
        except Missing as missing:
            lacking = str(missing)
        if time.monotonic() > deadline:
            raise Unexpected(f"{expected} within {limit_s:.0f} s", lacking or repr(seen), log)
        time.sleep(_LOOK_EVERY_S)
