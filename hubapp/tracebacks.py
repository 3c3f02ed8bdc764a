"""Django's own pages about errors, for developers (`TRACEBACKS`), without the values that they are known for.

They show where it went wrong, and of what kind each variable is. Cookies, queries, forms, headers and settings are
named without their values: a developer's screen is shared, and its text pasted, with live tokens in it otherwise.
"""

from __future__ import annotations

import html
from collections.abc import Callable, ItemsView
from datetime import date, timedelta
from enum import Enum
from types import FrameType, FunctionType, NoneType
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from .scrubbing import MASK, scrub

_SHOWN = (bool, int, float, NoneType, date, timedelta, UUID, Enum)  # can hold no secret
_SHOWN_HEADERS = {
    *("REQUEST_METHOD", "PATH_INFO", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "REMOTE_ADDR"),
    *("CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_HOST", "HTTP_ACCEPT", "HTTP_USER_AGENT", "HTTP_HX_REQUEST"),
}
_LEAST = 6  # shorter values would take words out of every line


class Kind:
    """A local variable, shown by its value only where that can hold no secret."""

    def __init__(self, value: object) -> None:
        self._words = _in_words(value)

    def __repr__(self) -> str:
        return self._words


def _in_words(value: object) -> str:
    if isinstance(value, _SHOWN):
        return repr(value)
    name = type(value).__name__
    if isinstance(value, (str, bytes, list, tuple, dict, set, frozenset)):
        return f"{name} of {len(value)}"
    if isinstance(value, Model):
        return f"{name} {value.pk}"
    return value.__qualname__ if isinstance(value, (type, FunctionType)) else name


class NamesOnly(SafeExceptionReporterFilter):
    """What is told of a request and of a frame: names, hardly any values."""

    def get_safe_settings(self) -> dict[str, Any]:
        return {}

    def get_safe_request_meta(self, request: HttpRequest) -> dict[str, Any]:
        meta = getattr(request, "META", {})
        return {name: value if name in _SHOWN_HEADERS else MASK for name, value in meta.items()}

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        return dict.fromkeys(getattr(request, "COOKIES", {}), MASK)

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return dict.fromkeys(request.POST if request else {}, MASK)

    def get_traceback_frame_variables(self, _request: HttpRequest, tb_frame: FrameType) -> ItemsView[str, Any]:
        return {name: Kind(value) for name, value in tb_frame.f_locals.items()}.items()


class ScrubbedReporter(ExceptionReporter):
    """The page about an exception. Texts of exceptions are shown, scrubbed like a line of the log."""

    def get_traceback_data(self) -> dict[str, Any]:
        data: dict[str, Any] = super().get_traceback_data() | {"unicode_hint": ""}
        if self.request is not None:
            data["request_GET_items"] = [(name, MASK) for name in self.request.GET]
            data["request_insecure_uri"] = self.request.path
        return data

    def get_traceback_html(self) -> SafeString:
        return SafeString(_masked(super().get_traceback_html(), self.request))

    def get_traceback_text(self) -> SafeString:
        return SafeString(_masked(super().get_traceback_text(), self.request))


class TracebackMiddleware:
    """Scrubs Django's page about an unknown address too, which shows the query: a mistyped redirect URL has a code."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.DEBUG:
            raise MiddlewareNotUsed
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if response.status_code == 404 and not response.streaming:
            content = _masked(response.content.decode(), request)  # type: ignore[attr-defined]
            response.content = content.encode()  # type: ignore[attr-defined]
        return response


def _masked(text: str, request: HttpRequest | None) -> str:
    """Take out what the request brought along, however it got there, and what looks like a secret."""
    for value in _brought(request) if request else ():
        for look in {value, html.escape(value), repr(value)[1:-1], html.escape(repr(value)[1:-1])}:
            text = text.replace(look, MASK)
    return scrub(text)


def _brought(request: HttpRequest) -> list[str]:
    """Return the values of a request's query, form, cookies and headers, the longest first."""
    fields = [value for given in (request.GET, request.POST) for _, values in given.lists() for value in values]
    headers = [str(value) for name, value in request.META.items() if name not in _SHOWN_HEADERS and _is_sent(name)]
    values = {*map(str, fields), *request.COOKIES.values(), *headers}
    return sorted((value for value in values if len(value) >= _LEAST), key=len, reverse=True)


def _is_sent(name: str) -> bool:
    return name.startswith("HTTP_") or name == "QUERY_STRING"
