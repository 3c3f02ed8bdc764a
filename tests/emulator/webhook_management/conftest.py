"""A developer with a key."""

from __future__ import annotations

import pytest

from tests.emulator.hub import Hub
from tests.emulator.webhook_management.developer import KEY, Developer


@pytest.fixture
def developer(hub: Hub) -> Developer:
    hub.app(developer_api_key=KEY)
    return Developer(hub)
