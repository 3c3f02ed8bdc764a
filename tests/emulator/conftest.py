"""A HubSpot with one app installed in one account."""

from __future__ import annotations

import pytest

from tests.emulator.hub import Hub


@pytest.fixture
def bare() -> Hub:
    """An app and an account that do not know each other yet."""
    found = Hub()
    found.app()
    found.portal()
    return found


@pytest.fixture
def hub(bare: Hub) -> Hub:
    bare.install()
    return bare
