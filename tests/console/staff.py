"""Members of staff, their browsers and second factors, for tests."""

from __future__ import annotations

import hmac
import re
import struct
import time
from base64 import b32decode
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

PASSWORD = "correct horse battery staple"


def make_staff(username: str = "alice") -> User:
    """Not a superuser: whoever is staff may use the console."""
    return User.objects.create_user(username, password=PASSWORD, is_staff=True)


def sign_in(client: Client, user: User) -> None:
    """Sign in without the form: the session lands in the cookie that staff pages read."""
    client.force_login(user)
    client.cookies[settings.STAFF_SESSION_COOKIE_NAME] = client.cookies.pop(settings.SESSION_COOKIE_NAME).value


def addresses(prefix: str) -> list[str]:
    """Every address below a prefix, from the URL configuration, with something in place of its parameters."""
    found = sorted({_filled(route) for route in _routes(get_resolver().url_patterns, "") if route.startswith(prefix)})
    assert found
    return found


def _routes(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield "/" + route


def _filled(route: str) -> str:
    for pattern, value in ((r"\^\(\?P<app_label>.*", "lanes/"), (r"\(\?P<url>.*", "nothing/"), (r"<[^>]+>", "1")):
        route = re.sub(pattern, value, route)
    return route


def one_time_code(secret: str) -> str:
    """What an authenticator app shows (RFC 6238). It is still taken half a minute after it has changed."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(b32decode(secret), counter, "sha1")
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"
