"""Write the app as a HubSpot project, for `hs project upload`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from hubapp import project, project_folder
from hubapp.project_folder import ProjectUnreadable
from hubapp.project_rules import problems
from installations.management.kinds import ReadingCommand


class Command(ReadingCommand):
    help = (
        "Write the app and webhook configuration that HubSpot's CLI uploads. Where an earlier version lies, carry it "
        "on: subscriptions that are no longer wanted stay, switched off, because HubSpot refuses a build without them."
    )

    requires_system_checks = ()  # it mends what one of them complains of

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the project's folder, new or not")

    def handle(self, *_: Any, out: Path, **__: Any) -> None:
        try:
            files = project.files(project_folder.read(out))
        except ProjectUnreadable as error:
            raise CommandError(str(error)) from error
        wrong = problems(files)
        if wrong:
            raise CommandError("\n".join(["HubSpot would refuse this; nothing was written.", *wrong]))
        project_folder.write(out, files)
        for path in files:
            self.stdout.write(f"wrote {out / path}")
        for words in project.paused(files):
            self.stdout.write(f"kept, switched off: {words}")
        self.stdout.write(f"Next: cd {out} && hs project upload")
