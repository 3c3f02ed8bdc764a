"""Write down who did what to an installation."""

from __future__ import annotations

import os
from getpass import getuser

from .models import AuditEntry, Portal

SYSTEM = "hubapp"


def record(portal: Portal | None, actor: str, action: str, detail: str = "") -> None:
    """Add an entry. `action` is a verb in the past: "installed", "let in", "asked to disconnect".

    Without a portal: what concerned them all.
    """
    AuditEntry.objects.create(portal=portal, actor=actor, action=action, detail=detail)


def operator() -> str:
    """Return how whoever runs a command on the server is named in the audit entries."""
    try:
        name = getuser()
    except (KeyError, OSError):  # in a container a user may have no name
        name = f"user {os.getuid()}"
    return f"{name} at the command line"
