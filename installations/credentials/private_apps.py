"""Connect one account by the token of a private app that its administrators made. By staff only, and if switched on.

HubSpot pushes nothing for a private app, so its mirror is kept by asking; it meters it by the account's tier; nothing
renews the token, and we cannot uninstall it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction

from hubspot_api.account import AccountDetails, account_details
from hubspot_api.errors import HubSpotError, Unauthorized
from hubspot_api.private_apps import PrivateTokenInfo, looks_like_token, token_info
from hubspot_api.secret import Secret

from ..audit import record
from ..clients import client_with, private_app_of
from ..connecting import install
from ..errors import InstallationError
from ..leaving.uninstalling import one_at_a_time, require_none
from ..models import Membership, Portal
from ..ratelimit import PrivateApp
from ..signals import portal_connected
from . import tokens, vault

NEVER_PROVEN = datetime(1970, 1, 1, tzinfo=UTC)  # so the owner has to sign in at HubSpot before seeing anything

logger = logging.getLogger(__name__)


class TokenNotTaken(InstallationError):
    """A private app's token was not stored. The message says why, for staff; the token is not in it."""


@dataclass(frozen=True)
class Checked:
    """A token that HubSpot accepts, and what it says of it."""

    token: Secret
    details: AccountDetails
    info: PrivateTokenInfo | None  # None: HubSpot says nothing about tokens of this kind

    @property
    def hub_id(self) -> int:
        return self.details.hub_id

    @property
    def made_by(self) -> int | None:
        return self.info.user_id if self.info else None

    @property
    def scopes(self) -> tuple[str, ...]:
        """The token's scopes; where HubSpot does not tell, those that we need: refusals will show which it lacks."""
        return self.info.scopes if self.info else tuple(settings.HUBSPOT_SCOPES)


def check(token: Secret, portal: Portal | None = None) -> Checked:
    """Ask HubSpot whose token it is: of the `portal` that has it or is to have it, or of one that is new here.

    Raises TokenNotTaken, also if a new one is connected already; LimiterFull.
    """
    if not settings.PRIVATE_APP_TOKENS:
        raise TokenNotTaken("Private-app tokens are switched off here. Set PRIVATE_APP_TOKENS=1 to allow them.")
    if not looks_like_token(token.reveal()):
        raise TokenNotTaken('That is no private-app token: they look like "pat-na1-…".')
    try:
        details = _details(token, portal)
        return Checked(token, details, _info(token, details))
    except Unauthorized as error:
        raise TokenNotTaken("HubSpot does not accept this token: it was rotated, deleted or mistyped.") from error
    except HubSpotError as error:
        raise TokenNotTaken(f"HubSpot could not be asked about this token; try again. ({error})") from error


def connect(checked: Checked, actor: str, *, owner_id: int | None = None) -> Portal:
    """Connect the token's account. Its owner here is the HubSpot user given, else the one who made the token.

    Raises TokenNotTaken if the account is connected already, or nobody says who owns it; BeingUninstalled.
    """
    owner_id = owner_id or checked.made_by
    if owner_id is None:
        raise TokenNotTaken("HubSpot does not say who made this token: name the HubSpot user who is to own the portal.")
    with transaction.atomic():
        one_at_a_time(checked.hub_id)
        require_none(checked.hub_id)
        _require_free(checked.hub_id)
        portal = Portal.objects.create(
            hub_id=checked.hub_id, connection=Portal.Connection.PRIVATE_APP, installed_by_user_id=checked.made_by
        )
        vault.make_data_key(portal)
        _store(portal, checked)
        _make_owner(portal, owner_id)
        record(
            portal, actor, "connected by a private app's token", f"Owner: HubSpot user {owner_id}. {_scopes(checked)}"
        )
        portal_connected.send(Portal, portal=portal)
    return portal


def replace(portal: Portal, checked: Checked, actor: str) -> None:
    """Give a portal its private app's next token, and wake it if the old one was refused. Raises TokenNotTaken."""
    _require_same(portal, checked.hub_id)
    with transaction.atomic():
        portal = _connected_by_token(portal)
        _store(portal, checked)
        portal.move_to(Portal.State.ACTIVE)
        record(portal, actor, "replaced the private app's token", _scopes(checked))
        portal_connected.send(Portal, portal=portal)


def check_again(portal: Portal, actor: str) -> None:
    """Ask HubSpot anew about the token there is: its scopes may be others now. Raises TokenNotTaken, LimiterFull."""
    credential = tokens.credential_of(portal.pk)
    checked = check(tokens.live(credential).token.value, portal)
    with transaction.atomic():
        portal = _connected_by_token(portal)
        if not tokens.accept_again(credential, checked.scopes):
            raise TokenNotTaken(f"{portal} has just been given another token.")
        install.describe(portal, checked.details)
        record(portal, actor, "checked the private app's token", _scopes(checked))
        portal_connected.send(Portal, portal=portal)


def _details(token: Secret, portal: Portal | None) -> AccountDetails:
    """Whose it is. Until that is known, the call counts for no portal; and one of another's is not made for it."""
    if portal is None:
        details = account_details(client_with(token, 0))
        _require_free(details.hub_id)
        return details
    details = account_details(client_with(token, portal.hub_id, private_app_of(portal)))
    _require_same(portal, details.hub_id)
    return details


def _require_same(portal: Portal, hub_id: int) -> None:
    if hub_id != portal.hub_id:
        raise TokenNotTaken(f"That token belongs to account {hub_id}, not to {portal.hub_id}.")


def _info(token: Secret, details: AccountDetails) -> PrivateTokenInfo | None:
    """What HubSpot says about the token; for kinds of token that it says nothing about, None."""
    try:
        client = client_with(token, details.hub_id, PrivateApp(details.time_zone))
        info = token_info(client, token)
    except HubSpotError as error:
        if error.retryable:
            raise
        logger.info("Account %s: HubSpot says nothing about its private-app token: %s", details.hub_id, error)
        return None
    if info.hub_id != details.hub_id:
        raise TokenNotTaken("HubSpot's answers do not agree on the account of this token.")
    return info


def _require_free(hub_id: int) -> None:
    """Refuse an account that is connected; for certain only under `one_at_a_time`."""
    live = Portal.objects.live().filter(hub_id=hub_id).first()
    if live is None:
        return
    if live.is_private_app:
        raise TokenNotTaken(f"{live} is connected by a private app's token already. Replace its token instead.")
    if live.state == Portal.State.DISCONNECTING:
        raise TokenNotTaken(f"{live} is just being disconnected. Try again when that is over.")
    raise TokenNotTaken(
        f"{live} has installed the app, which is better: it is not replaced by a token. Disconnect it first."
    )


def _connected_by_token(portal: Portal) -> Portal:
    """Return the portal, locked, unless it has left or been connected otherwise meanwhile."""
    one_at_a_time(portal.hub_id)
    found = Portal.objects.select_for_update().get(pk=portal.pk)
    if not found.is_private_app or found.state not in {Portal.State.ACTIVE, Portal.State.NEEDS_RECONNECT}:
        raise TokenNotTaken(f"{found} is no longer connected by a private app's token.")
    return found


def _store(portal: Portal, checked: Checked) -> None:
    tokens.store_lasting(portal, checked.token, checked.scopes, user_id=checked.made_by)
    install.describe(portal, checked.details)


def _make_owner(portal: Portal, user_id: int) -> None:
    Membership.objects.create(portal=portal, user_id=user_id, role=Membership.Role.OWNER, proven_at=NEVER_PROVEN)


def _scopes(checked: Checked) -> str:
    return f"Scopes: {', '.join(checked.scopes)}" if checked.info else "HubSpot does not say which scopes it has."
