from __future__ import annotations

from django.apps import AppConfig


class LanesConfig(AppConfig):
    name = "lanes"

    def ready(self) -> None:
        from . import receivers  # noqa: F401 - connects its signals
