"""A clock for tests about hours and days. It moves the app's time; HubSpot's is moved by the emulator's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from django.utils import timezone


def noon_zone() -> str:
    """A time zone in which it is about noon, so that no midnight comes while a test runs."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


class _AnyDatetime(type):
    def __instancecheck__(cls, given: object) -> bool:
        return isinstance(given, datetime)


class Clock:
    """The app's time: the real one, and what was added to it.

    Put in place of the class that `timezone.now()` asks rather than of that function, which models hold as a default.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._added = timedelta()

        class Moved(metaclass=_AnyDatetime):
            @staticmethod
            def now(tz: tzinfo | None = None) -> datetime:
                return datetime.now(tz) + self._added

        monkeypatch.setattr(timezone, "datetime", Moved)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._added

    def advance(self, **much: float) -> None:
        """Let time pass, given as to `timedelta`: `hours=12`."""
        self._added += timedelta(**much)

    def begin_anew(self, every: timedelta) -> None:
        """Let time pass until the next whole minute, half hour or the like, so that none ends while a test runs."""
        self._added += every - (self.now() - datetime.min.replace(tzinfo=UTC)) % every
