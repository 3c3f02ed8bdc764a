"""What HubSpot's journal tells of an installation. An uninstall is believed once HubSpot refuses our tokens as well.

An entry may be old, repeated or out of order, and its account may have installed the app again meanwhile; to believe
it would destroy a working connection. And an uninstall can take half an hour to come into force
(HubSpot's knowledge base, "Manage access to apps"), so one that our tokens outlive is only doubted for a while.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from ..clients import prove
from ..errors import PortalNotConnected
from ..models import Credential, Portal
from . import ending

logger = logging.getLogger(__name__)

SKEW = timedelta(minutes=5)  # HubSpot's clock and ours: one this much older than a consent may still be newer
TAKES = timedelta(minutes=40)  # until an uninstall is in force at the latest
_SOONEST, _LATEST = timedelta(minutes=1), timedelta(minutes=10)  # between two looks


def note_uninstall(hub_id: int, at: datetime) -> Portal | None:
    """Note that the app is said to be uninstalled since `at`; return the portal that has to be looked into.

    In a transaction of the caller's. None: no installation is concerned, or it is newer than that. A private app of
    the account's own is another app.
    """
    portal = Portal.objects.live().select_for_update().filter(hub_id=hub_id).first()
    if portal is None or portal.is_private_app or portal.state == Portal.State.DISCONNECTING:
        return None
    if at < portal.consented_at - SKEW:
        logger.info("%s was uninstalled in HubSpot at %s, and has been connected since.", portal, at.isoformat())
        return None
    portal.uninstall_told_at = at
    portal.save(update_fields=["uninstall_told_at"])
    return portal


def note_install(hub_id: int, at: datetime) -> None:
    """Note that the app is said to be installed since `at`: whatever was told before is over. Connects nobody."""
    doubted = Portal.objects.live().filter(hub_id=hub_id, uninstall_told_at__lte=at)
    if doubted.update(uninstall_told_at=None):
        logger.info("Account %s has installed the app again in HubSpot.", hub_id)


def look_into(portal_id: int) -> datetime | None:
    """Find out whether a portal is uninstalled as we were told, and end it if so; return when to look again.

    None: it is settled. Raises TryLater when HubSpot cannot be asked now.
    """
    portal = Portal.objects.get(pk=portal_id)
    told_at = portal.uninstall_told_at
    if told_at is None or _end_if_refused(portal_id):
        return None
    try:
        prove(portal)
    except PortalNotConnected:
        return None  # ended by whoever was refused: see refusals
    age = timezone.now() - told_at
    if age < TAKES:
        return timezone.now() + min(max(age, _SOONEST), _LATEST)
    if Portal.objects.filter(pk=portal_id, uninstall_told_at=told_at).update(uninstall_told_at=None):
        logger.warning("%s was said to be uninstalled at %s, but its tokens work.", portal, told_at.isoformat())
    return None


def _end_if_refused(portal_id: int) -> bool:
    """End a portal whose tokens HubSpot has refused already; True too if somebody else ended it."""
    with transaction.atomic():
        portal = Portal.objects.select_for_update().get(pk=portal_id)
        if portal.state not in {Portal.State.ACTIVE, Portal.State.NEEDS_RECONNECT} or not portal.uninstall_told_at:
            return True
        refused = Credential.objects.filter(portal=portal, refused_at__isnull=False).exists()
        if portal.state != Portal.State.NEEDS_RECONNECT and not refused:
            return False
        ending.uninstalled(portal)
    return True
