"""The lane that tells HubSpot of a disconnect: urgent, and awake while all other lanes of the portal rest."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from installations.errors import TryLater
from installations.leaving import disconnecting
from installations.models import Portal
from installations.ratelimit import WorkClass

from .kinds import LaneKind, register
from .slices import Slice
from .worker import backoff

DISCONNECT = "disconnect"


def work(turn: Slice) -> datetime | None:
    """Try once to uninstall; return when to try again, or None when it is over."""
    portal = Portal.objects.get(pk=turn.portal_id)
    if disconnecting.tell_hubspot(portal):
        return None
    raise TryLater("HubSpot does not answer.", timezone.now() + backoff(turn.claim.failures + 3))


register(LaneKind(DISCONNECT, WorkClass.URGENT, work))
