"""Disconnect: stop at once, uninstall at HubSpot, destroy the keys. The data goes later: see erasing."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from hubspot_api.errors import HubSpotError

from ..audit import record
from ..clients import client_for
from ..errors import PortalNotConnected, TryLater
from ..models import Portal
from ..ratelimit import WorkClass
from . import farewell_mails
from .ending import finish, stop
from .uninstalling import uninstall

logger = logging.getLogger(__name__)

TELL_HUBSPOT_FOR = timedelta(hours=1)
PRIVATE_APP_STAYS = (
    "Our copy of the private app's token was destroyed. In HubSpot the token works on: delete the private app there, "
    "or rotate its token."
)


def begin(portal: Portal, actor: str, *, destroy_now: bool = False) -> None:
    """Disconnect a portal: its people and lanes stop now, its tokens are destroyed once HubSpot knows, or at once.

    A private app cannot be uninstalled: what we can do is to destroy our copy of its token.
    """
    with transaction.atomic():
        portal = Portal.objects.select_for_update().get(pk=portal.pk)
        if portal.state not in {Portal.State.ACTIVE, Portal.State.NEEDS_RECONNECT}:
            return  # somebody else was quicker
        record(portal, actor, farewell_mails.DISCONNECTED_BY, "Access destroyed at once." if destroy_now else "")
        farewell_mails.tell_of_disconnect(portal)
        stop(portal, "HubSpot is being told.")
        if portal.is_private_app:
            finish(portal, PRIVATE_APP_STAYS)
        elif destroy_now:
            finish(portal, "Our access was destroyed without telling HubSpot; remove the app there if it is listed.")


def tell_hubspot(portal: Portal) -> bool:
    """Uninstall the app at HubSpot and finish; False when it has to be tried again.

    HubSpot refusing our token means that it is uninstalled already. After an hour of trying our access is destroyed
    in any case: whether HubSpot fails, the limiter is full, or our token cannot be renewed or opened.
    """
    if portal.state != Portal.State.DISCONNECTING:
        return True
    try:
        uninstall(client_for(portal, WorkClass.URGENT), portal.hub_id, is_wanted=lambda: _is_disconnecting(portal))
        reason = "The app was uninstalled."
    except PortalNotConnected:
        reason = "The app was uninstalled in HubSpot before."
    except (HubSpotError, TryLater) as error:
        logger.warning("%s: HubSpot could not be told of the disconnect: %s", portal, error)
        if timezone.now() < portal.state_changed_at + TELL_HUBSPOT_FOR:
            return False
        reason = "HubSpot could not be told; remove the app there."
    with transaction.atomic():
        finish(Portal.objects.select_for_update().get(pk=portal.pk), reason)
    return True


def _is_disconnecting(portal: Portal) -> bool:
    return Portal.objects.filter(pk=portal.pk, state=Portal.State.DISCONNECTING).exists()
