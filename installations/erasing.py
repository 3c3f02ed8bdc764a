"""Erase what is held about a portal: in small bites, each committed, so that a large one locks nothing for long.

A run that is killed half way goes on with the next: the row that remains says "erased" only when nothing else is left.
"""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from .bites import delete_in_bites
from .models import ApiCall, AuditEntry, Credential, Mail, Portal, erase_due
from .signals import erase_portal, portal_disconnected
from .vault import destroy_data_key

logger = logging.getLogger(__name__)


def erase_those_due() -> int:
    """Erase every portal whose date has come; return how many. One that fails does not keep the others waiting."""
    erased = 0
    for portal in erase_due(timezone.now()):
        try:
            erased += erase(portal)
        except Exception:
            logger.exception("Portal %s could not be erased; it is tried again.", portal.hub_id)
    return erased


def erase(portal: Portal) -> bool:
    """Delete everything about an installation that is due, but the row that proves it. Safe to run again when killed.

    False: it is not due, somebody has connected it again in time.
    """
    if not _stop(portal):
        return False
    erase_portal.send(Portal, portal=portal)
    delete_in_bites(ApiCall.objects.filter(portal=portal))
    delete_in_bites(AuditEntry.objects.filter(portal=portal))
    delete_in_bites(Mail.objects.filter(portal=portal))
    with transaction.atomic():
        portal.memberships.all().delete()
        portal.move_to(Portal.State.ERASED)
        portal.name = portal.installed_by_email = ""
        portal.erased_at = timezone.now()
        portal.save(update_fields=["name", "installed_by_email", "erased_at"])
    logger.info("Portal %s is erased.", portal.hub_id)
    return True


def _stop(portal: Portal) -> bool:
    """Destroy the keys first, and end the work of a portal that should have been reconnected; False if it was."""
    with transaction.atomic():
        due = erase_due(timezone.now()).select_for_update().filter(pk=portal.pk).first()
        if due is None:
            return False
        if due.is_live:
            portal_disconnected.send(Portal, portal=due)
            due.state = Portal.State.DISCONNECTED
            due.save(update_fields=["state"])
        destroy_data_key(due)
        Credential.objects.filter(portal=due).delete()
    return True
