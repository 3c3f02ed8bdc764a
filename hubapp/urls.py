"""Every address of the app but the probes', which are answered ahead of all others: see hubapp.probes."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("installations.urls")),
    path("", include("webhooks.urls")),
    path("", include("crm.urls")),
    path("", include("embedded.urls")),
    path("staff/", include("hubapp.staff.urls")),
    path("admin/", admin.site.urls),
]
