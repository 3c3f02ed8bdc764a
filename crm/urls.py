from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("portals/<int:hub_id>/", views.overview, name="portal"),
    path("portals/<int:hub_id>/records/<str:plural>/", views.records, name="records"),
    path("portals/<int:hub_id>/records/<str:plural>/<int:record_id>/", views.record, name="record"),
]
