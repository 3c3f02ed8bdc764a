"""An account of which the journal tells, and the portal that installed us there."""

from __future__ import annotations

import pytest

from installations.models import Portal
from tests.crm.mirrored import install, work_until_idle
from tests.hubspot import Account, HubSpot, trust_limiter
from tests.webhooks.journal.telling import publish, read


@pytest.fixture(autouse=True)
def _trusted(hubspot: HubSpot) -> None:
    trust_limiter()


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    return hubspot.add_account()


@pytest.fixture
def portal(hubspot: HubSpot, account: Account) -> Portal:
    """A portal of which the journal tells: the reader has subscribed before it was installed, and read that."""
    read()
    found = install(hubspot, account)
    publish(hubspot)
    read()
    work_until_idle("uninstall")
    return found
