"""Revoke portals' refresh tokens at HubSpot: the drill for a day on which tokens may have been stolen.

Each portal is marked when HubSpot has confirmed, so a run that is killed goes on where it stopped. The lease of a
renewal is taken first: one under way ends before, and none begins in between that would bring a new refresh token.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from enum import StrEnum

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from hubspot_api.errors import HubSpotError

from ..audit import record
from ..clients import revoker
from ..errors import TryLater
from ..leaving import ending
from ..models import Credential, Portal
from . import reconnect, tokens

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # longer than two calls that wait for the limiter
_REVOKED = "Our access was revoked by the people who run this app, as a precaution."
_FORGOTTEN = (
    "As a precaution the people who run this app deleted its token. Rotate it in HubSpot, with immediate effect."
)


class Outcome(StrEnum):
    """What became of one portal's refresh tokens."""

    REVOKED = "revoked"
    BUSY = "busy"  # somebody renews them, or the limiter is full: come back
    FAILED = "failed"  # HubSpot did not confirm: come back
    FORGOTTEN = "forgotten"  # a private app's token: only its own people can revoke it, in HubSpot
    UNOPENED = "unopened"  # they do not open, so we cannot name them to HubSpot; nor can whoever stole the database


def left() -> QuerySet[Credential]:
    """Credentials whose refresh tokens we have not revoked, in order."""
    return Credential.objects.filter(revoked_at=None).order_by("pk")


def revoke(credential_id: int, actor: str) -> Outcome:
    """Revoke one portal's refresh tokens and forget them; its people have to connect it again."""
    try:
        return _revoke(credential_id, actor)
    finally:
        connection.close()  # called from threads


def _revoke(credential_id: int, actor: str) -> Outcome:
    credential = left().select_related("portal").filter(pk=credential_id).first()
    if credential is None:
        return Outcome.REVOKED  # another run was quicker
    row = _claim(credential)
    if row is None:
        return Outcome.BUSY
    stored = [] if credential.lasts else tokens.stored_refresh_tokens(credential.portal)
    try:
        for token in stored:
            revoker().revoke(token, credential.portal.hub_id)
    except (HubSpotError, TryLater) as error:
        logger.warning("The refresh token of %s was not revoked: %s", credential.portal, error)
        Credential.objects.filter(row).update(lease_until=None)
        return Outcome.BUSY if isinstance(error, TryLater) else Outcome.FAILED
    _forget(row, credential, actor)
    return Outcome.FORGOTTEN if credential.lasts else Outcome.REVOKED if stored else Outcome.UNOPENED


def _claim(seen: Credential) -> Q | None:
    """Take the lease at the generation seen, as a renewal does; None while a renewal is under way."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    won = Credential.objects.filter(free, pk=seen.pk, generation=seen.generation).update(
        generation=F("generation") + 1, lease_until=now + LEASE
    )
    return Q(pk=seen.pk, generation=seen.generation + 1) if won else None


@transaction.atomic
def _forget(row: Q, seen: Credential, actor: str) -> None:
    """Drop what is worthless now, and let the portal wait for its people."""
    portal = Portal.objects.select_for_update().get(pk=seen.portal_id)
    values: dict[str, object] = {"access_token": "", "refresh_token": "", "previous_refresh_token": ""}
    if not seen.lasts:
        values["expires_at"] = timezone.now()
    if not Credential.objects.filter(row).update(revoked_at=timezone.now(), lease_until=None, **values):
        return  # connected again meanwhile, which gave it other tokens
    reason = _FORGOTTEN if seen.lasts else _REVOKED
    record(portal, actor, "revoked our access", reason)
    if portal.state == Portal.State.DISCONNECTING:
        ending.finish(portal, "Our access was revoked before HubSpot was told; remove the app there if it is listed.")
    elif portal.state == Portal.State.ACTIVE:
        reconnect.require(portal, reason)
