"""For whoever watches over the processes: alive, ready, how it goes.

Answered ahead of everything that could refuse: a load balancer asks a process by its IP address, which is no
allowed host, and without a session.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cache

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from redis.backoff import NoBackoff
from redis.retry import Retry

from .metrics import metrics

OK = "ok"

_applied = threading.Event()


def healthz(_request: HttpRequest) -> HttpResponse:
    """200: this process answers. Says nothing about anything else, so that nobody restarts it for another's fault."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_request: HttpRequest) -> HttpResponse:
    """503 without the database or with migrations missing; 200 otherwise, `degraded` without Redis."""
    checks = {"database": _database(), "migrations": _migrations(), "redis": _redis()}
    is_ready = checks["database"] == checks["migrations"] == OK
    status = "unavailable" if not is_ready else OK if checks["redis"] == OK else "degraded"
    return JsonResponse({"status": status, "checks": checks}, status=200 if is_ready else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "away"
    return OK


def _migrations() -> str:
    """Only success is remembered: what is applied stays so for the life of this process, and looking is slow."""
    if not _applied.is_set():
        try:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return "missing"
        except DatabaseError:
            return "unknown"
        _applied.set()
    return OK


@cache
def _redis_client(url: str) -> redis.Redis:
    once = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=once)


def _redis() -> str:
    try:
        _redis_client(settings.REDIS_URL).ping()
    except redis.RedisError:
        return "degraded"
    return OK


PROBES: Mapping[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}


class ProbesMiddleware:
    """Answers the probes and passes everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        probe = PROBES.get(request.path_info)
        if probe is None:
            return self._get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = probe(request)
        response["Cache-Control"] = "no-store"
        return response
