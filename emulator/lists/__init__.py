"""Lists, which HubSpot's pages call segments: who is on them, why, and what that follows from."""

from __future__ import annotations
