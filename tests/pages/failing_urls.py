"""The app's addresses, and one that fails."""

from __future__ import annotations

from typing import NoReturn

from django.http import HttpRequest
from django.urls import path

from hubapp.urls import urlpatterns as ours


def fail(_request: HttpRequest) -> NoReturn:
    raise RuntimeError("a secret that no page shows")


urlpatterns = [*ours, path("fails/", fail)]
