"""Write down who did what to an installation."""

from __future__ import annotations

from .models import AuditEntry, Portal

SYSTEM = "hubapp"


def record(portal: Portal | None, actor: str, action: str, detail: str = "") -> None:
    """Add an entry. `action` is a verb in the past: "installed", "let in", "asked to disconnect".

    Without a portal: what concerned them all.
    """
    AuditEntry.objects.create(portal=portal, actor=actor, action=action, detail=detail)
