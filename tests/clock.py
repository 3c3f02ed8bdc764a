"""A clock for tests about hours and days. It moves the app's time; HubSpot's is moved by the emulator's own."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone


class Clock:
    """The app's time: the real one, and what was added to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real_now = timezone.now
        self._added = timedelta()
        monkeypatch.setattr(timezone, "now", self.now)

    def now(self) -> datetime:
        return self._real_now() + self._added

    def advance(self, **much: float) -> None:
        """Let time pass, given as to `timedelta`: `hours=12`."""
        self._added += timedelta(**much)
