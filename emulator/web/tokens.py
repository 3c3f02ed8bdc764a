"""The token endpoints: /oauth/{v1,v3,date}/token, introspect, revoke, and v1's metadata."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import falcon

from emulator.errors import HubSpotError, OAuthRefused, ResourceNotFound
from emulator.limits import Meter
from emulator.oauth.apps import App
from emulator.oauth.grants import AccessToken, Grant
from emulator.oauth.scopes import JOURNAL_SCOPES, ordered, split
from emulator.web.exchange import no_content, raw_body, reply
from emulator.web.gate import ApiResource, call_of
from emulator.world import Emulator

Json = dict[str, Any]
Form = dict[str, str]


class TokenResource(ApiResource):
    """These calls carry the app's own credentials in the form, and no bearer token."""

    meter = Meter.NONE

    def form(self, req: falcon.Request) -> Form:
        """Form fields, or nothing at all; the deprecated v1 also takes them from the query."""
        kind = (req.content_type or "").partition(";")[0].strip().lower()
        body = raw_body(req)
        if kind != "application/x-www-form-urlencoded" and (kind or body):
            unsupported = HubSpotError("HTTP 415 Unsupported Media Type")
            unsupported.status = 415
            raise unsupported
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        return dict(parse_qsl(req.query_string)) | form if self.version.name == "v1" else form

    def client(self, req: falcon.Request, form: Form) -> App:
        """Raises OAuthRefused or RateLimited."""
        app = self.emulator.apps.get(form.get("client_id", ""))
        if app is None:
            raise OAuthRefused("invalid_client", "BAD_CLIENT_ID", "missing or unknown client id")
        call_of(req).app_id = app.app_id
        self.emulator.limits.charge_token_call(app.app_id, self.now())
        if form.get("client_secret") != app.client_secret:
            raise OAuthRefused("invalid_client", "BAD_CLIENT_SECRET", "missing or invalid client secret")
        return app


class Token(TokenResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = self.form(req)
        app = self.client(req, form)
        match form.get("grant_type"):
            case "authorization_code":
                answer = self._exchange(req, app, form)
            case "refresh_token":
                answer = self._refresh(req, app, form)
            case "client_credentials":
                answer = self._client_credentials(app, form)
            case _:
                raise OAuthRefused("unsupported_grant_type", "BAD_GRANT_TYPE", "missing or unknown grant type")
        reply(resp, answer)

    def _exchange(self, req: falcon.Request, app: App, form: Form) -> Json:
        grants = self.emulator.grants
        with self.emulator.lock:
            code = grants.codes.get(form.get("code", ""))
            portal = self.emulator.portals.get(code.hub_id) if code else None
            refresh, grant = grants.exchange(
                app,
                form.get("code", ""),
                form.get("redirect_uri", ""),
                form.get("code_verifier", ""),
                portal.hublet if portal else self.emulator.global_hublet,
            )
            return self._answer(req, app, refresh, grant)

    def _refresh(self, req: falcon.Request, app: App, form: Form) -> Json:
        with self.emulator.lock:
            refresh, grant = self.emulator.grants.refresh(app, form.get("refresh_token", ""))
            if grant.hub_id not in self.emulator.portals:
                raise OAuthRefused("access_denied", "BAD_HUB", "missing or unknown hub id")
            return self._answer(req, app, refresh, grant)

    def _answer(self, req: falcon.Request, app: App, refresh: str, grant: Grant) -> Json:
        call_of(req).hub_id = grant.hub_id
        access = self.emulator.grants.new_access_token(app, grant)
        return token_answer(access, refresh, grant, app.access_token_ttl_s)

    def _client_credentials(self, app: App, form: Form) -> Json:
        """An app-level token, for the webhooks journal; asked for again when it expires."""
        scopes = frozenset(split(form.get("scope")))
        if app.user_level:
            raise OAuthRefused(
                "unauthorized_client",
                "USER_LEVEL_CLIENT_CREDENTIALS_NOT_SUPPORTED",
                "client credentials are not supported for user level apps",
            )
        if not scopes & JOURNAL_SCOPES or not scopes <= JOURNAL_SCOPES | app.scopes:
            raise OAuthRefused("invalid_scope", "BAD_SCOPES", "missing or invalid scopes")
        with self.emulator.lock:
            access = self.emulator.grants.new_app_token(app, scopes, self.emulator.global_hublet)
        return {
            "access_token": access,
            "expires_in": app.access_token_ttl_s,
            "token_type": "bearer",
            "token_use": "client_credentials",
            "scopes": ordered(scopes),
        }


def token_answer(access: str, refresh: str, grant: Grant, expires_in: int) -> Json:
    """`scopes` is what was granted in all, optional ones included. HubSpot's example has no user_id."""
    return {
        "token_type": "bearer",
        "refresh_token": refresh,
        "access_token": access,
        "hub_id": grant.hub_id,
        "scopes": ordered(grant.scopes),
        "expires_in": expires_in,
        "token_use": "access_token",
    }


class Introspect(TokenResource):
    """Tokens that are unknown, revoked, expired or another app's are just not active."""

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = self.form(req)
        app = self.client(req, form)
        # The documentation names two fields, the specification and all clients a third.
        value = form.get("token") or form.get("access_token") or form.get("refresh_token") or ""
        grants = self.emulator.grants
        access = grants.access_tokens.get(value)
        grant = grants.grant_of(value)
        now = self.now()
        if access is not None and access.client_id == app.client_id and (access.expires_at or now + 1) > now:
            reply(resp, self._access(app, value, access, now))
        elif grant is not None and grant.client_id == app.client_id:
            reply(resp, self._refresh(app, value, grant))
        else:
            reply(resp, {"active": False})

    def _access(self, app: App, value: str, token: AccessToken, now: int) -> Json:
        expires_at = token.expires_at or 0
        return {
            "active": True,
            "token_use": "access_token" if token.hub_id is not None else "client_credentials",
            "token": value,
            "token_type": "Bearer",
            "app_id": app.app_id,
            "client_id": app.client_id,
            **({"hub_id": token.hub_id, "user_id": token.user_id} if token.hub_id is not None else {}),
            "expires_in": (expires_at - now) // 1000,
            "scopes": ordered(token.scopes),
            "is_private_distribution": token.private_distribution,
            "signed_access_token": self._signed(app, token, expires_at),
            **people(self.emulator, token.hub_id, token.user_id),
        }

    def _refresh(self, app: App, value: str, grant: Grant) -> Json:
        return {
            "active": True,
            "token_use": "refresh_token",
            "token": value,
            "token_type": "Bearer",
            "app_id": app.app_id,
            "client_id": app.client_id,
            "hub_id": grant.hub_id,
            "user_id": grant.user_id,
            "scopes": ordered(grant.scopes),
            **people(self.emulator, grant.hub_id, grant.user_id),
        }

    def _signed(self, app: App, token: AccessToken, expires_at: int) -> Json:
        """The signatures and the packed scopes are HubSpot's own affair, and empty here."""
        install = self.emulator.grants.install(app.client_id, token.hub_id or 0)
        signed: Json = {
            "appId": app.app_id,
            "appInstallId": install.installed_at if install else 0,
            "audience": "",
            "expiresAt": expires_at,
            "hubId": token.hub_id,
            "hublet": token.hublet,
            "installingUserId": install.user_id if install else token.user_id,
            "isPrivateDistribution": token.private_distribution,
            "isServiceAccount": False,
            "isUserLevel": app.user_level,
            "userId": token.user_id,
        }
        packed = (
            "newSignature",
            "scopeToScopeGroupPks",
            "scopes",
            "signature",
            "trialScopeToScopeGroupPks",
            "trialScopes",
        )
        return signed | dict.fromkeys(packed, "")


class Revoke(TokenResource):
    """200 whatever the token was. Access tokens issued earlier live on, and the app stays installed."""

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = self.form(req)
        app = self.client(req, form)
        with self.emulator.lock:
            self.emulator.grants.revoke(app.client_id, form.get("token") or form.get("refresh_token") or "")
        resp.status = 200


def people(emulator: Emulator, hub_id: int | None, user_id: int | None) -> Json:
    """The e-mail of the user, and the customer's own website; not a host of HubSpot."""
    portal = emulator.portals.get(hub_id or 0)
    user = portal.user(user_id or 0) if portal else None
    return {"user": user.email, "hub_domain": user.email.partition("@")[2]} if user else {}


class AccessTokenMetadata(TokenResource):
    """v1, deprecated: the token in the path is the credential."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response, token: str) -> None:
        found = self.emulator.grants.access_tokens.get(token)
        now = self.now()
        if found is None or found.hub_id is None or (found.expires_at or 0) <= now:
            raise ResourceNotFound("access token not found, expired or revoked")
        answer = {
            "token": token,
            **people(self.emulator, found.hub_id, found.user_id),
            "scopes": ordered(found.scopes),
            "hub_id": found.hub_id,
            "app_id": found.app_id,
            "expires_in": ((found.expires_at or 0) - now) // 1000,
            "user_id": found.user_id,
            "token_type": "access",
            "is_private_distribution": found.private_distribution,
        }
        reply(resp, answer)


class RefreshTokenMetadata(TokenResource):
    """v1, deprecated."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response, token: str) -> None:
        grant = self.emulator.grants.grant_of(token)
        if grant is None:
            raise ResourceNotFound("refresh token not found or revoked")
        answer = {
            "token": token,
            **people(self.emulator, grant.hub_id, grant.user_id),
            "scopes": ordered(grant.scopes),
            "hub_id": grant.hub_id,
            "client_id": grant.client_id,
            "user_id": grant.user_id,
            "token_type": "refresh",
        }
        reply(resp, answer)

    def on_delete(self, _req: falcon.Request, resp: falcon.Response, token: str) -> None:
        with self.emulator.lock:
            grant = self.emulator.grants.grant_of(token)
            if grant is not None:
                self.emulator.grants.revoke(grant.client_id, token)
        no_content(resp)
