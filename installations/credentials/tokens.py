"""A portal's access token, always fresh: renewed ahead of its expiry, by one caller at a time.

The lease and its fence are one row. Claim: an UPDATE that must hit the row at the generation seen. Then HubSpot is
called outside any transaction. Save: an UPDATE that must hit the row at the generation claimed; a holder that woke
up late hits nothing and takes what is there. Callers whose token is still valid never wait.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from hubspot_api.errors import GrantInvalid, HubSpotError
from hubspot_api.oauth import TokenGrant
from hubspot_api.ports import AccessToken
from hubspot_api.secret import Secret

from ..errors import InstallationError, PortalNotConnected, ReconnectRequired, TokenBusy, TryLater
from ..models import Credential, DataKey, Portal
from ..signals import scopes_changed
from . import endpoint, refusals
from .vault import DataKeyDestroyed, KeyUnknown, SealBroken, Vault, VaultError, make_data_key

logger = logging.getLogger(__name__)

CLOCKS_DIFFER = timedelta(minutes=1)  # at most, between the machines of one app, but for a fault
LEASE = timedelta(seconds=30)  # longer than two calls that wait for the limiter: see clients.refresher
AHEAD_AT_MOST = timedelta(minutes=5)
AHEAD_SHARE = 0.2  # of the token's life
JITTER = 0.2  # so that portals installed together do not renew together
WAIT_S = 20.0
LOOK_AGAIN = timedelta(minutes=5)  # whether a token that lasts is still the portal's
VAULT_PAUSE = timedelta(minutes=5)  # until sealed tokens that do not open are tried again

Renew = Callable[[Secret], TokenGrant]  # calls HubSpot's token endpoint with a refresh token


@dataclass(frozen=True)
class Live:
    """An access token, and until when it may be used without asking here again."""

    token: AccessToken
    until: datetime


@dataclass(frozen=True)
class Held:
    """The lease of a credential, at the generation that only its holder knows, and what to renew it with."""

    credential: Credential
    generation: int
    vault: Vault
    refresh_token: Secret
    refresh_token_before: Secret | None

    @property
    def portal(self) -> Portal:
        return self.credential.portal

    @property
    def row(self) -> Q:
        """The row, if the lease is still ours."""
        return Q(pk=self.credential.pk, generation=self.generation)


def fresh(portal_id: int, renew: Renew) -> Live:
    """Return an access token that is valid now, renewing it when its end is near.

    Raises TokenBusy when it has expired and cannot be renewed for the moment, ReconnectRequired or
    PortalNotConnected when somebody has to connect the portal again.
    """
    give_up_at = time.monotonic() + WAIT_S
    while True:
        credential = credential_of(portal_id)
        if credential.lasts:
            return _looked_up_again(credential)
        if not _is_near_its_end(credential):
            return live(credential)
        held = _claim(credential)
        if held is not None:
            return _renewed(held, renew)
        if credential.ends_at > timezone.now():
            return live(credential)  # valid still, and somebody else renews it
        _wait_for_the_holder(credential, give_up_at)


def replaced(portal_id: int, rejected: AccessToken, renew: Renew) -> Live:
    """Return a token newer than one that HubSpot answered 401 to, renewing it at most once. Raises as `fresh`."""
    give_up_at = time.monotonic() + WAIT_S
    while True:
        credential = credential_of(portal_id)
        if credential.token_number != rejected.generation:
            return live(credential)
        held = _claim(credential)
        if held is not None:
            return _renewed(held, renew, even_if_valid=True)
        _wait_for_the_holder(credential, give_up_at)


def _looked_up_again(credential: Credential) -> Live:
    """Return a private app's token for a few minutes; raise TokenBusy while HubSpot has just refused it."""
    now = timezone.now()
    if credential.retry_at is not None and credential.retry_at > now:
        raise TokenBusy(f"HubSpot refused the token of {credential.portal}; it is tried again.", credential.retry_at)
    return replace(live(credential), until=now + LOOK_AGAIN)


def renewed(portal_id: int, renew: Renew) -> Live:
    """Return an access token renewed just now, by us or somebody else: a proof that HubSpot grants any.

    Raises as `fresh`.
    """
    seen = AccessToken(Secret(""), credential_of(portal_id).token_number)
    return replaced(portal_id, seen, renew)


def store(portal: Portal, grant: TokenGrant, *, user_id: int | None) -> None:
    """Seal the tokens of a new installation, or of one that is connected again; a renewal under way then loses."""
    if grant.refresh_token is None:
        raise ValueError(f"HubSpot gave {portal} no refresh token.")
    vault = vault_for(portal)
    refresh_token = vault.seal("refresh_token", grant.refresh_token)
    sealed = _sealed(vault, grant) | {"refresh_token": refresh_token, "scopes": sorted(grant.scopes)}
    _put(portal, sealed | {"user_id": user_id})


def store_lasting(portal: Portal, token: Secret, scopes: Iterable[str], *, user_id: int | None) -> None:
    """Seal a private app's token, instead of what the portal had; whoever is just refused that takes the new one."""
    sealed = _valid(vault_for(portal).seal("access_token", token), expires_at=None)
    _put(portal, sealed | {"refresh_token": "", "scopes": sorted(scopes), "user_id": user_id})


def accept_again(credential: Credential, scopes: Iterable[str]) -> bool:
    """Note that HubSpot takes a token that lasts, and its scopes; False if the portal has another by now."""
    same = Credential.objects.filter(pk=credential.pk, token_number=credential.token_number)
    well: dict[str, object] = {"refused_at": None, "retry_at": None, "failures": 0, "latest_error": ""}
    return bool(same.update(scopes=sorted(scopes), **well))


def _put(portal: Portal, values: dict[str, object]) -> None:
    before = Credential.objects.select_for_update().filter(portal=portal).first()
    numbers = {
        "generation": before.generation + 1 if before else 1,
        "token_number": before.token_number + 1 if before else 1,
    }
    nothing_left: dict[str, object] = {"previous_refresh_token": "", "revoked_at": None}
    Credential.objects.update_or_create(portal=portal, defaults=values | numbers | nothing_left)


def stored_refresh_tokens(portal: Portal) -> list[Secret]:
    """Return the refresh tokens that a renewal would try, in that order; none if they do not open."""
    try:
        _, current, before = _refresh_tokens(portal.credential)
    except VaultError:
        return []
    return [current] if before is None else [current, before]


def vault_for(portal: Portal) -> Vault:
    """Return the portal's vault; with a new key, where the old one is lost and what it sealed is replaced anyway."""
    try:
        return Vault(portal)
    except (KeyUnknown, SealBroken):
        logger.critical("The data key of %s does not unwrap; it is connected again, and gets a new one.", portal)
        DataKey.objects.filter(portal=portal).delete()
        make_data_key(portal)
        return Vault(portal)


def next_refresh_at(credential: Credential) -> datetime:
    """When renewing begins, without the jitter; what the overview shows."""
    return credential.ends_at - _ahead(credential)


def _ahead(credential: Credential) -> timedelta:
    return min(AHEAD_AT_MOST, credential.lifetime * AHEAD_SHARE)


def _is_near_its_end(credential: Credential) -> bool:
    ahead = _ahead(credential) * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter
    return credential.ends_at - ahead <= timezone.now()


def credential_of(portal_id: int) -> Credential:
    """Return what the portal is called with. Raises ReconnectRequired, PortalNotConnected."""
    credential = Credential.objects.select_related("portal").filter(portal_id=portal_id).first()
    if credential is None:
        raise PortalNotConnected(f"Portal {portal_id} has no credential.")
    state = credential.portal.state
    if state == Portal.State.NEEDS_RECONNECT:
        raise ReconnectRequired(f"{credential.portal} has to be connected again: HubSpot refuses its tokens.")
    if state not in {Portal.State.ACTIVE, Portal.State.DISCONNECTING}:
        raise PortalNotConnected(f"{credential.portal} is not connected.")
    return credential


@contextmanager
def _sealed_well(portal: Portal) -> Iterator[None]:
    """Turn trouble with the vault into "come back later": a missing key may be given back, and then all goes on."""
    try:
        yield
    except DataKeyDestroyed as error:
        raise PortalNotConnected(f"{portal}: {error}") from error
    except VaultError as error:
        logger.critical("The tokens of %s cannot be opened: %s", portal, error)
        words = f"{type(error).__name__}: {error}"[:500]
        Credential.objects.filter(portal=portal).update(latest_error=words, failures=Greatest("failures", 1))
        raise TokenBusy(f"The tokens of {portal} cannot be opened: {error}", timezone.now() + VAULT_PAUSE) from error


def live(credential: Credential) -> Live:
    """Open an access token, whatever became of it. Raises TokenBusy, PortalNotConnected."""
    with _sealed_well(credential.portal):
        value = Vault(credential.portal).open("access_token", credential.access_token)
    token = AccessToken(value, credential.token_number, credential.portal.hublet)
    return Live(token, credential.ends_at - _ahead(credential) * (1 - JITTER) / 2)


def _wait_for_the_holder(credential: Credential, give_up_at: float) -> None:
    """Sleep a little while a holder is at work; raise TokenBusy when a failure set a time, or it takes too long."""
    now = timezone.now()
    times = (credential.retry_at, endpoint.halted_until())
    retry_at = max((at for at in times if at is not None and at > now), default=None)
    if retry_at is not None:
        raise TokenBusy(f"The token of {credential.portal} can be renewed from {retry_at:%H:%M:%S} UTC on.", retry_at)
    if time.monotonic() >= give_up_at:
        raise TokenBusy(f"The token of {credential.portal} takes long to renew.", now + timedelta(seconds=5))
    time.sleep(random.uniform(0.05, 0.2))  # noqa: S311 - jitter


def _claim(seen: Credential) -> Held | None:
    """Take the lease at the generation seen; None when somebody holds it, or renewing has to wait."""
    if endpoint.halted_until() is not None:
        return None
    now = timezone.now()
    with _sealed_well(seen.portal):
        refresh_tokens = _refresh_tokens(seen)
    # A lease that ends later than any can was taken before the clock was set back.
    free = Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_until__gt=now + LEASE + CLOCKS_DIFFER)
    may_try = Q(retry_at=None) | Q(retry_at__lte=now)
    won = Credential.objects.filter(free, may_try, pk=seen.pk, generation=seen.generation).update(
        generation=F("generation") + 1, lease_until=now + LEASE
    )
    return Held(seen, seen.generation + 1, *refresh_tokens) if won else None


def _refresh_tokens(credential: Credential) -> tuple[Vault, Secret, Secret | None]:
    """Open what a renewal needs, before its lease is taken."""
    vault = Vault(credential.portal)
    before = credential.previous_refresh_token
    current = vault.open("refresh_token", credential.refresh_token)
    return vault, current, vault.open("refresh_token", before) if before else None


def _renewed(held: Held, renew: Renew, *, even_if_valid: bool = False) -> Live:
    """Ask HubSpot and save; a failure is noted, and costs nothing while the old token is valid."""
    try:
        refresh_token, grant = _ask(held, renew)
    except (TryLater, HubSpotError) as error:
        retry = _noted(held, error)
        is_valid = held.credential.ends_at > timezone.now() and not even_if_valid
        if is_valid and not isinstance(retry, PortalNotConnected):
            return live(held.credential)
        if retry is error:
            raise
        raise retry from error
    if _save(held, refresh_token, grant):
        endpoint.works()
    # Read again: if our lease had run out, what is there is newer than what we got, or a failure.
    stored = credential_of(held.portal.pk)
    if stored.ends_at <= (now := timezone.now()):
        raise TokenBusy(f"The token of {held.portal} took too long to renew.", stored.retry_at or now)
    return live(stored)


def _noted(held: Held, error: TryLater | HubSpotError) -> InstallationError:
    """End the lease, and return what a caller without a valid token should raise."""
    if isinstance(error, HubSpotError):
        return refusals.note(held.row, held.portal, error)
    refusals.give_back(held.row, error)
    return error


def _ask(held: Held, renew: Renew) -> tuple[Secret, TokenGrant]:
    """Renew with the refresh token, and if that is refused with the one before it: HubSpot may have kept that."""
    try:
        return held.refresh_token, renew(held.refresh_token)
    except GrantInvalid:
        if held.refresh_token_before is None:
            raise
        return held.refresh_token_before, renew(held.refresh_token_before)


def _save(held: Held, used: Secret, grant: TokenGrant) -> bool:
    """Store what came back, if the lease is still ours. The refresh token used stays until the new one has worked.

    A late holder overwrites nothing. But HubSpot may have replaced the refresh token for it and refuse the one stored
    to whoever comes next: so it leaves its own beside that, to be tried then.
    """
    vault = held.vault
    returned = grant.refresh_token or used
    kept = "" if returned == used else vault.seal("refresh_token", used)
    # A token has `oauth` at least: an empty list says nothing.
    scopes = sorted(grant.scopes or held.credential.scopes)
    values = _sealed(vault, grant) | {
        "refresh_token": vault.seal("refresh_token", returned),
        "previous_refresh_token": kept,
        "token_number": F("token_number") + 1,
        # Whoever looked while we held the lease saw an expired token: its claim must miss, and it must look again.
        "generation": F("generation") + 1,
        "scopes": scopes,
    }
    with transaction.atomic():
        if Credential.objects.filter(held.row).update(**values):
            if scopes != sorted(held.credential.scopes):
                scopes_changed.send(Portal, portal=held.portal)
            return True
    if kept:
        seen = held.credential
        unchanged = Credential.objects.filter(pk=seen.pk, refresh_token=seen.refresh_token)
        unchanged.update(previous_refresh_token=values["refresh_token"])
    return False


def _sealed(vault: Vault, grant: TokenGrant) -> dict[str, object]:
    expires_at = timezone.now() + timedelta(seconds=grant.expires_in)
    return _valid(vault.seal("access_token", grant.access_token), expires_at)


def _valid(access_token: str, expires_at: datetime | None) -> dict[str, object]:
    """A sealed access token that has just come, and no trouble with it."""
    return {
        "access_token": access_token,
        "obtained_at": timezone.now(),
        "expires_at": expires_at,
        "lease_until": None,
        "retry_at": None,
        "refused_at": None,
        "failures": 0,
        "latest_error": "",
    }
