"""HubSpot over HTTP: its API, its consent page, its pages for people, and the emulator's own control API."""

from __future__ import annotations
