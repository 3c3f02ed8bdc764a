"""Whether somebody can still look after the portals that are connected by a private app's token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as Caution
from django.db import Error as DatabaseError

from installations.models import Portal


@register(Tags.database)
def check_private_apps(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Switched off, those that are there go on: but when a token is rotated, nobody can put in the new one."""
    if not databases or settings.PRIVATE_APP_TOKENS:
        return []
    try:
        count = Portal.objects.live().filter(connection=Portal.Connection.PRIVATE_APP).count()
    except DatabaseError:
        return []  # said by others: not there, or not migrated yet
    if not count:
        return []
    hint = "Set PRIVATE_APP_TOKENS=1, or disconnect them."
    problem = f"{count} portals are connected by a private app's token, and nobody can replace one."
    return [Caution(problem, hint=hint, id="hubapp.W043")]
