from __future__ import annotations

from django.apps import AppConfig


class InstallationsConfig(AppConfig):
    name = "installations"

    def ready(self) -> None:
        from . import reconnect_mails  # noqa: F401 - connects its signal and registers its messages
