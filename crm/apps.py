from __future__ import annotations

from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "crm"

    def ready(self) -> None:
        from installations.leaving import exporting
        from webhooks import handlers

        from . import export, receivers  # noqa: F401 - connects its signals, registers the lane kinds
        from .handler import MirrorHandler

        handlers.register(MirrorHandler())
        exporting.register("crm", export.of_installation)
