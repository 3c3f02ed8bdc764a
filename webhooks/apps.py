from __future__ import annotations

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"

    def ready(self) -> None:
        from installations.leaving import exporting

        from . import dispatch, export, receivers  # noqa: F401 - registers the lane kind, connects its signals
        from .journal import lifecycle, ticking  # noqa: F401 - registers its kinds, and its reader to be called

        exporting.register("webhooks", export.of_installation)
