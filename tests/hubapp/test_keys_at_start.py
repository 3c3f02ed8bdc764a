"""With wrong, missing or short encryption keys no process starts, and nothing in the database is touched."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from demo.redis import Redis
from hubspot_api.secret import Secret
from installations.credentials import sentinels, tokens
from installations.credentials.sentinels import KeysWrong
from installations.management.kinds import KEYS_WRONG
from installations.models import Credential, DataKey, KeySentinel, Portal
from tests import processes
from tests.portals import make_portal
from tests.settings import PLACE

pytestmark = pytest.mark.django_db(transaction=True)
RIGHT = configured.ENCRYPTION_KEYS
OTHER = base64.b64encode(os.urandom(32)).decode()
WRONG = {
    "wrong": (f"test1:{OTHER}", "is not the one"),
    "missing": (f"new:{OTHER}", "lacks test1"),
    "short": (RIGHT[:-8], "32 bytes"),
}
START = {
    "web": ["-c", "import hubapp.wsgi"],
    "worker": ["-m", "celery", "--app", "hubapp.celery", "worker", "--concurrency", "1"],
    "beat": ["-m", "celery", "--app", "hubapp.celery", "beat", "--schedule", str(PLACE / "beat")],
    "rewrap": ["manage.py", "rewrap_keys"],
    "revoke": ["manage.py", "revoke_all_portals", "--confirm", "revoke 1 portals"],
    "stop": ["manage.py", "stop_calls", "--reason", "A test."],
}


@pytest.fixture(autouse=True)
def portal(monkeypatch: pytest.MonkeyPatch) -> Portal:
    """A portal sealed with the right key, whose sentinel is there; nothing is remembered from other tests."""
    monkeypatch.setattr(sentinels, "_proven", set())
    return make_portal(connected=False)


def everything() -> list[tuple[Any, ...]]:
    """All that is sealed, as it stands."""
    found: list[tuple[Any, ...]] = []
    for table in ("installations_datakey", "installations_credential", "installations_keysentinel"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT t::text FROM {table} AS t ORDER BY 1")  # noqa: S608 - names of ours
            found += cursor.fetchall()
    return found


@pytest.mark.parametrize(
    ("how", "process"), [*(("wrong", process) for process in START), ("missing", "web"), ("short", "web")]
)
def test_no_process_starts_and_nothing_is_touched(how: str, process: str, redis_server: Redis) -> None:
    keys, words = WRONG[how]
    before = everything()
    done = subprocess.run(
        [sys.executable, *START[process]],
        cwd=processes.ROOT,
        env=processes.environment(ENCRYPTION_KEYS=keys),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode not in {0, None}, done.stdout[-500:]
    if "manage.py" in START[process]:
        assert done.returncode == KEYS_WRONG
        assert "CommandError: Nothing was done." in done.stderr
    assert words in done.stderr + done.stdout
    assert OTHER not in done.stderr + done.stdout
    assert everything() == before


def test_with_the_right_keys_the_web_starts() -> None:
    done = subprocess.run(
        [sys.executable, *START["web"]], cwd=processes.ROOT, env=processes.environment(), timeout=120, check=False
    )
    assert done.returncode == 0


def test_nothing_is_sealed_with_a_key_that_only_has_the_right_name(settings: Settings) -> None:
    """Should a process have started while the database was away."""
    settings.ENCRYPTION_KEYS = f"test1:{OTHER}"
    with pytest.raises(KeysWrong, match="needs a new id"):
        make_portal(connected=False)
    assert DataKey.objects.count() == 1


def test_a_database_from_before_the_sentinels_is_compared_by_its_data_keys(settings: Settings) -> None:
    KeySentinel.objects.all().delete()
    sentinels._proven.clear()
    settings.ENCRYPTION_KEYS = f"test1:{OTHER}"
    with pytest.raises(KeysWrong, match="is not the one"):
        sentinels.prove_at_start()
    assert not KeySentinel.objects.exists()
    settings.ENCRYPTION_KEYS = RIGHT
    sentinels.prove_at_start()
    assert list(KeySentinel.objects.values_list("key_id", flat=True)) == ["test1"]


def test_one_damaged_data_key_does_not_keep_the_others_from_starting() -> None:
    KeySentinel.objects.all().delete()
    sentinels._proven.clear()
    make_portal(connected=False)
    KeySentinel.objects.all().delete()
    sentinels._proven.clear()
    first = DataKey.objects.order_by("pk").first()
    assert first is not None
    DataKey.objects.filter(pk=first.pk).update(wrapped=b"damaged")
    sentinels.prove_at_start()


def test_a_rotation_needs_the_old_key_until_it_is_over(settings: Settings, portal: Portal) -> None:
    both, new = f"new:{OTHER},{RIGHT}", f"new:{OTHER}"
    settings.ENCRYPTION_KEYS = both
    sentinels.prove_at_start()
    settings.ENCRYPTION_KEYS = new
    with pytest.raises(KeysWrong, match="lacks test1"):
        sentinels.prove_at_start()
    settings.ENCRYPTION_KEYS = both
    call_command("rewrap_keys")
    sentinels.prove_at_start()
    settings.ENCRYPTION_KEYS = new
    sentinels.prove_at_start()
    assert tokens.fresh(portal.pk, _never).token.value == Secret("access-1")


def test_a_key_that_is_lost_can_be_forgotten(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.ENCRYPTION_KEYS = f"new:{OTHER}"
    with pytest.raises(CommandError, match="lacks test1"):
        call_command("rewrap_keys")
    with pytest.raises(SystemExit, match="1 data keys"):
        call_command("rewrap_keys", "--forget", "test1")
    sentinels.prove_at_start()
    assert Credential.objects.count() == 1


def _never(_: Secret) -> Any:
    pytest.fail("HubSpot was asked")
