"""Let somebody of staff in again who lost their second factor and their recovery codes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management.base import CommandError

from installations.management.kinds import WritingCommand


class Command(WritingCommand):
    help = "Remove the second factors of a member of staff. They set up a new one when they next sign in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *_: Any, username: str, **__: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no {username!r}.")
        Authenticator.objects.filter(user=user).delete()
        self.stdout.write(f"{username} sets up a second factor at the next sign-in. Their sessions go on until then.")
