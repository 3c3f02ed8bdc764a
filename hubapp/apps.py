from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class HubappConfig(AppConfig):
    name = "hubapp"
    default = True

    def ready(self) -> None:
        from . import checks  # noqa: F401 - registers them
        from .staff import journal, places, visits  # noqa: F401 - they connect their signals


class ConsoleConfig(admin_apps.AdminConfig):
    """Django's admin with our site in place of its own. Loads every room's `admin.py`."""

    default_site = "hubapp.console.ConsoleSite"
    default = False
