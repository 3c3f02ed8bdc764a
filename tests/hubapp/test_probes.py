from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from pytest_django import Settings

from demo.redis import Redis
from hubapp import probes

CLOSED_PORT = 1  # nobody listens there


@pytest.fixture(autouse=True)
def _look_anew() -> None:
    probes._applied.clear()


def readiness(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/readyz")
    return answer.status_code, json.loads(answer.content)


def test_a_process_that_answers_is_alive_whatever_else_is_not(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_ready_when_all_is_there(client: Client, redis_server: Redis) -> None:
    checks = {"database": "ok", "migrations": "ok", "redis": "ok"}
    assert readiness(client) == (200, {"status": "ok", "checks": checks})


@pytest.mark.django_db
def test_without_redis_work_goes_on_so_the_process_is_ready(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{CLOSED_PORT}/0"
    status, said = readiness(client)
    assert (status, said["status"], said["checks"]["redis"]) == (200, "degraded", "degraded")


@pytest.mark.django_db
def test_without_the_database_it_is_not_ready(client: Client, redis_server: Redis) -> None:
    closed = connections["default"].copy()
    closed.settings_dict = closed.settings_dict | {"HOST": "127.0.0.1", "PORT": CLOSED_PORT}
    ours = connections["default"]
    connections["default"] = closed
    try:
        status, said = readiness(client)
    finally:
        connections["default"] = ours
    assert status == 503
    assert said == {
        "status": "unavailable",
        "checks": {"database": "away", "migrations": "unknown", "redis": "ok"},
    }


@pytest.mark.django_db
def test_with_a_migration_missing_it_is_not_ready(client: Client, redis_server: Redis) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'crm'")
    status, said = readiness(client)
    assert (status, said["checks"]["migrations"]) == (503, "missing")


@pytest.mark.django_db
def test_migrations_that_are_applied_are_not_looked_for_again(
    client: Client, redis_server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    readiness(client)
    monkeypatch.delattr(probes, "MigrationExecutor")
    assert readiness(client)[0] == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_answered_to_any_host_without_cookies_or_redirects(
    client: Client, settings: Settings, redis_server: Redis, path: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get(path, headers={"host": "10.1.2.3:8000"})
    assert answer.status_code == 200
    assert not answer.cookies
    assert answer["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_probes_change_nothing(client: Client) -> None:
    assert client.post("/readyz").status_code == 405
