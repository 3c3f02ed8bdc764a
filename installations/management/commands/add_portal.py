"""Connect an account by a private app's token: python manage.py add_portal."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.management.base import CommandError

from hubspot_api.secret import Secret
from installations.audit import operator
from installations.credentials import private_apps
from installations.errors import InstallationError
from installations.management.kinds import WritingCommand
from installations.models import Portal


class Command(WritingCommand):
    help = (
        "Connect one HubSpot account by the token of one of its private apps (pat-…). The token is asked for, or read "
        "from standard input: as an argument it would stay in the shell's history. Needs PRIVATE_APP_TOKENS=1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--owner",
            type=_user_id,
            metavar="USER_ID",
            help="HubSpot user who is to own it; default: who made the token",
        )
        how.add_argument(
            "--replace",
            type=int,
            metavar="HUB_ID",
            help="give an account that is connected so its private app's next token",
        )

    def handle(self, *_: Any, owner: int | None, replace: int | None, **__: Any) -> None:
        portal = _connected(replace) if replace else None
        token = Secret(_token())
        try:
            checked = private_apps.check(token, portal)
            if portal is None:
                portal = private_apps.connect(checked, operator(), owner_id=owner)
            else:
                private_apps.replace(portal, checked, operator())
        except InstallationError as error:
            raise CommandError(str(error)) from error
        portal.refresh_from_db()
        self.stdout.write(f"{portal} is connected by its private app's token.")


def _user_id(text: str) -> int:
    number = int(text)
    if not 0 < number < 2**63:
        raise ValueError
    return number


def _token() -> str:
    """Ask whoever sits there without showing it, or take the line that a program sends."""
    return (getpass("Private-app token: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()


def _connected(hub_id: int) -> Portal:
    portal = Portal.objects.live().filter(hub_id=hub_id).first()
    if portal is None:
        raise CommandError(f"Account {hub_id} is not connected.")
    return portal
