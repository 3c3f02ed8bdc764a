"""The project's addresses, and a portal page whose view does not say which role it needs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def _silent(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("secret")


urlpatterns = [path("", include("hubapp.urls")), path("portals/<int:hub_id>/silent/", _silent)]
