"""The emulator's own API under /_emulator: apps, portals, changes, time, faults, ledgers, snapshots."""

from __future__ import annotations
