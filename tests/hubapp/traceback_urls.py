"""The app's addresses, and some that fail with secrets at hand."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from hubapp.urls import urlpatterns as ours
from hubspot_api.secret import Secret

TOKEN = "CKdP5qv7MxICAQIYl8CzFCD1-token-in-a-variable"
RECORD = "a-contact-of-somebody@example.com"


def fail(request: HttpRequest) -> NoReturn:
    """With everything in variables that a view may hold."""
    code, state = request.GET.get("code"), request.GET.get("state")
    held: dict[str, Any] = {"access_token": TOKEN, "nested": [{"refresh": TOKEN}], "raw": TOKEN.encode()}
    held |= {"typed": Secret(TOKEN), "from": f"Bearer {TOKEN}", "record": {"email": RECORD}}
    key, cookies, posted, attempts = settings.SECRET_KEY, request.COOKIES, request.POST, 3
    sizes = [len(one) for one in (held, key, cookies, posted)]
    raise LookupError(f"Nothing for {code!r} and {state!r} after {attempts}: {sizes}")


def fail_in_template(request: HttpRequest) -> HttpResponse:
    return render(request, "no_such_template.html", {"token": TOKEN})


def fail_from_another(request: HttpRequest) -> NoReturn:
    try:
        fail(request)
    except LookupError as error:
        raise RuntimeError(request.GET.get("code")) from error


urlpatterns = [
    *ours,
    path("fails/", fail),
    path("fails/template/", fail_in_template),
    path("fails/again/", fail_from_another),
]
