"""Make a key-encryption key for ENCRYPTION_KEYS."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from installations.credentials import vault
from installations.management.kinds import ReadingCommand


class Command(ReadingCommand):
    help = "Print a new key as id:base64. Put it first in ENCRYPTION_KEYS; keep the older ones behind it."
    requires_system_checks = ()  # it is run to mend what the checks complain of

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--id", dest="key_id", help="what to call the key (default: today's date and four letters)")

    def handle(self, *_: Any, key_id: str | None, **__: Any) -> None:
        key_id = key_id or f"{timezone.now():%Y-%m-%d}-{secrets.token_hex(2)}"
        if not key_id.replace("-", "").replace("_", "").isalnum():
            raise CommandError("An id has letters, digits, - and _ only.")
        self.stdout.write(vault.make_key(key_id))
