from __future__ import annotations

import base64
import os
from typing import NoReturn

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from pytest_django import Settings

from hubspot_api.secret import Secret
from installations.credentials import tokens
from installations.models import DataKey
from tests.console.staff import make_staff
from tests.portals import make_portal

pytestmark = pytest.mark.django_db


def fresh_key(name: str) -> str:
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


def test_after_rewrapping_the_old_key_is_not_needed(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    portals = [make_portal(connected=False) for _ in range(3)]
    factor = Authenticator.objects.create(
        user=make_staff(), type=Authenticator.Type.TOTP, data={"secret": get_adapter().encrypt("JBSWY3DP")}
    )
    new = fresh_key("new")
    settings.ENCRYPTION_KEYS = f"{new},{settings.ENCRYPTION_KEYS}"
    call_command("rewrap_keys")
    assert "3 data keys and 1 second factors" in capsys.readouterr().out
    settings.ENCRYPTION_KEYS = new
    for portal in portals:
        assert tokens.fresh(portal.pk, _never).token.value.reveal() == "access-1"
    factor.refresh_from_db()
    assert get_adapter().decrypt(factor.data["secret"]) == "JBSWY3DP"
    call_command("rewrap_keys")
    assert "0 data keys and 0 second factors" in capsys.readouterr().out


def test_a_data_key_that_does_not_unwrap_is_named_and_the_others_are_done(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, sound = make_portal(connected=False), make_portal(connected=False)
    DataKey.objects.filter(portal=broken).update(wrapped_by="lost")
    settings.ENCRYPTION_KEYS = f"{fresh_key('new')},{settings.ENCRYPTION_KEYS}"
    with pytest.raises(SystemExit, match="1 data keys"):
        call_command("rewrap_keys")
    assert str(broken.hub_id) in capsys.readouterr().err
    assert DataKey.objects.get(portal=sound).wrapped_by == "new"


def _never(_: Secret) -> NoReturn:
    pytest.fail("HubSpot was asked")
