from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator import Emulator, Options
from emulator.limits import Limits
from hubspot_api import journal
from hubspot_api import journal_subscriptions as subscriptions
from hubspot_api.app_tokens import AppTokens
from hubspot_api.client import Client
from tests.hubspot_api.emulated import HUB, ORIGINS, Place, never_limited


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


@pytest.fixture
def app(place: Place) -> Client:
    """The app itself, installed in one account, whose contacts it hears of."""
    place.tokens()
    client = place.client(tokens=AppTokens(place.oauth(), journal.SCOPES))
    subscriptions.to_objects(client, HUB, "0-1")
    return client
