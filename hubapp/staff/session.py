"""A session of their own for staff pages, so that signing in or out on one side never touches the other.

Both cookies belong to the whole site, as their `__Host-` names demand; which one is read depends on the address.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.messages.storage.base import BaseStorage
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse

STAFF_PATHS = ("/admin/", "/staff/")


class TwoSessionsMiddleware(SessionMiddleware):
    """Django's, with the staff cookie in place of the visitors' on staff pages."""

    def process_request(self, request: HttpRequest) -> None:
        if is_for_staff(request):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
            if settings.STAFF_SESSION_COOKIE_NAME in request.COOKIES:
                request.COOKIES[settings.SESSION_COOKIE_NAME] = request.COOKIES[settings.STAFF_SESSION_COOKIE_NAME]
        super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        if is_for_staff(request) and settings.SESSION_COOKIE_NAME in response.cookies:
            _rename_cookie(response)
        return response


class _MessageCookie(CookieStorage):
    """Django's, under a name that browsers accept from this very host only."""

    cookie_name = settings.MESSAGE_COOKIE_NAME


class _VisitorMessages(FallbackStorage):
    """What fits into the cookie waits there, so that somebody who has just signed out needs no session for it."""

    storage_classes = (_MessageCookie, SessionStorage)


def message_storage(request: HttpRequest) -> BaseStorage:
    """Messages for staff wait in their session: in a cookie of its own they would show on portal pages."""
    return SessionStorage(request) if is_for_staff(request) else _VisitorMessages(request)


def is_for_staff(request: HttpRequest) -> bool:
    return request.path_info.startswith(STAFF_PATHS)


def _rename_cookie(response: HttpResponse) -> None:
    ours = response.cookies.pop(settings.SESSION_COOKIE_NAME)
    response.cookies[settings.STAFF_SESSION_COOKIE_NAME] = ours.value
    renamed = response.cookies[settings.STAFF_SESSION_COOKIE_NAME]
    renamed.update({name: value for name, value in ours.items() if value != ""})
