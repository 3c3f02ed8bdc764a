from __future__ import annotations

from django.apps import AppConfig


class HubappConfig(AppConfig):
    name = "hubapp"
