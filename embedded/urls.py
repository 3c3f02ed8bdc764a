from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("embedded/card", views.card, name="app_card"),
    path("embedded/card/view", views.offer_view, name="offer_embedded_view"),
    path("embedded/view", views.view, name="embedded_view"),
]
