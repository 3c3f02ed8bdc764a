"""How staff sign in: apart from portal users, throttled, with a second factor."""

from __future__ import annotations
