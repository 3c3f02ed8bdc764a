"""Print or check the certificates of what was erased."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from installations.leaving import certificates
from installations.leaving.certificates import Certificate, CertificateInvalid, Verdict
from installations.management.kinds import ReadingCommand
from installations.models import Portal


class Command(ReadingCommand):
    help = (
        "Print the signed certificates of all installations that were erased, one a line. Keep them away from the "
        "database's backups: `erase_again` needs them after one was restored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--portal", type=int, metavar="HUB_ID", help="only of this HubSpot account")
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--verify", metavar="FILE", help="check the certificates in a file, one a line; -: standard input"
        )
        what.add_argument("--public-keys", action="store_true", help="print the keys with which anybody can check ours")

    def handle(self, *_: Any, portal: int | None, verify: str | None, public_keys: bool, **__: Any) -> None:
        if public_keys:
            for key_id, key in certificates.public_keys().items():
                self.stdout.write(f"{key_id} {key}")
        elif verify:
            self._verify(verify)
        else:
            self._print(portal)

    def _print(self, hub_id: int | None) -> None:
        erased = Portal.objects.filter(certificate__isnull=False).order_by("erased_at", "pk")
        chosen = erased if hub_id is None else erased.filter(hub_id=hub_id)
        for certificate in chosen.values_list("certificate", flat=True).iterator(chunk_size=500):
            self.stdout.write(json.dumps(certificate))

    def _verify(self, name: str) -> None:
        bad = 0
        for number, certificate in read(name):
            verdict = certificates.verdict(certificate)
            bad += verdict != Verdict.OURS
            self.stdout.write(f"line {number}: account {certificate.get('hub_id')}: {verdict}")
        if bad:
            raise CommandError(f"{bad} are not signed by us. A key that was taken out of ENCRYPTION_KEYS is not ours.")


def read(name: str) -> Iterator[tuple[int, Certificate]]:
    """Yield the certificates in a file with their lines' numbers. Raises CommandError."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}") from error
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            if line.strip():
                yield number, certificates.parse(line)
        except CertificateInvalid as error:
            raise CommandError(f"Line {number} of {name} is no certificate. {error}") from error
