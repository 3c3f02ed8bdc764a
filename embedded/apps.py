from __future__ import annotations

from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    name = "embedded"

    def ready(self) -> None:
        from . import receivers  # noqa: F401 - connects its signals
