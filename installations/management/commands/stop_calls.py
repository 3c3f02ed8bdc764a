"""Throw the kill switch from the command line: python manage.py stop_calls."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from installations.audit import operator
from installations.calls import switches
from installations.management.kinds import WritingCommand


class Command(WritingCommand):
    help = (
        "Stop all calls to HubSpot in every process, for all portals or for one, or let them go on. Webhooks are still "
        "acknowledged, and the work waits."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--portal", type=int, metavar="HUB_ID", help="only this account's; without it, everybody's")
        parser.add_argument("--reason", default="", help="for those who find it stopped")
        parser.add_argument("--resume", action="store_true", help="let calls go on")

    def handle(self, *_: Any, portal: int | None, reason: str, resume: bool, **__: Any) -> None:
        whose = "all portals" if portal is None else f"account {portal}"
        if resume:
            if not switches.resume(operator(), portal):
                raise CommandError(f"The calls of {whose} were not stopped.")
            self.stdout.write(f"Calls for {whose} go on.")
            return
        if not reason:
            raise CommandError("Say why: --reason TEXT.")
        if not switches.stop(operator(), reason, portal):
            raise CommandError(f"The calls of {whose} are stopped already.")
        time.sleep(switches.HONOURED_WITHIN_S)
        self.stdout.write(f"Calls for {whose} are stopped: no process begins one. Undo: stop_calls --resume")
