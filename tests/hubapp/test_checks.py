from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.checks import CheckMessage, run_checks
from django.core.management import call_command
from pytest_django import Settings

from crm.object_types import OBJECT_TYPES
from hubapp import checks
from hubapp.checks.stores import of_postgresql, of_redis
from hubapp.project import APP, WEBHOOKS
from installations.credentials import vault
from installations.models import Portal
from tests.portals import make_portal

OTHER_KEY = "other:" + "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="


CLIENT_ID = "11111111-2222-3333-4444-555555555555"
PRODUCTION = {
    "DEVELOPMENT": False,
    "PUBLIC_URL": "https://app.example.com",
    "ALLOWED_HOSTS": ["app.example.com"],
    "HUBSPOT_API_URL": "https://api.hubapi.com",
    "HUBSPOT_AUTHORIZE_URL": "https://app.hubspot.com/oauth/authorize",
}


def in_production(settings: Settings, changes: dict[str, Any]) -> None:
    for name, value in (PRODUCTION | changes).items():
        setattr(settings, name, value)


def ids(found: list[CheckMessage]) -> list[str | None]:
    return [message.id for message in found]


def test_the_tests_own_settings_are_in_order(settings: Settings) -> None:
    settings.DEVELOPMENT = True
    assert run_checks() == []


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"HUBSPOT_CLIENT_ID": ""}, ["hubapp.E001"]),
        ({"HUBSPOT_CLIENT_SECRET": "", "HUBSPOT_APP_ID": 0}, ["hubapp.E001", "hubapp.E001"]),
        ({"PUBLIC_URL": "http://app.example.com"}, ["hubapp.E003"]),
        ({"HUBSPOT_AUTHORIZE_URL": "https://app.hubspot.com"}, ["hubapp.E004"]),
        ({"HUBSPOT_AUTHORIZE_URL": "https://app.hubspot.com/oauth/authorize?"}, ["hubapp.E004"]),
        ({"HUBSPOT_SCOPES": [kind.scope for kind in OBJECT_TYPES]}, ["hubapp.E005"]),
        ({"HUBSPOT_API_VERSION": "v3"}, ["hubapp.E006"]),
        ({"HUBSPOT_API_VERSION": "2026-13"}, ["hubapp.E006"]),
        ({"HUBSPOT_API_VERSION": "2026-03\n"}, ["hubapp.E006"]),
        ({"HUBSPOT_API_VERSION": "2025-09"}, ["hubapp.E020"]),
        ({"HUBSPOT_API_VERSION": "2031-03"}, ["hubapp.E020"]),
        ({"HUBSPOT_CLIENT_SECRET": CLIENT_ID}, ["hubapp.E011"]),
        ({"HUBSPOT_API_URL": "http://api.hubapi.com"}, ["hubapp.E013"]),
        ({"HUBSPOT_AUTHORIZE_URL": "http://app.hubspot.com/oauth/authorize"}, ["hubapp.E013"]),
        ({"PUBLIC_URL": "https://203.0.113.7", "ALLOWED_HOSTS": ["203.0.113.7"]}, ["hubapp.E015"]),
        ({"ALLOWED_HOSTS": ["www.example.com"]}, ["hubapp.E016"]),
        ({"ENCRYPTION_KEYS": ""}, ["hubapp.E007"]),
        ({"ENCRYPTION_KEYS": "short:AAAA"}, ["hubapp.E007"]),
        ({"ENCRYPTION_KEYS": f"{OTHER_KEY},{OTHER_KEY}"}, ["hubapp.E007"]),
    ],
)
def test_what_is_wrong_is_an_error_in_production(
    settings: Settings, wrong: dict[str, Any], expected: list[str]
) -> None:
    in_production(settings, wrong)
    found = [*checks.check_hubspot(), *checks.check_encryption_keys()]
    assert ids(found) == expected
    assert all(message.is_serious() and message.hint for message in found)


@pytest.mark.parametrize(
    ("odd", "expected", "words"),
    [
        ({"HUBSPOT_CLIENT_ID": "39522895"}, "hubapp.W010", "app id"),
        ({"HUBSPOT_CLIENT_SECRET_PREVIOUS": "same", "HUBSPOT_CLIENT_SECRET": "same"}, "hubapp.W012", "remove"),
        ({"HUBSPOT_API_URL": "https://emulator.example.com"}, "hubapp.W014", "every token"),
        ({"HUBSPOT_API_URL": "https://api.hubapi.com.example.com"}, "hubapp.W014", "every token"),
        ({"HUBSPOT_OPTIONAL_SCOPES": ["crm.object.contacts.write"]}, "hubapp.W017", "crm.objects.contacts.write"),
        ({"HUBSPOT_OPTIONAL_SCOPES": ["nonsense!"]}, "hubapp.W017", "refuses every install"),
        ({"HUBSPOT_OPTIONAL_SCOPES": ["tickets"]}, "hubapp.W018", "once"),
        ({"HUBSPOT_API_VERSION": "2026-09"}, "hubapp.W021", "2026-03"),
    ],
)
def test_what_is_odd_is_a_warning(settings: Settings, odd: dict[str, Any], expected: str, words: str) -> None:
    in_production(settings, odd)
    (message,) = checks.check_hubspot()
    assert (message.id, message.is_serious()) == (expected, False)
    assert words in str(message.hint)


def test_nothing_is_odd_about_a_full_configuration(settings: Settings) -> None:
    in_production(settings, {"HUBSPOT_API_URL": "https://api-eu1.hubapi.com"})
    assert checks.check_hubspot() == []


def test_a_type_whose_scope_nobody_is_asked_for(settings: Settings) -> None:
    in_production(settings, {"HUBSPOT_SCOPES": [scope for scope in settings.HUBSPOT_SCOPES if scope != "tickets"]})
    (message,) = checks.check_hubspot()
    assert (message.id, "tickets mirrored" in message.msg) == ("hubapp.W019", True)
    settings.HUBSPOT_OPTIONAL_SCOPES = ["tickets"]
    assert checks.check_hubspot() == []


def test_while_developing_http_is_for_localhost_only(settings: Settings) -> None:
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "http://laptop.example.com:8000", ["laptop.example.com"]
    (message,) = checks.check_hubspot()
    assert (message.id, message.is_serious()) == ("hubapp.E015", False)


def test_while_developing_what_is_missing_is_only_a_warning(settings: Settings) -> None:
    settings.DEVELOPMENT, settings.HUBSPOT_CLIENT_ID, settings.ENCRYPTION_KEYS = True, "", ""
    found = [*checks.check_hubspot(), *checks.check_encryption_keys()]
    assert ids(found) == ["hubapp.E001", "hubapp.W007"]
    assert not any(message.is_serious() for message in found)


def test_an_api_key_of_old_in_the_settings(settings: Settings) -> None:
    settings.HUBSPOT_API_KEY = "secret-of-old"
    (message,) = checks.check_hubspot()
    assert message.id == "hubapp.W002"
    assert "secret-of-old" not in f"{message}"


def test_a_proxy_that_is_none_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://user:canary@proxy.example")
    (message,) = checks.check_hubspot()
    assert (message.id, message.is_serious()) == ("hubapp.E034", True)
    assert "canary" not in f"{message.msg} {message.hint}"
    monkeypatch.setenv("https_proxy", "http://user:canary@proxy.example:3128")
    assert checks.check_hubspot() == []


@pytest.mark.parametrize("name", ["HUBSPOT_API_KEY", "HAPIKEY"])
def test_an_api_key_of_old_is_pointed_out(settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    settings.DEVELOPMENT = True
    monkeypatch.setenv(name, "secret-of-old")
    (message,) = checks.check_hubspot()
    assert message.id == "hubapp.W002"
    assert name in message.msg
    assert "secret-of-old" not in f"{message}"


def test_a_key_is_never_shown(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = OTHER_KEY.replace("=", "")
    (message,) = checks.check_encryption_keys()
    assert OTHER_KEY[8:20] not in f"{message}"


@pytest.mark.django_db
class TestStoredKeys:
    def test_all_is_well_while_every_key_is_there(self) -> None:
        make_portal()
        assert checks.check_stored_keys(databases=["default"]) == []

    def test_portals_whose_key_is_gone_are_counted(self, settings: Settings) -> None:
        make_portal()
        make_portal()
        gone = make_portal()
        vault.destroy_data_key(gone)
        settings.ENCRYPTION_KEYS = OTHER_KEY
        (message,) = checks.check_stored_keys(databases=["default"])
        assert message.id == "hubapp.E008"
        assert "2 portals" in message.msg
        assert "'test1'" in message.msg

    def test_second_factors_whose_key_is_gone_are_found(self, settings: Settings) -> None:
        user = User.objects.create_user("alice")
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "old.c2VhbGVk"})
        assert ids(checks.check_stored_keys(databases=["default"])) == ["hubapp.E009"]
        settings.ENCRYPTION_KEYS = f"{settings.ENCRYPTION_KEYS},old:{OTHER_KEY.partition(':')[2]}"
        assert checks.check_stored_keys(databases=["default"]) == []

    def test_the_database_is_left_alone_unless_it_is_named(self, settings: Settings) -> None:
        make_portal()
        settings.ENCRYPTION_KEYS = OTHER_KEY
        assert checks.check_stored_keys() == []


class TestKeyFile:
    def test_others_may_not_replace_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ENCRYPTION_KEYS")
        monkeypatch.setenv("ENCRYPTION_KEYS_FILE", str(tmp_path / "keys"))
        tmp_path.chmod(0o770)
        (message,) = checks.check_key_file()
        assert (message.id, message.hint) == ("hubapp.E023", f"Run: chmod go-w {tmp_path}")
        tmp_path.chmod(0o755)
        assert checks.check_key_file() == []

    def test_one_that_is_hidden(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ENCRYPTION_KEYS_FILE", str(tmp_path / "keys"))
        assert ids(checks.check_key_file()) == ["hubapp.W022"]


class TestProject:
    @pytest.fixture
    def folder(self, tmp_path: Path, settings: Settings) -> Path:
        in_production(settings, {"HUBSPOT_PROJECT_DIR": str(tmp_path)})
        call_command("hubspot_project", out=tmp_path, verbosity=0)
        return tmp_path

    @pytest.mark.usefixtures("folder")
    def test_what_was_written_is_in_order(self) -> None:
        assert checks.check_project() == []

    def test_a_redirect_that_differs_from_the_apps(self, folder: Path, settings: Settings) -> None:
        settings.PUBLIC_URL = "https://moved.example.com"
        redirect, target = checks.check_project()
        assert (redirect.id, redirect.is_serious()) == ("hubapp.E025", True)
        assert "https://moved.example.com/oauth/callback" in redirect.msg
        assert (target.id, str(folder / WEBHOOKS) in target.msg) == ("hubapp.W026", True)

    @pytest.mark.usefixtures("folder")
    def test_scopes_that_differ_from_the_apps(self, settings: Settings) -> None:
        settings.HUBSPOT_OPTIONAL_SCOPES = ["automation"]
        assert ids(checks.check_project()) == ["hubapp.W027"]

    def test_a_subscription_that_is_not_deployed(self, folder: Path) -> None:
        webhooks = json.loads((folder / WEBHOOKS).read_text())
        webhooks["config"]["subscriptions"]["legacyCrmObjects"].pop()
        (folder / WEBHOOKS).write_text(json.dumps(webhooks))
        assert ids(checks.check_project()) == ["hubapp.W026"]

    def test_one_that_cannot_be_read(self, folder: Path) -> None:
        (folder / APP).write_text("{")
        assert ids(checks.check_project()) == ["hubapp.E024"]


class TestPrivateApps:
    @pytest.mark.django_db
    def test_portals_whose_token_nobody_can_replace(self, settings: Settings) -> None:
        portal = make_portal(connected=False)
        assert checks.check_private_apps(databases=["default"]) == []
        Portal.objects.filter(pk=portal.pk).update(connection=Portal.Connection.PRIVATE_APP)
        assert ids(checks.check_private_apps(databases=["default"])) == ["hubapp.W043"]
        assert checks.check_private_apps() == [], "the database is asked only if the command says so"
        settings.PRIVATE_APP_TOKENS = True
        assert checks.check_private_apps(databases=["default"]) == []


POSTGRESQL = {
    "server_version_num": "150004",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "superuser_reserved_connections": "3",
}


class TestStores:
    @pytest.mark.parametrize(
        ("found", "expected"),
        [
            ({}, []),
            ({"server_version_num": "140011"}, ["hubapp.E028"]),
            ({"fsync": "off"}, ["hubapp.E029"]),
            ({"synchronous_commit": "off"}, ["hubapp.E029"]),
            ({"max_connections": "32"}, ["hubapp.W030"]),
            ({"max_connections": "33"}, []),
        ],
    )
    def test_settings_of_postgresql(self, settings: Settings, found: dict[str, str], expected: list[str]) -> None:
        settings.DEVELOPMENT = False
        assert ids(list(of_postgresql(POSTGRESQL | found))) == expected

    @pytest.mark.django_db
    def test_the_server_of_the_tests_does_not_keep_all(self) -> None:
        found = checks.check_postgresql(databases=["default"])
        assert ids(found) == ["hubapp.E029", "hubapp.E029"]
        assert not any(message.is_serious() for message in found), "while developing"
        assert checks.check_postgresql() == []

    @pytest.mark.parametrize(
        ("info", "expected"),
        [
            ({"redis_version": "6.2.0", "maxmemory_policy": "noeviction"}, []),
            ({"redis_version": "10.0.1"}, []),
            ({"redis_version": "6.0.16", "maxmemory_policy": "noeviction"}, ["hubapp.W032"]),
            ({"redis_version": "7.4.1", "maxmemory_policy": "allkeys-lru"}, ["hubapp.E033"]),
        ],
    )
    def test_what_redis_tells(self, info: dict[str, str], expected: list[str]) -> None:
        assert ids(list(of_redis(info))) == expected

    @pytest.mark.usefixtures("redis_server")
    def test_the_redis_of_the_tests(self) -> None:
        assert set(ids(checks.check_redis(databases=["default"]))) <= {"hubapp.W032"}, "the embedded one is old"
        assert checks.check_redis() == []

    def test_one_that_does_not_answer(self, settings: Settings, tmp_path: Path) -> None:
        settings.REDIS_URL = f"unix://{tmp_path / 'nobody.sock'}"
        assert ids(checks.check_redis(databases=["default"])) == ["hubapp.W031"]
