"""What happens to a portal's inbox when the portal comes or goes."""

from __future__ import annotations

from django.dispatch import receiver

from installations.bites import delete_in_bites
from installations.models import Portal
from installations.signals import erase_portal, portal_connected
from lanes.signals import open_lane

from . import quarantine
from .models import EVENTS, Event, Failure


@receiver(portal_connected)
def open_inbox(portal: Portal, **_: object) -> None:
    open_lane(portal.pk, EVENTS)
    quarantine.adopt(portal)


@receiver(erase_portal)
def erase_inbox(portal: Portal, **_: object) -> None:
    delete_in_bites(Failure.objects.filter(portal=portal))
    delete_in_bites(Event.objects.filter(portal=portal))
    if not Portal.objects.live().filter(hub_id=portal.hub_id).exists():  # else those that wait are somebody else's
        delete_in_bites(Event.objects.filter(portal=None, hub_id=portal.hub_id))
