from __future__ import annotations

import pytest

from demo.redis import Redis
from installations.models import Portal

from .furniture import furnished


@pytest.fixture(autouse=True)
def _limiter(redis_server: Redis) -> None:
    """The overview shows what the limiter says."""


@pytest.fixture
def portal(db: None) -> Portal:
    return furnished()
