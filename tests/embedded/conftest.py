from __future__ import annotations

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _card(settings: Settings) -> None:
    settings.HUBSPOT_APP_CARD = True
