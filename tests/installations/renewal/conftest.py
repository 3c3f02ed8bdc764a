"""One portal whose tokens grow old."""

from __future__ import annotations

import pytest

from installations.models import Portal
from tests.installations.renewal.token_endpoint import Endpoint
from tests.portals import make_portal


@pytest.fixture
def portal(db: None) -> Portal:
    return make_portal(connected=False)


@pytest.fixture
def hubspot(portal: Portal) -> Endpoint:
    return Endpoint(portal.hub_id)
