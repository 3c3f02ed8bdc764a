"""Bad days at HubSpot, by name: each made of faults, limits, time and changes, the same for the same seed."""

from __future__ import annotations
