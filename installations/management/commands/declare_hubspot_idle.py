"""Spare a new Redis its first wait: python manage.py declare_hubspot_idle."""

from __future__ import annotations

from typing import Any

from installations.management.kinds import WritingCommand
from installations.ratelimit import limiter


class Command(WritingCommand):
    help = (
        "Tell the rate limiter that nobody has called HubSpot for ten seconds. A limiter whose memory is new does not "
        "know, and waits them out. Only for whoever has just set up everything, as the demo does."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        limiter().declare_idle()
