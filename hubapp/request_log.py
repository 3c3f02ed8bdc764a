"""Name every request and write a line when it is answered: no query, no cookie, no body."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from installations import log_context

logger = logging.getLogger("hubapp.requests")

_QUIET = ("/healthz", "/readyz", "/metrics", "/static/")  # asked all day long


class RequestLogMiddleware:
    """Sets `X-Request-ID` on the answer. An id that the request brings is not believed: anybody can send one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        with log_context.request(uuid.uuid4().hex):
            response = self._get_response(request)
            response["X-Request-ID"] = log_context.request_id()
            _log(request, response, time.perf_counter() - started)
        return response


def _log(request: HttpRequest, response: HttpResponseBase, took_s: float) -> None:
    level = logging.DEBUG if request.path.startswith(_QUIET) else logging.INFO
    facts = {
        "method": request.method,
        "path": request.path[:500],
        "status": response.status_code,
        "duration_ms": round(took_s * 1000, 1),
    }
    logger.log(level, "%(method)s %(path)s → %(status)s in %(duration_ms)s ms", facts, extra=facts)
