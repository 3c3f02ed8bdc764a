"""Ids as they come in addresses, filters and values: texts that should be numbers."""

from __future__ import annotations

# Python reads no numbers of thousands of digits, and no id needs more than these.
_LONGEST = 18


def id_of(text: str) -> int | None:
    """Nothing but plain digits names an id: "²" is a digit too, to `str.isdigit`, and no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else None
