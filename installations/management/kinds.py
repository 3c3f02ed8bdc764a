"""The two kinds of commands: those that write refuse to begin with wrong or missing encryption keys.

A command does not notice by itself: what it seals or signs with another key is lost or worthless when the app's own
processes read it, and what it decides may come from the database of another installation.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from ..credentials import sentinels

KEYS_WRONG = 78  # the exit code: EX_CONFIG of sysexits.h


class WritingCommand(BaseCommand):
    """Writes to the database, to Redis or to HubSpot."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command, or raise CommandError with nothing done, if these are not the database's keys."""
        if self.writes(options):
            try:
                self.prove_keys(options)
            except ImproperlyConfigured as error:
                raise CommandError(f"Nothing was done. {error}", returncode=KEYS_WRONG) from error
        return super().execute(*args, **options)

    def writes(self, _options: dict[str, Any]) -> bool:
        """Whether it does so with these options."""
        return True

    def prove_keys(self, _options: dict[str, Any]) -> None:
        """Compare the keys with the database. Raises ImproperlyConfigured."""
        sentinels.prove_at_start()


class ReadingCommand(BaseCommand):
    """Writes nothing but its own output, and so works whatever the keys are."""
