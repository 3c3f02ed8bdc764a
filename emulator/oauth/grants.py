"""Codes, tokens and installs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from emulator.clock import Clock
from emulator.errors import OAuthRefused
from emulator.instants import DAY_MS
from emulator.oauth.apps import App

# An expired token is remembered this long, to say how long ago it expired.
_REMEMBER_EXPIRED_MS = DAY_MS


@dataclass
class Code:
    client_id: str
    hub_id: int
    user_id: int
    scopes: frozenset[str]
    redirect_uri: str
    expires_at: int
    challenge: str | None = None
    challenge_method: str | None = None


@dataclass(frozen=True)
class AccessToken:
    client_id: str
    app_id: int
    # None: an app-level token, of no account.
    hub_id: int | None
    user_id: int | None
    scopes: frozenset[str]
    # None: a private app's token, which does not expire.
    expires_at: int | None
    # The region that the token was minted in; calls to the global host are routed by it.
    hublet: str
    app_name: str = ""
    # Of an app that is distributed privately, which is metered as private apps are.
    private_distribution: bool = False
    # Of a private app: the user who made it. Its calls are nobody's.
    made_by: int | None = None

    @property
    def private(self) -> bool:
        return self.expires_at is None or self.private_distribution


# An app, an account, a user.
Holder = tuple[str, int, int]


@dataclass
class Grant:
    """One user's authorization of an app in an account: one refresh token, until it is rotated or revoked."""

    client_id: str
    hub_id: int
    user_id: int
    scopes: frozenset[str]
    # The region that its access tokens lead to.
    hublet: str

    @property
    def holder(self) -> Holder:
        return self.client_id, self.hub_id, self.user_id


@dataclass
class Install:
    client_id: str
    hub_id: int
    user_id: int
    installed_at: int
    # What somebody entitled to has approved for the app in this account.
    approved: frozenset[str] = field(default_factory=frozenset)
    # Optional permissions that a super admin does not want it to have.
    switched_off: frozenset[str] = field(default_factory=frozenset)

    @property
    def granted(self) -> frozenset[str]:
        return self.approved - self.switched_off


class Grants:
    """Read and changed under the emulator's own lock, except for single look-ups of a token."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.codes: dict[str, Code] = {}
        self.refresh_tokens: dict[str, Grant] = {}
        # Refresh tokens that were rotated away and still work for a while: until when, and the grant.
        self.rotated: dict[str, tuple[int, Grant]] = {}
        self.access_tokens: dict[str, AccessToken] = {}
        self.installs: dict[tuple[str, int], Install] = {}
        # Told of an install before anything can happen in its name.
        self.when_installed: Callable[[App, Install], None] | None = None
        # Each user's latest refresh token.
        self._latest: dict[Holder, str] = {}

    def clear(self) -> None:
        for kept in (self.codes, self.refresh_tokens, self.rotated, self.access_tokens, self.installs, self._latest):
            kept.clear()

    def reindex(self) -> None:
        """After the tokens were loaded from a snapshot."""
        self._latest = {grant.holder: value for value, grant in self.refresh_tokens.items()}

    def install(self, client_id: str, hub_id: int) -> Install | None:
        return self.installs.get((client_id, hub_id))

    def installed_in(self, client_id: str) -> int:
        """How many accounts have the app."""
        return sum(install.client_id == client_id for install in list(self.installs.values()))

    def new_code(self, code: Code, hublet: str) -> str:
        value = f"{hublet}-{uuid.uuid4()}"
        self.codes[value] = code
        return value

    def exchange(self, app: App, value: str, redirect_uri: str, verifier: str, hublet: str) -> tuple[str, Grant]:
        """Spend a code, and make the app appear among the account's connected apps.

        Raises OAuthRefused. A code that fails any check after it was found is spent all the same.
        """
        code = self.codes.get(value)
        if code is None or code.client_id != app.client_id:
            raise OAuthRefused("invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code")
        del self.codes[value]
        if code.expires_at <= self._clock.now_ms():
            raise OAuthRefused("invalid_grant", "EXPIRED_AUTH_CODE", "auth code is expired")
        if code.redirect_uri != redirect_uri:
            raise OAuthRefused("invalid_grant", "BAD_REDIRECT_URI", "redirect_uri does not match the auth code")
        _check_verifier(code, verifier)
        return self.authorize(app, code.hub_id, code.user_id, code.scopes, hublet)

    def authorize(self, app: App, hub_id: int, user_id: int, scopes: frozenset[str], hublet: str) -> tuple[str, Grant]:
        """The user's refresh token: a new one, or the one there is with the scopes added.

        Scopes granted before stay, unless the app no longer has them at all.
        developers.hubspot.com/changelog/public-app-reauthorization-and-advanced-scope-settings
        """
        install = self.installs.get((app.client_id, hub_id))
        if install is None:
            install = Install(app.client_id, hub_id, user_id, self._clock.now_ms())
            if self.when_installed is not None:
                self.when_installed(app, install)
            self.installs[(app.client_id, hub_id)] = install
        scopes -= install.switched_off
        install.approved = (install.approved | scopes) & app.scopes
        value = self._latest.get((app.client_id, hub_id, user_id))
        if value is None:
            grant = Grant(app.client_id, hub_id, user_id, scopes, hublet)
            return self._new_refresh_token(grant), grant
        grant = self.refresh_tokens[value]
        grant.scopes = (grant.scopes | scopes) & app.scopes
        grant.hublet = hublet
        return value, grant

    def _new_refresh_token(self, grant: Grant) -> str:
        value = f"{grant.hublet}-{uuid.uuid4()}"
        self.refresh_tokens[value] = grant
        self._latest[grant.holder] = value
        return value

    def refresh(self, app: App, value: str) -> tuple[str, Grant]:
        """The grant of a refresh token, and the token to use from now on.

        Raises OAuthRefused, also for another app's token.
        """
        grant = self.grant_of(value)
        if grant is None or grant.client_id != app.client_id:
            raise OAuthRefused("invalid_grant", "BAD_REFRESH_TOKEN", "refresh token is invalid, expired or revoked")
        if app.rotate_refresh_tokens:
            return self._rotate(app, value, grant), grant
        return value, grant

    def grant_of(self, value: str) -> Grant | None:
        """What a refresh token stands for, if it works."""
        grant = self.refresh_tokens.get(value)
        if grant is None and value in self.rotated:
            until, kept = self.rotated[value]
            grant = kept if self._clock.now_ms() < until else None
        return grant

    def _rotate(self, app: App, value: str, grant: Grant) -> str:
        if self.refresh_tokens.pop(value, None) is not None:
            self.rotated[value] = (self._clock.now_ms() + app.refresh_grace_s * 1000, grant)
        return self._new_refresh_token(grant)

    def new_access_token(self, app: App, grant: Grant) -> str:
        self._forget_long_expired()
        expires_at = self._clock.now_ms() + app.access_token_ttl_s * 1000
        token = AccessToken(
            app.client_id,
            app.app_id,
            grant.hub_id,
            grant.user_id,
            grant.scopes,
            expires_at,
            grant.hublet,
            app.name,
            app.private_distribution,
        )
        return self._keep(token)

    def new_app_token(self, app: App, scopes: frozenset[str], hublet: str) -> str:
        expires_at = self._clock.now_ms() + app.access_token_ttl_s * 1000
        return self._keep(AccessToken(app.client_id, app.app_id, None, None, scopes, expires_at, hublet, app.name))

    def new_private_token(self, token: AccessToken) -> str:
        value = f"pat-{token.hublet}-{uuid.uuid4()}"
        self.access_tokens[value] = token
        return value

    def private_tokens(self, hub_id: int, app_id: int) -> dict[str, AccessToken]:
        held = (hub_id, app_id)
        return {
            value: token
            for value, token in self.access_tokens.items()
            if token.expires_at is None and (token.hub_id, token.app_id) == held
        }

    def _keep(self, token: AccessToken) -> str:
        value = "C" + secrets.token_urlsafe(64)
        self.access_tokens[value] = token
        return value

    def _forget_long_expired(self) -> None:
        """Now and then; dictionaries are ordered, and the oldest tokens come first."""
        if len(self.access_tokens) % 1_000:
            return
        limit = self._clock.now_ms() - _REMEMBER_EXPIRED_MS
        old = [v for v, t in self.access_tokens.items() if t.expires_at is not None and t.expires_at < limit]
        for value in old:
            del self.access_tokens[value]

    def revoke(self, client_id: str, value: str) -> None:
        """Delete a refresh token, and what it was rotated from. Access tokens live on, the app stays installed."""
        grant = self.grant_of(value)
        if grant is not None and grant.client_id == client_id:
            self._forget(lambda each: each is grant)

    def _forget(self, is_gone: Callable[[Grant], bool]) -> None:
        for value in [v for v, grant in self.refresh_tokens.items() if is_gone(grant)]:
            self._latest.pop(self.refresh_tokens.pop(value).holder, None)
        for value in [v for v, (_, grant) in self.rotated.items() if is_gone(grant)]:
            del self.rotated[value]

    def switch_off(self, app: App, hub_id: int, scopes: frozenset[str]) -> None:
        """A super admin takes these optional permissions away, from the tokens there are as well.

        Those switched off before and not named now may be granted again.
        """
        install = self.installs[(app.client_id, hub_id)]
        install.switched_off = scopes
        install.approved -= scopes
        for grant in {id(g): g for g in self.refresh_tokens.values()}.values():
            if (grant.client_id, grant.hub_id) == (app.client_id, hub_id):
                grant.scopes -= scopes
        for value, token in self.access_tokens.items():
            if (token.client_id, token.hub_id) == (app.client_id, hub_id):
                self.access_tokens[value] = replace(token, scopes=token.scopes - scopes)

    def moved(self, hub_id: int, hublet: str) -> None:
        """What is refreshed from now on leads to the account's new region."""
        for grant in [*self.refresh_tokens.values(), *(grant for _, grant in self.rotated.values())]:
            if grant.hub_id == hub_id:
                grant.hublet = hublet

    def uninstall(self, client_id: str, hub_id: int, *, tokens_live_on: bool) -> None:
        """Remove the app from the account. What access tokens do then is not documented, so it can be chosen."""
        self.installs.pop((client_id, hub_id), None)
        held = (client_id, hub_id)
        for value in [v for v, c in self.codes.items() if (c.client_id, c.hub_id) == held]:
            del self.codes[value]
        self._forget(lambda grant: (grant.client_id, grant.hub_id) == held)
        if not tokens_live_on:
            for value in [v for v, t in self.access_tokens.items() if (t.client_id, t.hub_id) == held]:
                del self.access_tokens[value]


def _check_verifier(code: Code, verifier: str) -> None:
    """RFC 7636. HubSpot does not document it for app.hubspot.com, but the token endpoint takes a code_verifier."""
    if code.challenge is None:
        return
    digest = hashlib.sha256(verifier.encode()).digest()
    hashed = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    expected = hashed if code.challenge_method == "S256" else verifier
    if not verifier or not hmac.compare_digest(expected.encode(), code.challenge.encode()):
        raise OAuthRefused("invalid_grant", "BAD_CODE_VERIFIER", "code verifier does not match")
