"""What a failed refresh means. A refusal is believed when it comes twice; our own mistakes touch no portal."""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from hubspot_api.errors import ClientInvalid, GrantInvalid, HubGone, HubSpotError

from ..errors import InstallationError, PortalNotConnected, ReconnectRequired, TokenBusy, TryLater
from ..leaving import ending
from ..models import Credential, Portal
from . import endpoint, reconnect

logger = logging.getLogger(__name__)

APART = timedelta(minutes=1)  # two refusals this far apart mean it
_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 900.0


def note(row: Q, portal: Portal, error: HubSpotError) -> InstallationError:
    """Record a failed refresh and end its lease; return what its caller should raise.

    `row` selects the credential if the lease is still ours: a late holder's failure says nothing.
    """
    if isinstance(error, ClientInvalid):
        until = endpoint.halt(f"HubSpot does not accept our client id or secret ({error.category}).")
        return _busy(row, portal, error, until)
    if isinstance(error, (GrantInvalid, HubGone)):
        return _left(row, portal) if portal.state == Portal.State.DISCONNECTING else _refused(row, portal, error)
    return _busy(row, portal, error, error.retry_at)


def give_back(row: Q, full: TryLater) -> None:
    """End the lease of a refresh that never reached HubSpot, because the limiter had no place for it."""
    Credential.objects.filter(row).update(lease_until=None, generation=F("generation") + 1, retry_at=full.retry_at)


def _left(row: Q, portal: Portal) -> PortalNotConnected:
    """A portal that is leaving need not be refused twice: there is nothing to lose."""
    Credential.objects.filter(row).update(lease_until=None, generation=F("generation") + 1)
    return PortalNotConnected(f"{portal} is no longer connected at HubSpot.")


def _refused(row: Q, portal: Portal, error: HubSpotError) -> InstallationError:
    credential = Credential.objects.filter(row).first()
    now = timezone.now()
    if credential is None:
        return TokenBusy(f"The token of {portal} was renewed by somebody else.", now)
    if _was_foretold(row, portal):
        return PortalNotConnected(f"{portal} was uninstalled in HubSpot.")
    if credential.refused_at is None:
        again_at = now + APART
        Credential.objects.filter(row).update(refused_at=now)
        return _busy(row, portal, error, again_at)
    if now - credential.refused_at < APART:
        return _busy(row, portal, error, credential.refused_at + APART)
    if endpoint.many_are_refused():
        until = endpoint.halt("HubSpot refuses the refresh tokens of many portals at once.")
        return _busy(row, portal, error, until)
    return _needs_reconnect(row, portal, error)


def _was_foretold(row: Q, portal: Portal) -> bool:
    """End a portal that HubSpot's journal says is uninstalled: then one refusal is enough, however many there are."""
    with transaction.atomic():
        told = Portal.objects.select_for_update().filter(pk=portal.pk, uninstall_told_at__isnull=False).first()
        if told is None or told.state != Portal.State.ACTIVE or not Credential.objects.filter(row).exists():
            return False
        ending.uninstalled(told)
    logger.warning("%s was uninstalled in HubSpot.", portal)
    return True


def _needs_reconnect(row: Q, portal: Portal, error: HubSpotError) -> InstallationError:
    with transaction.atomic():
        portal = Portal.objects.select_for_update().get(pk=portal.pk)
        ours = Credential.objects.filter(row).update(lease_until=None, latest_error=_words(error))
        if not ours or portal.state != Portal.State.ACTIVE:
            return PortalNotConnected(f"{portal} is not connected.")
        reconnect.require(portal, "HubSpot no longer accepts our access. The app was probably uninstalled in HubSpot.")
    logger.warning("%s has to be connected again: HubSpot refused its refresh token twice.", portal)
    return ReconnectRequired(f"{portal} has to be connected again: HubSpot refuses its tokens.")


def _busy(row: Q, portal: Portal, error: HubSpotError, retry_at: datetime | None) -> TokenBusy:
    credential = Credential.objects.filter(row).first()
    failures = (credential.failures if credential else 0) + 1
    retry_at = retry_at or timezone.now() + _pause(failures)
    Credential.objects.filter(row).update(
        lease_until=None,
        generation=F("generation") + 1,
        retry_at=retry_at,
        failures=failures,
        latest_error=_words(error),
    )
    logger.warning("The token of %s was not renewed, again at %s: %s", portal, retry_at.isoformat(), error)
    return TokenBusy(f"The token of {portal} cannot be renewed before {retry_at:%H:%M:%S} UTC: {error}", retry_at)


def _words(error: HubSpotError) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _pause(failures: int) -> timedelta:
    ceiling = min(_FIRST_PAUSE_S * 2.0 ** (failures - 1), _LONGEST_PAUSE_S)
    return timedelta(seconds=random.uniform(ceiling / 2, ceiling))  # noqa: S311 - jitter
