from __future__ import annotations

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"

    def ready(self) -> None:
        from installations import exporting

        from . import dispatch, export, receivers  # noqa: F401 - registers the lane kind, connects its signals

        exporting.register("webhooks", export.of_installation)
