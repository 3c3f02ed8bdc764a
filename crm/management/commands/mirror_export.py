"""Print one portal's mirror as JSON lines."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from itertools import chain
from typing import Any

from django.core.management.base import CommandError

from crm import export
from installations.management.kinds import ReadingCommand
from installations.models import Portal


class Command(ReadingCommand):
    help = "Print all records and associations that are mirrored of one HubSpot account, as JSON lines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--portal", type=int, required=True, metavar="HUB_ID", help="the HubSpot account")

    def handle(self, *_: Any, portal: int, **__: Any) -> None:
        installation = _installation(portal)
        for line in chain(export.records(installation), export.associations(installation)):
            self.stdout.write(json.dumps(line))


def _installation(hub_id: int) -> Portal:
    """The account's live installation, else its latest."""
    installations = Portal.objects.filter(hub_id=hub_id).order_by("-pk")
    found = installations.live().first() or installations.first()
    if found is None:
        raise CommandError(f"Account {hub_id} has never installed the app.")
    return found
