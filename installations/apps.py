from __future__ import annotations

from django.apps import AppConfig


class InstallationsConfig(AppConfig):
    name = "installations"

    def ready(self) -> None:
        from . import access_mails, reconnect_mails, rotation_mails  # noqa: F401 - register messages, connect a signal
