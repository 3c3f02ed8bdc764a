"""A HubSpot that runs on a laptop. Shares no code with the app."""

from __future__ import annotations

from emulator.world import Emulator, Options

__all__ = ["Emulator", "Options"]
