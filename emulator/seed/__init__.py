"""Believable data, random but always the same for the same seed."""

from __future__ import annotations
