"""Every address of the app."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("installations.urls")),
    path("", include("webhooks.urls")),
    path("", include("crm.urls")),
]
