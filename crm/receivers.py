"""What happens to a portal's mirror when the portal comes or goes."""

from __future__ import annotations

from django.dispatch import receiver
from django.utils import timezone

from installations.bites import delete_in_bites
from installations.models import Portal
from installations.signals import erase_portal, portal_connected, scopes_changed
from lanes.signals import bring_forward, open_lane, signal

from . import availability
from .backfill import BACKFILL
from .models import Association, Change, ClosedFeature, FeedHead, Owner, Property, Record, Sync
from .object_types import OBJECT_TYPES
from .reconcile import RECONCILE


@receiver(portal_connected)
def open_mirror(portal: Portal, **_: object) -> None:
    """Begin the first sync; after a reconnect, go on where it stopped, catch up, and read everything again."""
    availability.open_by_scopes(portal)
    for object_type in OBJECT_TYPES:
        open_lane(portal.pk, BACKFILL, object_type.id, due_at=timezone.now())
    open_lane(portal.pk, RECONCILE, due_at=timezone.now())
    signal([portal.pk], BACKFILL)


@receiver(scopes_changed)
def follow_scopes(portal: Portal, **_: object) -> None:
    """Stop what is not granted any more, and begin with what is now: without being refused first."""
    availability.open_by_scopes(portal)
    bring_forward(portal.pk, RECONCILE, timezone.now())
    signal([portal.pk], BACKFILL)


@receiver(erase_portal)
def erase_mirror(portal: Portal, **_: object) -> None:
    for model in (Association, Change, Record, FeedHead, Property, Owner, ClosedFeature, Sync):
        delete_in_bites(model._default_manager.filter(portal=portal))
