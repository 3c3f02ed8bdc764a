from __future__ import annotations

import pytest

from installations.models import Membership, Portal
from tests.crm.mirrored import install, work_until_idle
from tests.crm.refused import OWNER
from tests.hubspot import Account, HubSpot
from tests.portals import make_member


@pytest.fixture
def account(hubspot: HubSpot) -> Account:
    return hubspot.add_account(contacts=12, companies=5, deals=4, tickets=3)


@pytest.fixture
def portal(hubspot: HubSpot, account: Account, transactional_db: None) -> Portal:
    return install(hubspot, account)


@pytest.fixture
def synced(portal: Portal) -> Portal:
    make_member(portal, OWNER, Membership.Role.OWNER)
    work_until_idle()
    return portal
