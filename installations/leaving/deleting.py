"""Delete one portal now instead of in thirty days: disconnect it, tell HubSpot, erase what is held.

Each step is a state that the portal's row goes through, so a run that is killed is simply started again; and what the
app does by itself (the lane that tells HubSpot, the hourly eraser) goes the same way.
"""

from __future__ import annotations

import logging
import time

from django.db import transaction
from django.utils import timezone

from ..models import Portal
from . import disconnecting, ending, erasing

TELL_HUBSPOT_TIMES = 3
PAUSE_S = 2.0

logger = logging.getLogger(__name__)


def those_of(hub_id: int) -> list[Portal]:
    """Return the account's installations of which more than the proof of their erasure is left, the latest last."""
    return list(Portal.objects.filter(hub_id=hub_id).exclude(state=Portal.State.ERASED).order_by("pk"))


def delete(portal: Portal, actor: str) -> str:
    """Delete an installation and everything held about it; return what HubSpot knows of that, in a sentence."""
    disconnecting.begin(portal, actor)
    portal.refresh_from_db()
    for attempt in range(TELL_HUBSPOT_TIMES):
        if disconnecting.tell_hubspot(portal):
            break
        if attempt + 1 < TELL_HUBSPOT_TIMES:
            time.sleep(PAUSE_S)
    told = _finish(portal)
    erasing.erase(portal)
    return told


def _finish(portal: Portal) -> str:
    """End a disconnect of which HubSpot could not be told, and make the portal's erasure due."""
    with transaction.atomic():
        found = Portal.objects.select_for_update().get(pk=portal.pk)
        ending.finish(found, "HubSpot could not be told; remove the app there.")
        Portal.objects.filter(pk=found.pk, state=Portal.State.DISCONNECTED).update(erase_at=timezone.now())
    return found.state_reason
