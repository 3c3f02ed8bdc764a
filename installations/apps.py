from __future__ import annotations

from django.apps import AppConfig


class InstallationsConfig(AppConfig):
    name = "installations"

    def ready(self) -> None:
        from .credentials import reconnect_mails, rotation_mails  # noqa: F401 - register messages, connect a signal
        from .leaving import farewell_mails  # noqa: F401 - registers messages
        from .people import access_mails  # noqa: F401 - register messages, connect a signal
