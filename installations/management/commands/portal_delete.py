"""Delete one account and everything that is held about it, now."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from installations.audit import operator
from installations.leaving import deleting
from installations.leaving.erasing import NotErased
from installations.management.kinds import WritingCommand
from installations.models import Portal


class Command(WritingCommand):
    help = (
        "Disconnect one HubSpot account, uninstall the app there, destroy its key and erase what is held about it, now "
        "instead of in 30 days. A row without personal data stays as proof. When interrupted, run it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--portal", type=int, required=True, metavar="HUB_ID", help="the HubSpot account")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *_: Any, portal: int, yes: bool, **__: Any) -> None:
        installations = deleting.those_of(portal)
        if not installations:
            self.stdout.write(_nothing(portal))
            return
        if not yes:
            self._ask(portal, installations)
        for installation in installations:
            try:
                told = deleting.delete(installation, operator())
            except NotErased as error:
                raise CommandError(f"{error} Run this again in an hour, or leave it to the hourly eraser.") from error
            self.stdout.write(f"{installation}: {told}")
        self.stdout.write(f"Everything held about account {portal} is erased.")

    def _ask(self, hub_id: int, installations: list[Portal]) -> None:
        self.stdout.write(f"Everything about {installations[-1]} will be deleted, for good.")
        try:
            typed = input(f"Type {hub_id} to go on: ").strip()
        except EOFError:  # nobody sits there
            typed = ""
        if typed != str(hub_id):
            raise CommandError("Nothing was deleted.")


def _nothing(hub_id: int) -> str:
    erased = Portal.objects.filter(hub_id=hub_id, erased_at__isnull=False).order_by("-erased_at").first()
    if erased is None or erased.erased_at is None:
        raise CommandError(f"Account {hub_id} has never installed the app.")
    return f"Account {hub_id} was erased on {erased.erased_at:%Y-%m-%d %H:%M} UTC."
