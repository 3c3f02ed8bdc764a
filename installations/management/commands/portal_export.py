"""Print everything that is held about one account."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from installations.leaving import exporting
from installations.leaving.deleting import those_of
from installations.management.kinds import ReadingCommand


class Command(ReadingCommand):
    help = (
        "Print everything that is held about one HubSpot account, of each of its installations, as JSON lines: the "
        "portal, its people, what they did, calls, records, associations, changes, events. No tokens."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--portal", type=int, required=True, metavar="HUB_ID", help="the HubSpot account")

    def handle(self, *_: Any, portal: int, **__: Any) -> None:
        installations = those_of(portal)
        if not installations:
            raise CommandError(f"Nothing is held about account {portal}.")
        for installation in installations:
            for line in exporting.text(installation):
                self.stdout.write(line, ending="")
