"""Erase what is held about a portal: in small bites, each committed, so that a large one locks nothing for long.

A run that is killed half way goes on with the next: the row that remains says "erased" only when nothing else is left.
"""

from __future__ import annotations

import json
import logging

from django.db import transaction
from django.utils import timezone

from ..bites import delete_in_bites
from ..calls import call_log
from ..credentials.vault import destroy_data_key
from ..errors import InstallationError
from ..models import (
    Anomaly,
    ApiCall,
    AuditEntry,
    CallMinute,
    Credential,
    DataKey,
    DryRun,
    FailedRequests,
    Mail,
    Membership,
    OAuthFlow,
    OthersCalls,
    OwnershipClaim,
    Portal,
    Stop,
    Uninstall,
    erase_due,
)
from ..signals import erase_portal, portal_disconnected
from . import certificates, holdings
from .certificates import Certificate

logger = logging.getLogger(__name__)

_OF_CALLS = (ApiCall, CallMinute, FailedRequests, OthersCalls, Anomaly)  # what calls leave behind, some of it late


class NotErased(InstallationError):
    """An erasure left something behind. The eraser tries again within the hour."""


def erase_those_due() -> int:
    """Erase every portal whose date has come; return how many. One that fails does not keep the others waiting."""
    _erase_late_calls()
    erased = 0
    for portal in erase_due(timezone.now()):
        try:
            erased += erase(portal)
        except Exception:
            logger.exception("Portal %s could not be erased; it is tried again.", portal.hub_id)
    return erased


def _erase_late_calls() -> None:
    """Calls are written down a little after they were made, by a thread of each process, and judged later still.

    So a row about them may come when the portal, which was there when it was looked up, is erased already.
    """
    for model in _OF_CALLS:
        delete_in_bites(model._default_manager.filter(portal__state=Portal.State.ERASED))


def erase(portal: Portal, earlier: Certificate | None = None) -> bool:
    """Delete everything about an installation that is due, but the row that proves it. Safe to run again when killed.

    `earlier`: what proved it before a backup brought the data back. False: it is not due, somebody has connected it
    again in time. Raises NotErased when something stays.
    """
    if not _stop(portal):
        return False
    erase_portal.send(Portal, portal=portal)
    _erase_ours(portal)
    with transaction.atomic():
        portal = Portal.objects.select_for_update().get(pk=portal.pk)
        if portal.state == Portal.State.ERASED:
            return True  # somebody else was quicker
        certificate = _certify(portal, earlier)
    logger.info("Portal %s is erased: %s", portal.hub_id, json.dumps(certificate))
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
        if due.rows_to_erase is None:
            due.rows_to_erase = holdings.rows_held(due)
        due.save(update_fields=["state", "rows_to_erase"])
        destroy_data_key(due)
        Credential.objects.filter(portal=due).delete()
    return True


def _erase_ours(portal: Portal) -> None:
    """Delete this room's rows. Sign-ins under way at HubSpot are left to run out, within the hour."""
    call_log.writer().flush()
    for model in (*_OF_CALLS, AuditEntry, Mail, OwnershipClaim, Membership):
        delete_in_bites(model._default_manager.filter(portal=portal))
    if holdings.is_latest(portal):
        stops = Stop.objects.exclude(ended_at=None)
        for rows in (OAuthFlow.objects, Uninstall.objects, DryRun.objects, stops):
            rows.filter(hub_id=portal.hub_id).delete()


def _certify(portal: Portal, earlier: Certificate | None) -> Certificate:
    """Look whether nothing is left, and make the row its proof. Raises NotErased."""
    certificate = earlier or certificates.certify(portal, timezone.now())
    DataKey.objects.filter(portal=portal).delete()
    if left := holdings.rows_held(portal):
        raise NotErased(f"Something about portal {portal.hub_id} is left, so it is not certified: {left}.")
    portal.become_proof(certificate)
    return certificate


def erase_again(certificate: Certificate) -> bool:
    """Erase an installation that a restored backup has brought back; False when there is no such one, or nothing of it.

    The certificate has to be verified by the caller. Raises CertificateInvalid, NotErased.
    """
    about = certificates.subject(certificate)
    back = Portal.objects.filter(pk=about.installation, hub_id=about.hub_id, connected_at=about.connected_at)
    portal = back.exclude(state=Portal.State.ERASED).first()
    if portal is None:
        return False
    back.update(erase_at=timezone.now())
    return erase(portal, certificate)
