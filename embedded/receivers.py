"""What ends an embedded view from elsewhere."""

from __future__ import annotations

from django.dispatch import receiver

from installations.bites import delete_in_bites
from installations.models import Portal
from installations.signals import erase_portal, portal_disconnected, signed_out_everywhere

from . import visits
from .models import CardVisit


@receiver(signed_out_everywhere)
def close_views(user_id: int, **_: object) -> None:
    visits.end_all_of(user_id)


@receiver(portal_disconnected)
def close_views_of_portal(portal: Portal, **_: object) -> None:
    """Its people are gone, so none would open: but nothing of them need wait for the purge."""
    CardVisit.objects.filter(portal=portal).delete()


@receiver(erase_portal)
def erase_visits(portal: Portal, **_: object) -> None:
    delete_in_bites(CardVisit.objects.filter(portal=portal))
