from __future__ import annotations

from django.urls import path

from . import portal_views, views

urlpatterns = [
    path("webhooks/hubspot", views.receive, name="receive_webhooks"),
    path("portals/<int:hub_id>/activity/", portal_views.activity, name="activity"),
]
