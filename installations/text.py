"""HubSpot's text as PostgreSQL can keep it."""

from __future__ import annotations


def storable(value: str) -> str:
    """Neither text nor jsonb holds NUL or half a surrogate pair: such characters become the replacement character."""
    return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
