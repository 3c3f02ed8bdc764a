"""A private app's token when HubSpot refuses it: rotated or deleted there, or a hiccup. Nothing can renew it.

It is believed when HubSpot refuses the token at account information too, where any valid one will do, and once more a
minute later. Then somebody has to bring another.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from hubspot_api.errors import HubSpotError, Unauthorized
from hubspot_api.ports import AccessToken
from hubspot_api.secret import Secret

from ..errors import InstallationError, PortalNotConnected, ReconnectRequired, TokenBusy
from ..models import Credential, Portal
from . import reconnect, tokens
from .refusals import APART
from .tokens import Live

BELIEVED_WITHIN = timedelta(minutes=15)  # a refusal longer ago was about something else
_ASK_AGAIN = timedelta(minutes=1)

Ask = Callable[[Secret], object]  # calls account information with a token

logger = logging.getLogger(__name__)


def confirmed(portal_id: int, rejected: AccessToken, ask: Ask) -> Live:
    """Return the token there is now, after HubSpot answered 401 to one: a newer one, or the same if it is good.

    Raises TokenBusy while HubSpot refuses it or cannot be asked, ReconnectRequired once that is certain,
    PortalNotConnected, LimiterFull.
    """
    credential = tokens.credential_of(portal_id)
    found = tokens.live(credential)
    if credential.token_number != rejected.generation:
        return found
    try:
        ask(found.token.value)
    except Unauthorized as error:
        raise _refused(credential, error) from error
    except HubSpotError as error:
        retry_at = error.retry_at or timezone.now() + _ASK_AGAIN
        raise TokenBusy(f"HubSpot cannot be asked about the token of {credential.portal}: {error}", retry_at) from error
    tokens.accept_again(credential, credential.scopes)
    return found


def _same(credential: Credential) -> QuerySet[Credential]:
    """The row, unless the portal has been given another token meanwhile."""
    return Credential.objects.filter(pk=credential.pk, token_number=credential.token_number)


def _refused(credential: Credential, error: Unauthorized) -> InstallationError:
    now, before = timezone.now(), credential.refused_at
    if before is None or before < now - BELIEVED_WITHIN:
        return _doubtful(credential, error, first_at=now)
    if now - before < APART:
        return _doubtful(credential, error, first_at=before)
    return _needs_reconnect(credential, error)


def _doubtful(credential: Credential, error: Unauthorized, *, first_at: datetime) -> TokenBusy:
    retry_at = first_at + APART
    _same(credential).update(
        refused_at=first_at, retry_at=retry_at, failures=F("failures") + 1, latest_error=str(error)[:500]
    )
    logger.warning("HubSpot refuses the private app's token of %s; asked again in a minute.", credential.portal)
    return TokenBusy(f"HubSpot refuses the token of {credential.portal}; it is tried again.", retry_at)


def _needs_reconnect(credential: Credential, error: Unauthorized) -> InstallationError:
    with transaction.atomic():
        portal = Portal.objects.select_for_update().get(pk=credential.portal_id)
        if not _same(credential).update(latest_error=str(error)[:500]):
            return TokenBusy(f"{portal} has just been given another token.", timezone.now())
        if portal.state != Portal.State.ACTIVE:
            return PortalNotConnected(f"{portal} is not connected.")
        reconnect.require(
            portal, "HubSpot no longer accepts the private app's token. It was probably rotated or deleted in HubSpot."
        )
    logger.warning("%s needs another private-app token: HubSpot refused the one it has twice.", portal)
    return ReconnectRequired(f"{portal} needs another private-app token: HubSpot refuses the one it has.")
