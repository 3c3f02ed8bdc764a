"""What happens to lanes when a portal comes or goes."""

from __future__ import annotations

from django.dispatch import receiver
from django.utils import timezone

from installations.bites import delete_in_bites
from installations.models import Portal
from installations.signals import (
    calls_may_go_on,
    erase_portal,
    portal_connected,
    portal_disconnected,
    portal_needs_reconnect,
)

from . import signals
from .leaving import DISCONNECT
from .models import Lane, PortalWait


@receiver(portal_connected)
def wake_lanes(portal: Portal, **_: object) -> None:
    signals.unpark(portal.pk)


@receiver([portal_needs_reconnect, portal_disconnected])
def rest_lanes(portal: Portal, **_: object) -> None:
    signals.park(portal.pk)


@receiver(calls_may_go_on)
def hurry_lanes(portal_ids: list[int] | None, **_: object) -> None:
    signals.let_go_on(portal_ids)


@receiver(portal_disconnected)
def open_disconnect(portal: Portal, **_: object) -> None:
    signals.open_lane(portal.pk, DISCONNECT, due_at=timezone.now())


@receiver(erase_portal)
def drop_lanes(portal: Portal, **_: object) -> None:
    Lane.objects.filter(portal=portal).delete()
    delete_in_bites(PortalWait.objects.filter(portal=portal))
