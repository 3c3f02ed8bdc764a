"""An app that reads the webhooks journal, and a HubSpot whose files do not wait for more."""

from __future__ import annotations

import pytest

from tests.emulator.hub import Hub
from tests.emulator.journal import Journal


@pytest.fixture
def hub() -> Hub:
    """Whoever reads finds everything that was written before."""
    hub = Hub(journal_linger_ms=0)
    hub.app()
    hub.portal()
    hub.install()
    return hub


@pytest.fixture
def journal(hub: Hub) -> Journal:
    return Journal(hub)
