"""Install, reconnect and sign in: what a code from HubSpot turns into."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hubspot_api.account import AccountDetails, account_details
from hubspot_api.client import Client
from hubspot_api.errors import HubSpotError, Migrating
from hubspot_api.oauth import TokenGrant, TokenInfo
from hubspot_api.secret import Secret

from ..audit import record
from ..clients import client_with, exchanger, oauth
from ..credentials import tokens, vault
from ..errors import InstallationError
from ..leaving import ending
from ..leaving.uninstalling import one_at_a_time, require_none, uninstall
from ..models import Credential, Membership, Portal, UnclaimedGrant
from ..people import access_mails, ownership, visitors
from ..signals import portal_connected
from ..text import storable

UNCLAIMED_FOR = timedelta(minutes=10)
WORTHLESS_AFTER = timedelta(hours=1)

logger = logging.getLogger(__name__)


class IdentityMismatch(InstallationError):
    """HubSpot's answers do not agree on app or account: nothing is stored."""


@dataclass(frozen=True)
class Identity:
    """Who came back from HubSpot, for which account, with which tokens."""

    grant: TokenGrant
    info: TokenInfo

    @property
    def email(self) -> str:
        return storable(self.info.user_email or "")


def redirect_uri() -> str:
    """Our callback, as registered at HubSpot."""
    return f"{settings.PUBLIC_URL}/oauth/callback"


def identify(code: Secret) -> Identity:
    """Exchange a code and ask HubSpot whose tokens these are. Raises HubSpotError, IdentityMismatch, LimiterFull."""
    grant = exchanger().exchange(code, redirect_uri())
    info = oauth().introspect(grant.access_token, "access_token", grant.hub_id)
    if info is None or info.hub_id != grant.hub_id:
        raise IdentityMismatch("HubSpot does not confirm the account of the tokens it has just issued.")
    if info.client_id != settings.HUBSPOT_CLIENT_ID or settings.HUBSPOT_APP_ID not in {0, info.app_id}:
        raise IdentityMismatch("HubSpot issued tokens of another app.")
    return Identity(grant, info)


def connect(identity: Identity) -> Portal:
    """Install the app in the account, or connect it again. Raises HubSpotError, IdentityMismatch, BeingUninstalled.

    The user of the first install owns it; connecting again changes no role, and never replaces a working credential
    by one with fewer scopes. An account that HubSpot is moving to another data centre is connected as well: with the
    exchange of the code HubSpot counts the app as installed, and says so to nobody again. It is described later.
    """
    dead = _dead_credential(identity)
    details = _details(client_with(identity.grant.access_token, identity.info.hub_id), identity.info.hub_id)
    with transaction.atomic():
        one_at_a_time(identity.info.hub_id)
        require_none(identity.info.hub_id)
        portal = _live_portal(identity.info.hub_id)
        if portal is None:
            portal = _create(identity)
        elif _is_to_be_replaced(portal, identity.grant, dead):
            _reconnect(portal, identity)
        if details is not None:
            describe(portal, details)
        portal.consented_at, portal.uninstall_told_at = timezone.now(), None
        portal.save(update_fields=["consented_at", "uninstall_told_at"])
        portal.move_to(Portal.State.ACTIVE)
        _make_member(portal, identity)
        UnclaimedGrant.objects.filter(hub_id=portal.hub_id).delete()
        portal_connected.send(Portal, portal=portal)
    return portal


def _details(client: Client, hub_id: int) -> AccountDetails | None:
    """Return what an account says of itself; None while HubSpot moves it. Raises HubSpotError, IdentityMismatch."""
    try:
        details = account_details(client)
    except Migrating:
        return None
    if details.hub_id != hub_id:
        raise IdentityMismatch("HubSpot describes another account than the one whose tokens it has issued.")
    return details


def describe_late(portal: Portal, client: Client) -> None:
    """Ask a portal that was connected during a move what it is. Raises HubSpotError, IdentityMismatch.

    Of one that has left since it was asked nothing is written: it may be erased already.
    """
    details = _details(client, portal.hub_id)
    if details is None:
        return
    with transaction.atomic():
        if Portal.objects.live().select_for_update(no_key=True).filter(pk=portal.pk).first():
            describe(portal, details)


def claim_or_keep(identity: Identity) -> Portal | UnclaimedGrant:
    """Sign a user in: return the portal they belong to, or the grant that waits for their decision to connect it.

    The tokens of a sign-in are never stored with a portal: they may hold fewer rights than the installation's.
    """
    with transaction.atomic():
        portals = Portal.objects.live().exclude(state=Portal.State.DISCONNECTING).select_for_update(no_key=True)
        portal = portals.filter(hub_id=identity.info.hub_id).first()
        if portal is not None:
            _prove(portal, identity, Membership.Role.WAITING)
            record(portal, _actor(identity), "signed in")
            return portal
    return keep(identity)


def keep(identity: Identity) -> UnclaimedGrant:
    """Keep a grant that is not connected, for as long as somebody may decide to; then the app is taken out again."""
    grant_id = uuid.uuid4()
    return UnclaimedGrant.objects.create(  # noqa: HS005 - used or destroyed within ten minutes
        id=grant_id,
        hub_id=identity.info.hub_id,
        user_id=identity.info.user_id,
        access_token=vault.seal_for_flow(grant_id, identity.grant.access_token),
    )


def refuse(identity: Identity) -> None:
    """Somebody finished what another user had started: change nothing, and write it down where that is read."""
    keep(identity)
    portal = Portal.objects.live().filter(hub_id=identity.info.hub_id).first()
    logger.warning("Account %s: an installation was finished by another user than started it.", identity.info.hub_id)
    if portal is not None:
        record(
            portal, _actor(identity), "was refused", "Another user had started this installation; nothing was changed."
        )


def await_consent(grant: UnclaimedGrant) -> None:
    """Give whoever wants the account connected the time to consent, before the app is taken out of it again."""
    UnclaimedGrant.objects.filter(pk=grant.pk).update(created_at=timezone.now())


def give_up(grant: UnclaimedGrant) -> None:
    """Undo what a sign-in did to an account that does not want the app: uninstall it there. Raises HubSpotError."""
    client = client_with(vault.open_for_flow(grant.pk, grant.access_token), grant.hub_id)
    uninstall(client, grant.hub_id, is_wanted=lambda: not Portal.objects.live().filter(hub_id=grant.hub_id).exists())
    grant.delete()


def give_up_unclaimed() -> int:
    """Give up what nobody decided about in time; return how many. HubSpot's refusal means that it is gone already."""
    late = UnclaimedGrant.objects.filter(created_at__lt=timezone.now() - UNCLAIMED_FOR)
    return sum(_is_given_up(grant) for grant in late)


def _is_given_up(grant: UnclaimedGrant) -> bool:
    """Give one up, or leave it for the next time; after an hour its token is worthless, and it goes in any case."""
    try:
        give_up(grant)
    except (HubSpotError, InstallationError, vault.VaultError) as error:
        logger.warning("The app could not be taken out of account %s: %s", grant.hub_id, error)
        if grant.created_at > timezone.now() - WORTHLESS_AFTER:
            return False
        grant.delete()
    return True


def missing_scopes(granted: list[str]) -> list[str]:
    """Scopes that we ask for at install and that are not among those granted."""
    return [scope for scope in settings.HUBSPOT_SCOPES if scope not in granted]


def lacking(credential: Credential) -> list[str]:
    """Scopes that a portal's tokens lack. `oauth` is none that a private app could have."""
    missing = missing_scopes(credential.scopes)
    return [scope for scope in missing if not (credential.lasts and scope == "oauth")]


def _live_portal(hub_id: int) -> Portal | None:
    portal = Portal.objects.live().select_for_update().filter(hub_id=hub_id).first()
    if portal is not None and portal.state == Portal.State.DISCONNECTING:
        ending.finish(portal, "It was connected anew before it had been disconnected.")
        return None
    return portal


def _create(identity: Identity) -> Portal:
    portal = Portal.objects.create(
        hub_id=identity.info.hub_id,
        installed_by_user_id=identity.info.user_id,
        installed_by_email=identity.email,
    )
    vault.make_data_key(portal)
    tokens.store(portal, identity.grant, user_id=identity.info.user_id)
    record(portal, _actor(identity), "installed", f"Scopes: {', '.join(identity.grant.scopes)}")
    return portal


def _reconnect(portal: Portal, identity: Identity) -> None:
    """Store better tokens. A private app's token goes, for ours bring pushes and renew themselves; the data stays."""
    tokens.store(portal, identity.grant, user_id=identity.info.user_id)
    detail = "Instead of the private app's token, which may be deleted in HubSpot." if portal.is_private_app else ""
    portal.connection = Portal.Connection.OAUTH
    portal.save(update_fields=["connection"])
    record(portal, _actor(identity), "connected again", detail)


def _dead_credential(identity: Identity) -> Credential | None:
    """Return the account's credential if only its scopes would keep it, and it has died at HubSpot without our notice.

    Raises HubSpotError. Outside the transaction: it may take seconds.
    """
    credential = (
        Credential.objects.filter(portal__hub_id=identity.info.hub_id, portal__state=Portal.State.ACTIVE)
        .select_related("portal")
        .first()
    )
    if credential is None or credential.lasts or _keeps_scopes(credential, identity.grant):
        return None
    stored = tokens.stored_refresh_tokens(credential.portal)
    is_alive = any(oauth().introspect(token, "refresh_token", identity.info.hub_id) for token in stored)
    return None if is_alive else credential


def _is_to_be_replaced(portal: Portal, grant: TokenGrant, dead: Credential | None) -> bool:
    """Whether a grant is better than what is stored. That may be another than the dead one: somebody was quicker."""
    if portal.state == Portal.State.NEEDS_RECONNECT or _keeps_scopes(portal.credential, grant):
        return True
    return dead is not None and dead.refresh_token == portal.credential.refresh_token


def _keeps_scopes(credential: Credential, grant: TokenGrant) -> bool:
    if credential.lasts:  # a private app may have any scope there is: what counts are those that we ask for
        return set(missing_scopes(list(grant.scopes))) <= set(missing_scopes(credential.scopes))
    return set(grant.scopes) >= set(credential.scopes)


def describe(portal: Portal, details: AccountDetails) -> None:
    """Take over what the account says of itself."""
    portal.name = storable(details.name or portal.name)
    portal.hublet = storable(details.hublet)
    portal.ui_domain = storable(details.ui_domain)
    portal.account_type = storable(details.account_type)
    portal.time_zone = storable(details.time_zone)
    portal.currency = storable(details.currency)
    portal.save(update_fields=["name", "hublet", "ui_domain", "account_type", "time_zone", "currency"])


def _make_member(portal: Portal, identity: Identity) -> None:
    is_first = not portal.memberships.filter(role=Membership.Role.OWNER).exists()
    _prove(portal, identity, Membership.Role.OWNER if is_first else Membership.Role.WAITING)


def _prove(portal: Portal, identity: Identity, first_role: Membership.Role) -> None:
    """Take HubSpot's word that the user belongs to the account. Somebody new asks for access by coming here."""
    member, is_new = visitors.prove(portal, identity.info.user_id, identity.email, first_role=first_role)
    ownership.confirmed(member)
    if is_new and member.is_asking:
        access_mails.asked(member)


def _actor(identity: Identity) -> str:
    return identity.email or f"HubSpot user {identity.info.user_id}"
