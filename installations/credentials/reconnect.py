"""A portal whose tokens are of no use any more waits for its people."""

from __future__ import annotations

from ..models import Portal
from ..signals import portal_needs_reconnect


def require(portal: Portal, reason: str) -> None:
    """Let work rest until somebody connects a portal again, in the transaction of a caller who holds its row."""
    portal.move_to(Portal.State.NEEDS_RECONNECT, reason)
    portal_needs_reconnect.send(Portal, portal=portal)
