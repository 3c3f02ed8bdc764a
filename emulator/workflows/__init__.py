"""Workflows: enrolled records, one after the other through a list of actions, and what goes over the wire for it."""

from __future__ import annotations
