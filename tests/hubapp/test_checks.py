from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.checks import CheckMessage, run_checks
from pytest_django import Settings

from hubapp import checks
from installations import vault
from tests.portals import make_portal

OTHER_KEY = "other:" + "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="


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
        ({"HUBSPOT_SCOPES": ["tickets"]}, ["hubapp.E005"]),
        ({"HUBSPOT_API_VERSION": "v3"}, ["hubapp.E006"]),
        ({"HUBSPOT_API_VERSION": "2026-13"}, ["hubapp.E006"]),
        ({"HUBSPOT_API_VERSION": "2026-03\n"}, ["hubapp.E006"]),
        ({"ENCRYPTION_KEYS": ""}, ["hubapp.E007"]),
        ({"ENCRYPTION_KEYS": "short:AAAA"}, ["hubapp.E007"]),
        ({"ENCRYPTION_KEYS": f"{OTHER_KEY},{OTHER_KEY}"}, ["hubapp.E007"]),
    ],
)
def test_what_is_wrong_is_an_error_in_production(
    settings: Settings, wrong: dict[str, Any], expected: list[str]
) -> None:
    settings.DEVELOPMENT, settings.PUBLIC_URL = False, "https://app.example.com"
    for name, value in wrong.items():
        setattr(settings, name, value)
    found = [*checks.check_hubspot(), *checks.check_encryption_keys()]
    assert ids(found) == expected
    assert all(message.is_serious() and message.hint for message in found)


def test_while_developing_what_is_missing_is_only_a_warning(settings: Settings) -> None:
    settings.DEVELOPMENT, settings.HUBSPOT_CLIENT_ID, settings.ENCRYPTION_KEYS = True, "", ""
    found = [*checks.check_hubspot(), *checks.check_encryption_keys()]
    assert ids(found) == ["hubapp.E001", "hubapp.W007"]
    assert not any(message.is_serious() for message in found)


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
