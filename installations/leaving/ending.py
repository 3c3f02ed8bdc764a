"""End an installation: its people and lanes stop, its keys are destroyed. The data goes later: see erasing."""

from __future__ import annotations

from ..audit import SYSTEM, record
from ..credentials.vault import destroy_data_key
from ..models import Credential, Portal
from ..signals import portal_disconnected
from . import farewell_mails


def stop(portal: Portal, reason: str) -> None:
    """End the sessions and the work of a portal, in the transaction of a caller who holds its row."""
    portal.move_to(Portal.State.DISCONNECTING, reason)
    portal.memberships.all().delete()
    portal_disconnected.send(Portal, portal=portal)


def finish(portal: Portal, reason: str) -> None:
    """Destroy a disconnecting portal's keys and set the date of its erasure."""
    if portal.state != Portal.State.DISCONNECTING:
        return  # done before
    destroy_data_key(portal)
    Credential.objects.filter(portal=portal).delete()
    portal.move_to(Portal.State.DISCONNECTED, reason)
    record(portal, SYSTEM, "destroyed our access", reason)


def uninstalled(portal: Portal) -> None:
    """End an installation that HubSpot has ended, in the transaction of a caller who holds its row."""
    record(portal, SYSTEM, "noticed the uninstall", "HubSpot's journal tells of it, and HubSpot refuses our tokens.")
    farewell_mails.tell_of_uninstall(portal)
    stop(portal, "The app was uninstalled in HubSpot.")
    finish(portal, "The app was uninstalled in HubSpot.")
