"""Run a module of the tests in a process of its own, on the test's database: for what kills its process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.db import connection

from tests.settings import PLACE

ROOT = Path(__file__).resolve().parent.parent


def environment(**changes: str) -> dict[str, str]:
    """Return our environment with the test database for the app's. The test must have committed (transaction=True)."""
    database = settings.DATABASE_URL.replace("/hubapp?", f"/{connection.settings_dict['NAME']}?")
    return os.environ | {"DJANGO_SETTINGS_MODULE": "hubapp.settings", "DATABASE_URL": database} | changes


def start(module: str, *arguments: object, **changes: str) -> subprocess.Popen[str]:
    """Start a module to talk with through its pipes; the caller ends it. `changes` are to its environment.

    What it logs goes to a file: a pipe that nobody empties would stop it in the end.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with (PLACE / "processes.log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(**changes),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


def run(module: str, *arguments: object, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a module to its end, however it ends."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=environment(**changes), capture_output=True, text=True, timeout=180, check=False
    )
