"""An account with a private app, whose token may be added here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import close_old_connections
from pytest_django import Settings

from installations.models import Portal
from tests.hubspot import Account, HubSpot, trust_limiter
from tests.installations.private_apps.connected import add


@pytest.fixture(autouse=True)
def _switched_on(settings: Settings) -> None:
    settings.PRIVATE_APP_TOKENS = True


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    trust_limiter()
    return hubspot.add_account(contacts=3)


@pytest.fixture
def made(hubspot: HubSpot, account: Account) -> dict[str, Any]:
    return hubspot.private_token(account)


@pytest.fixture
def portal(made: dict[str, Any]) -> Portal:
    return add(made["access_token"])


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    yield
    close_old_connections()
