from __future__ import annotations

import pytest

from installations.models import Portal
from tests.crm.mirrored import install
from tests.hubspot import Account, HubSpot


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    return hubspot.add_account(contacts=12, companies=5, deals=4, tickets=3)


@pytest.fixture
def portal(hubspot: HubSpot, account: Account, transactional_db: None) -> Portal:
    return install(hubspot, account)
