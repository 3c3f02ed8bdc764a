"""An account at HubSpot, and a second browser."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.hubspot import Account, HubSpot, trust_limiter


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    trust_limiter()
    return hubspot.add_account()


@pytest.fixture
def other_browser() -> Client:
    return Client()
