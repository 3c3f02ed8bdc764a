"""Look for what fails or leaks with many portals, in the code of those who build on this app."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from hubapp.linting.check import lint
from installations.management.kinds import ReadingCommand


class Command(ReadingCommand):
    help = (
        "Find, in Python code, secrets, lists without paging, calls one by one, calls past the limiter, tokens without "
        "expiry, unverified webhooks and API keys. Ends with 1 if there are any. Excuse a line with "
        "'# noqa: HS003 - the reason'."
    )
    requires_system_checks = ()  # it reads other people's code, not our configuration

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="a file, or a folder with everything below it")

    def handle(self, *_: Any, path: Path, **__: Any) -> None:
        try:
            found = list(lint(path))
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error}") from error
        for each in found:
            self.stdout.write(f"{each.path}:{each.line}: {each.rule} {each.problem} {each.hint}")
        if found:
            self.stderr.write(f"{len(found)} to mend.")
            sys.exit(1)
