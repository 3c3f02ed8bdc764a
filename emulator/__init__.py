"""A HubSpot that runs on a laptop. Shares no code with the app."""

from __future__ import annotations
