"""Set the app up through its own commands: migrate, keep the staff login, ask what it wants registered at HubSpot."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from . import children
from .identity import Identity
from .programs import CHECKOUT
from .signals import held

_PATIENCE_S = 300


class CommandFailed(Exception):
    """A command of the app ended with an error; the message holds what it said."""


@dataclass(frozen=True)
class Wanted:
    """What the app wants of HubSpot."""

    scopes: list[str]
    optional_scopes: list[str]
    subscriptions: list[dict[str, Any]]


def manage(env: Mapping[str, str], *arguments: str) -> str:
    """Run `manage.py` and return what it printed. Raises CommandFailed."""
    with ExitStack() as ending:
        with held():
            process = children.start(
                [sys.executable, "manage.py", *arguments],
                log=subprocess.PIPE,
                errors=subprocess.PIPE,
                env=env,
                cwd=CHECKOUT,
            )
            ending.enter_context(process)
            ending.callback(children.stop, process)
        try:
            output, errors = (said.decode(errors="replace") for said in process.communicate(timeout=_PATIENCE_S))
        except subprocess.TimeoutExpired:
            raise CommandFailed(f"manage.py {' '.join(arguments)} did not end within {_PATIENCE_S} s.") from None
    if process.returncode:
        said = (errors.strip() or output.strip())[-2000:]
        raise CommandFailed(f"manage.py {' '.join(arguments)} ended with exit code {process.returncode}:\n{said}")
    return output


def set_up(env: Mapping[str, str], identity: Identity, *, begins: bool) -> Wanted:
    """Bring the database up to date and make the staff login work. Raises CommandFailed.

    `begins`: Redis and HubSpot start with us, so nobody can have called HubSpot lately.
    """
    manage(env, "migrate", "--noinput", "--verbosity", "0")
    told = {
        "DEMO_STAFF_USERNAME": identity.staff_username,
        "DEMO_STAFF_PASSWORD": identity.staff_password,
        "DEMO_BEGINS": "1" if begins else "",
    }
    said = manage({**env, **told}, "shell", "--no-imports", "-c", "from demo import inside; inside.main()")
    return Wanted(**json.loads(said.splitlines()[-1]))
