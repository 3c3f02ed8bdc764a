"""Whether PostgreSQL and Redis keep what is given to them. Asks them, so only with `check --database default`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.db import Error as DatabaseError
from django.db import connection

_OLDEST_POSTGRESQL = 15
_OLDEST_REDIS = (6, 2)
_FEWEST_CONNECTIONS = 30  # docs/operations.md: two web processes of four threads, four workers, beat, and as many again
_ASKED = ("server_version_num", "fsync", "synchronous_commit", "max_connections", "superuser_reserved_connections")


@register(Tags.database)
def check_postgresql(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Whether a webhook that was acknowledged survives a crash of the server."""
    if not databases:
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(_ASKED)])
            found = dict(cursor.fetchall())
    except DatabaseError:
        return []  # Django's own checks say so
    return list(of_postgresql(found))


def of_postgresql(found: Mapping[str, str]) -> Iterator[CheckMessage]:
    """Judge PostgreSQL's settings, as text by name."""
    if int(found["server_version_num"]) // 10_000 < _OLDEST_POSTGRESQL:
        hint = f"Upgrade to {_OLDEST_POSTGRESQL} or newer."
        yield Error("PostgreSQL is too old for this app.", hint=hint, id="hubapp.E028")
    for name in ("fsync", "synchronous_commit"):
        if found[name] == "off":
            kind = Caution if settings.DEVELOPMENT else Error
            hint = f"Set {name} = on in postgresql.conf. HubSpot does not send again what was acknowledged."
            yield kind(f"PostgreSQL runs with {name} off: a crash loses webhooks.", hint=hint, id="hubapp.E029")
    free = int(found["max_connections"]) - int(found["superuser_reserved_connections"])
    if free < _FEWEST_CONNECTIONS:
        hint = f"Raise max_connections: each web thread and each worker holds one or two, and there are {free}."
        yield Caution("PostgreSQL takes fewer connections than our processes open.", hint=hint, id="hubapp.W030")


@register(Tags.database)
def check_redis(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Whether the limiter's memory is safe. A Redis that does not answer is a warning: everything goes on without."""
    if not databases:
        return []
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as server:
            return list(of_redis(server.info()))
    except redis.RedisError as error:
        problem = f"Redis does not answer: {type(error).__name__}."
        hint = "Compare REDIS_URL. Without it calls go through a small allowance of each process' own."
        return [Caution(problem, hint=hint, id="hubapp.W031")]


def of_redis(info: Mapping[str, Any]) -> Iterator[CheckMessage]:
    """Judge what Redis tells of itself."""
    if tuple(int(part) for part in str(info["redis_version"]).split(".")[:2]) < _OLDEST_REDIS:
        hint = "Upgrade to 6.2 or newer, or to Valkey."
        yield Caution(f"Redis {info['redis_version']} is older than we were tested with.", hint=hint, id="hubapp.W032")
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        hint = "Set maxmemory-policy noeviction. What is thrown away is how often HubSpot was called."
        yield Error(f"Redis throws keys away when it is full ({policy}).", hint=hint, id="hubapp.E033")
