"""Erase once more what a restored backup has brought back."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from installations.leaving import certificates, erasing
from installations.leaving.certificates import CertificateInvalid, Verdict
from installations.leaving.erasing import NotErased
from installations.management.kinds import WritingCommand

from .certificates import read


class Command(WritingCommand):
    help = (
        "After a backup was restored, and before anything is started: erase all installations again that were erased "
        "since it was made, by their certificates. May be interrupted and run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--certificates", required=True, metavar="FILE", help="as printed by `certificates`; -: stdin"
        )
        parser.add_argument(
            "--trust",
            action="append",
            default=[],
            metavar="KEY",
            help="a public key of ours whose encryption key is gone",
        )

    def handle(self, *_: Any, certificates: str, trust: list[str], **__: Any) -> None:
        erased, refused = 0, 0
        for number, certificate in read(certificates):
            if not _is_ours(certificate, trust):
                refused += 1
                self.stderr.write(f"Line {number} is not signed by us; nothing is erased for it.")
                continue
            try:
                erased += erasing.erase_again(certificate)
            except (CertificateInvalid, NotErased) as error:
                refused += 1
                self.stderr.write(f"Line {number}: {error}")
        self.stdout.write(f"Erased {erased} installations again.")
        if refused:
            raise CommandError(f"{refused} lines could not be followed, see above.")


def _is_ours(certificate: certificates.Certificate, trusted: list[str]) -> bool:
    verdict = certificates.verdict(certificate)
    is_trusted = verdict == Verdict.FOREIGN and certificate["signature"]["public_key"] in trusted
    return verdict == Verdict.OURS or is_trusted
