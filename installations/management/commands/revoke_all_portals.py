"""The drill: stop all calls, and revoke every portal's refresh tokens: python manage.py revoke_all_portals."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.management.base import CommandError

from installations.audit import operator
from installations.calls import switches
from installations.credentials import revoking
from installations.credentials.revoking import Outcome
from installations.management.kinds import WritingCommand

_AT_ONCE = 8  # threads: HubSpot's answers take time, the limiter sets the pace
_SHOWN_EVERY = 100
_ROUNDS = 5
_PAUSE_S = 5.0


class Command(WritingCommand):
    help = (
        "Stop all calls to HubSpot at once, then revoke the refresh tokens of all portals at HubSpot and forget them. "
        "Each portal has to be connected again by its own people. An interrupted run is simply started again. "
        "Calls stay stopped until --resume."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", default="Tokens may have been stolen.", help="for those who find it stopped")
        parser.add_argument("--confirm", metavar="WORDS", help="what would be typed, for scripts")
        parser.add_argument("--resume", action="store_true", help="let calls go on, when all is revoked and mended")

    def handle(self, *_: Any, reason: str, confirm: str | None, resume: bool, **__: Any) -> None:
        if resume:
            return self._resume()
        began = time.monotonic()
        self._confirm(confirm)
        switches.stop(operator(), reason)
        time.sleep(switches.HONOURED_WITHIN_S)
        self.stdout.write(f"{time.monotonic() - began:6.1f} s  All calls are stopped.")
        outcomes = self._revoke_all(began)
        self.stdout.write(
            f"{time.monotonic() - began:6.1f} s  {_in_words(outcomes)}. Calls stay stopped until --resume."
        )
        if not_done := revoking.left().count():
            raise CommandError(f"{not_done} portals are not revoked. Run the command again.")
        return None

    def _confirm(self, given: str | None) -> None:
        words = f"revoke {revoking.left().count()} portals"
        if given is None:
            self.stdout.write("Every portal will have to be connected again by its own people.")
            given = input(f'Type "{words}" to go on: ')
        if given.strip() != words:
            raise CommandError(f'Nothing was done: the words to confirm with are "{words}".')

    def _resume(self) -> None:
        if not switches.resume(operator()):
            raise CommandError("Calls were not stopped.")
        self.stdout.write("Calls go on. Portals that were revoked wait for their people.")

    def _revoke_all(self, began: float) -> Counter[Outcome]:
        """Go over what is left until nothing is, or nothing more can be done about it."""
        done: Counter[Outcome] = Counter()
        for round_ in range(_ROUNDS):
            ids = list(revoking.left().values_list("pk", flat=True))
            if not ids:
                break
            if round_:
                time.sleep(_PAUSE_S)
            done -= Counter({Outcome.BUSY: done[Outcome.BUSY], Outcome.FAILED: done[Outcome.FAILED]})
            with ThreadPoolExecutor(_AT_ONCE) as threads:
                for outcome in threads.map(lambda pk: revoking.revoke(pk, operator()), ids):
                    done[outcome] += 1
                    if done.total() % _SHOWN_EVERY == 0:
                        self.stdout.write(f"{time.monotonic() - began:6.1f} s  {_in_words(done)}")
        return done


def _in_words(outcomes: Counter[Outcome]) -> str:
    return ", ".join(f"{count} {outcome.value}" for outcome, count in sorted(outcomes.items())) or "nothing to revoke"
