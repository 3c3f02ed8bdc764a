"""The start with production's settings, in a process of its own: settings are read once per process."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PRODUCTION = {
    "SECRET_KEY": secrets.token_urlsafe(50),
    "DATABASE_URL": "postgresql://db.example/hubapp",
    "REDIS_URL": "redis://redis.example:6379/0",
    "PUBLIC_URL": "https://app.example.com",
    "ENCRYPTION_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "HUBSPOT_CLIENT_ID": "11111111-2222-3333-4444-555555555555",
    "HUBSPOT_CLIENT_SECRET": "secret",
    "HUBSPOT_APP_ID": "39522895",
    "EMAIL_URL": "smtps://mailer:secret@mail.example.com",
}


def check(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "INFO"],
        cwd=CHECKOUT,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_full_configuration_passes_every_check() -> None:
    done = check(PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "ENCRYPTION_KEYS"])
def test_what_is_missing_stops_the_start_by_name(name: str) -> None:
    done = check({key: value for key, value in PRODUCTION.items() if key != name})
    assert done.returncode != 0
    assert name in done.stderr.splitlines()[-1]
