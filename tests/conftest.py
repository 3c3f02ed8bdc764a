"""Real PostgreSQL and Redis for the whole run, in a folder of this process that goes when it ends."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache

from demo import children
from demo.postgres import Postgres
from demo.redis import Redis
from tests.clock import Clock
from tests.hubspot import HubSpot, start_emulator
from tests.settings import PLACE

# What stands beside the tests asserts as well, and then says what it compared. Before any of it is imported.
pytest.register_assert_rewrite(*(f"tests.{room.name}" for room in Path(__file__).parent.iterdir() if room.is_dir()))


@pytest.fixture(scope="session", autouse=True)
def _place() -> Iterator[None]:
    yield
    shutil.rmtree(PLACE, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(_place: None) -> Iterator[Postgres]:
    """A server without fsync: these tests end processes, not the machine."""
    server = Postgres(PLACE / "postgres", PLACE, fsync=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(_place: None) -> Iterator[Redis]:
    server = Redis(PLACE / "redis", PLACE)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres: Postgres) -> None:
    """pytest-django asks for this before it makes the test database: so the server is up by then."""
    assert postgres.process is not None


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest) -> None:
    """The cache's table belongs to no model: tests that commit would leave it to each other."""
    marker = request.node.get_closest_marker("django_db")
    if marker is not None and marker.kwargs.get("transaction"):
        request.getfixturevalue("transactional_db")
        cache.clear()


@pytest.fixture(scope="session")
def _emulator(_place: None) -> Iterator[None]:
    process = start_emulator()
    yield
    children.stop(process)


@pytest.fixture
def hubspot(_emulator: None, redis_server: Redis) -> Iterator[HubSpot]:
    """An emulated HubSpot that knows our app and no accounts. Calls need the limiter, so Redis comes along."""
    found = HubSpot()
    found.reset()
    yield found
    found.http.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The app's time, to be moved forward. Django and every room ask `timezone.now()`."""
    return Clock(monkeypatch)


@pytest.fixture
def standing_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `time.time()` stand still: what is sent is looked at in the same millisecond, however busy the machine."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
