"""Set the app up through its own commands: migrate, keep the staff login, ask what it wants registered at HubSpot."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .identity import Identity
from .programs import CHECKOUT

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
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=CHECKOUT,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise CommandFailed(f"manage.py {' '.join(arguments)} ended with exit code {done.returncode}:\n{said}")
    return done.stdout


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
