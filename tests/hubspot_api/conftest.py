from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator import Emulator, Options
from emulator.limits import Limits
from tests.hubspot_api.emulated import ORIGINS, Place, never_limited


@pytest.fixture
def place() -> Iterator[Place]:
    here = Place(Emulator(Options(ORIGINS), limits=never_limited()))
    yield here
    here.web.close()


@pytest.fixture
def busy() -> Iterator[Place]:
    """The same, at a moment that does not pass for its limits."""
    here = Place(Emulator(Options(ORIGINS), limits=Limits(now=lambda: 0.0)))
    yield here
    here.web.close()
