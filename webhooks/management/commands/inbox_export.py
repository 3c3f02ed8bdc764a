"""Print the inbox as JSON lines, one event each, with its state."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils.dateparse import parse_datetime

from installations.management.kinds import ReadingCommand
from webhooks import export


class Command(ReadingCommand):
    help = "Print every webhook event that is kept, as JSON lines: what HubSpot sent, and what became of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--portal", type=int, metavar="HUB_ID", help="only events of this HubSpot account")
        parser.add_argument("--since", metavar="TIME", help="only events received since then, as 2026-01-31T12:00Z")

    def handle(self, *_: Any, portal: int | None, since: str | None, **__: Any) -> None:
        for event in export.events(portal, _time(since) if since else None):
            self.stdout.write(json.dumps(event))


def _time(given: str) -> datetime:
    try:
        time = parse_datetime(given)
    except ValueError:
        time = None
    if time is None:
        raise CommandError(f"{given!r} is not a time. Give one as 2026-01-31T12:00Z.")
    return time if time.tzinfo else time.replace(tzinfo=UTC)
