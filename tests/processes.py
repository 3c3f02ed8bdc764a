"""Run a module of the tests in a process of its own, on the test's database: for what kills its process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


def environment(**changes: str) -> dict[str, str]:
    """Return our environment with the test database for the app's. The test must have committed (transaction=True)."""
    database = settings.DATABASE_URL.replace("/hubapp?", f"/{connection.settings_dict['NAME']}?")
    return os.environ | {"DJANGO_SETTINGS_MODULE": "hubapp.settings", "DATABASE_URL": database} | changes


def start(module: str, *arguments: object, **changes: str) -> subprocess.Popen[str]:
    """Start a module; the caller waits for it. `changes` are to its environment."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment(**changes), stdout=pipe, stderr=pipe, text=True)


def run(module: str, *arguments: object, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a module to its end, however it ends."""
    process = start(module, *arguments, **changes)
    out, err = process.communicate(timeout=180)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
