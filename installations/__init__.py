"""Portals, their credentials and people: install, vault, refresh, sign-in, roles, the rate limiter."""

from __future__ import annotations
