"""Accounts that HubSpot moves from one data centre to another.

While one is under way its calls answer 477; from then on whatever still leads to the old region answers 488. A move
counts as done the moment it begins, so that nothing has to happen when it ends.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from emulator.errors import Migrating
from emulator.oauth.consent import ConsentRefused


class Moves:
    """Changed under the emulator's own lock."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        # Accounts under way, and until when.
        self.until: dict[int, int] = {}

    def begin(self, hub_id: int, lasts_s: float) -> int:
        """When it will end."""
        end = self._now_ms() + int(lasts_s * 1000)
        self.until[hub_id] = end
        return end

    def left_s(self, hub_id: int) -> int:
        """How many seconds it still takes; 0 when the account is at rest."""
        until = self.until.get(hub_id)
        return max(0, ceil((until - self._now_ms()) / 1000)) if until is not None else 0

    def check(self, hub_id: int) -> None:
        """Raises Migrating while the account is under way."""
        if self.until and (left := self.left_s(hub_id)):
            raise Migrating(hub_id, left)

    def check_consent(self, hub_id: int) -> None:
        """Raises ConsentRefused while the account is under way."""
        if self.left_s(hub_id):
            raise ConsentRefused("This account is being moved to another data center. Try again later.")

    def forget(self, hub_id: int) -> None:
        self.until.pop(hub_id, None)

    def clear(self) -> None:
        self.until.clear()
