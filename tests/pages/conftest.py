from __future__ import annotations

import pytest

from demo.redis import Redis
from installations.models import Portal
from tests.browser.conftest import browser

from .furniture import furnished

__all__ = ["browser"]  # the fixture


@pytest.fixture(autouse=True)
def _limiter(redis_server: Redis) -> None:
    """The overview shows what the limiter says."""


@pytest.fixture
def portal(db: None) -> Portal:
    return furnished()
