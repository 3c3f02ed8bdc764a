"""The emulator, rule by rule."""

from __future__ import annotations
