"""Every command of the project writes, and refuses wrong keys, or does not, and then the database may be read-only.

A new command fails here until it says which, and gets arguments.
"""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path

import pytest
import redis
from django.apps import apps
from django.conf import settings as configured
from django.core.management import BaseCommand, CommandError, call_command, get_commands, load_command_class
from django.db import connection, transaction
from pytest_django import Settings

from installations.credentials import sentinels
from installations.management.kinds import KEYS_WRONG, ReadingCommand, WritingCommand
from installations.models import Portal
from tests.pages.furniture import furnished
from tests.processes import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_server")]
OTHER = base64.b64encode(os.urandom(32)).decode()
WRONG = {
    "another of the same id": (f"test1:{OTHER}", "is not the one"),
    "without the one that sealed": (f"new:{OTHER}", "lacks test1"),
    "cut short": (configured.ENCRYPTION_KEYS[:-8], "32 bytes"),
}
HUB = "HUB_ID"  # stands for the account's
NOWHERE = "/dev/null"

# What each command needs to do what it is for.
ARGUMENTS: dict[str, list[str]] = {
    "add_portal": ["--owner", "1"],
    "certificates": [],
    "declare_hubspot_idle": [],
    "erase_again": ["--certificates", NOWHERE],
    "hubspot_project": ["--out"],
    "hubspot_subscriptions": ["--sync"],
    "inbox_export": [],
    "lint_hubspot": [str(ROOT / "lanes")],
    "make_encryption_key": [],
    "mirror_export": ["--portal", HUB],
    "portal_delete": ["--portal", HUB, "--yes"],
    "portal_export": ["--portal", HUB],
    "reset_second_factor": ["nobody"],
    "revoke_all_portals": ["--confirm", "revoke 1 portals"],
    "rewrap_keys": [],
    "stop_calls": ["--reason", "A test."],
}


def ours() -> dict[str, BaseCommand]:
    """Every command of the project's own rooms, from the configuration."""
    rooms = {one.name for one in apps.get_app_configs() if Path(one.path).parent == ROOT}
    return {name: load_command_class(str(app), name) for name, app in get_commands().items() if app in rooms}


COMMANDS = ours()
WRITING = [name for name, command in COMMANDS.items() if isinstance(command, WritingCommand)]
READING = [name for name, command in COMMANDS.items() if isinstance(command, ReadingCommand)]


@pytest.fixture(autouse=True)
def portal(monkeypatch: pytest.MonkeyPatch) -> Portal:
    monkeypatch.setattr(sentinels, "_proven", set())
    return furnished()


def arguments(name: str, portal: Portal, folder: Path) -> list[str]:
    given = [str(portal.hub_id) if one == HUB else one for one in ARGUMENTS[name]]
    return [*given, str(folder / "project")] if name == "hubspot_project" else given


def everything() -> dict[str, str]:
    """A digest of each table."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM {table} AS t")  # noqa: S608 - names of ours
            found[table] = cursor.fetchone()[0]
    return found


def in_redis() -> set[bytes]:
    with redis.Redis.from_url(configured.REDIS_URL) as client:
        return set(client.keys())


def test_every_command_says_whether_it_writes() -> None:
    assert sorted(COMMANDS) == sorted(WRITING + READING), "derive from WritingCommand or ReadingCommand"
    assert sorted(COMMANDS) == sorted(ARGUMENTS), "say here with which arguments it does what it is for"
    assert len(WRITING) >= 9


@pytest.mark.parametrize("how", WRONG)
@pytest.mark.parametrize("name", WRITING)
def test_one_that_writes_refuses_wrong_keys(
    name: str, how: str, portal: Portal, settings: Settings, tmp_path: Path
) -> None:
    keys, words = WRONG[how]
    settings.ENCRYPTION_KEYS = keys
    before = everything(), in_redis()
    with pytest.raises(CommandError, match=words) as caught:
        call_command(name, *arguments(name, portal, tmp_path), stdout=io.StringIO())
    assert caught.value.returncode == KEYS_WRONG
    assert str(caught.value).startswith("Nothing was done.")
    assert OTHER not in str(caught.value)
    assert (everything(), in_redis()) == before


@pytest.mark.parametrize("name", READING)
def test_one_that_reads_writes_nothing(name: str, portal: Portal, settings: Settings, tmp_path: Path) -> None:
    """PostgreSQL would refuse. Whatever the keys are, it does what it is for."""
    settings.ENCRYPTION_KEYS = WRONG["another of the same id"][0]
    before = in_redis()
    settings.PUBLIC_URL = "https://app.example.com"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")  # to the end of this part
        call_command(name, *arguments(name, portal, tmp_path), stdout=io.StringIO())
        transaction.set_rollback(True)
    assert in_redis() == before


def test_subscriptions_are_listed_whatever_the_keys_are(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = WRONG["another of the same id"][0]
    said = io.StringIO()
    call_command("hubspot_subscriptions", "--list", stdout=said)
    assert "contact.creation" in said.getvalue()
