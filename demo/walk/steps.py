"""The steps in their order, and how each is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx2

from demo.app_setup import CommandFailed
from demo.control import EmulatorRefused
from demo.logs import tail
from demo.page import Missing
from demo.stack import Stack

from . import connecting, console, leaving, people, records
from .world import Account, Unexpected, World

Step = Callable[[World], str]
STEPS: tuple[tuple[str, Step], ...] = (
    ("The landing page says what it will ask for", connecting.landing),
    ("Install leads to HubSpot's consent page", connecting.consent),
    ("Cancelling there is explained", connecting.cancel),
    ("A way back works once, in its own browser", connecting.one_use),
    ("Granting connects, and signs in", connecting.install),
    ("The first sync reaches 100 %", connecting.first_sync),
    ("Records are listed page by page", records.lists),
    ("A contact is found by its e-mail address", records.search),
    ("A record's page leads to it in HubSpot", records.record_page),
    ("A contact renamed in HubSpot", records.rename),
    ("A company created in HubSpot", records.create),
    ("A deal archived in HubSpot", records.archive),
    ("Two records associated in HubSpot", records.associate),
    ("A property without subscription, by reconcile", records.reconcile),
    ("The mirror is what the account is", records.same),
    ("A second user sees the status only", people.colleague_waits),
    ("Let in by the owner, they see all", people.colleague_let_in),
    ("Users of other accounts are told 404", people.strangers),
    ("Strangers are refused at the staff console", console.refuses_strangers),
    ("Staff sign in with the printed login", console.staff_sign_in),
    ("Disconnect asks, then uninstalls", leaving.disconnect),
    ("Installing again starts clean", leaving.reinstall),
    ("An uninstall in HubSpot ends access here", leaving.uninstalled),
    ("The other account is untouched", leaving.stays_connected),
)


def walk(stack: Stack, say: Callable[[str], None]) -> bool:
    """Go through every step; say what each took. Return whether all went well."""
    world = World(stack, *_two_accounts(stack))
    started_at = time.monotonic()
    try:
        for number, (title, step) in enumerate(STEPS, start=1):
            if not _take(world, f"{number:2} {title}", step, say):
                return False
    finally:
        world.close()
    say(f"\nAll {len(STEPS)} steps went well, in {time.monotonic() - started_at:.0f} s.")
    return True


def _take(world: World, title: str, step: Step, say: Callable[[str], None]) -> bool:
    began_at = time.monotonic()
    try:
        detail = step(world)
    except Unexpected as error:
        _tell_failure(world, title, (error.expected, error.seen, error.log), say)
        return False
    except (Missing, httpx2.TransportError, EmulatorRefused, CommandFailed) as error:
        _tell_failure(world, title, ("the step to go through", f"{type(error).__name__}: {error}", "web"), say)
        return False
    say(f"  {title:<50} {time.monotonic() - began_at:6.1f} s   {detail}".rstrip())
    return True


def _tell_failure(world: World, title: str, what: tuple[str, str, str], say: Callable[[str], None]) -> None:
    expected, seen, log = what
    say(f"  {title:<50} FAILED\n\n  expected: {expected}\n  seen:     {seen}\n")
    say(f"  The end of {log}.log:\n{tail(world.stack.log(log), 40)}")


def _two_accounts(stack: Stack) -> tuple[Account, Account]:
    """Return the account to walk in and one in another region."""
    portals = stack.control.state()["portals"]
    first = portals[0]
    other = next(portal for portal in portals if portal["hublet"] != first["hublet"])
    return _account(stack, first), _account(stack, other)


def _account(stack: Stack, portal: dict[str, Any]) -> Account:
    users = sorted(stack.control.account(portal["hub_id"])["users"], key=lambda user: not user["super_admin"])
    return Account(portal["hub_id"], portal["name"], portal["hublet"], [int(user["user_id"]) for user in users])
