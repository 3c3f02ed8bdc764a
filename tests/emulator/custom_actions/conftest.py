"""A developer, under one or under every generation of the addresses."""

from __future__ import annotations

import pytest

from tests.emulator.custom_actions.developer import (
    KEY,
    ROOMS,
    Developer,
)
from tests.emulator.hub import CRM_SCOPES, Hub


@pytest.fixture
def developer(hub: Hub) -> Developer:
    hub.app(developer_api_key=KEY, conditional_scopes=[*CRM_SCOPES, "automation"])
    hub.install(scopes=["oauth", *CRM_SCOPES, "automation"])
    return Developer(hub)


@pytest.fixture(params=ROOMS)
def anywhere(request: pytest.FixtureRequest, developer: Developer) -> Developer:
    return Developer(developer.hub, request.param)
