"""APIs that configure an app rather than read an account: for its developer, by key or by token."""

from __future__ import annotations

import falcon

from emulator.errors import MissingScopes, ResourceNotFound, TokenExpired, Unauthenticated
from emulator.limits import Meter
from emulator.oauth.apps import App
from emulator.oauth.grants import AccessToken
from emulator.web.gate import ApiResource, bearer, call_of

READ, WRITE = "developers-read", "developers-write"


class DeveloperResource(ApiResource):
    """Opened by the app's developer API key, as `hapikey` or bearer, or by a token of the app with the scope.

    These calls are of no account, so no account's limits count them.
    """

    meter = Meter.NONE

    def developers_app(self, req: falcon.Request, app_id: str, scope: str) -> App:
        """The app of the path, if the caller may have it.

        Raises Unauthenticated, TokenExpired, MissingScopes or ResourceNotFound.
        """
        app = next((each for each in list(self.emulator.apps.values()) if str(each.app_id) == app_id), None)
        if app is not None:
            call_of(req).app_id = app.app_id
        if app is None or not self._is_key_of(req, app):
            client_id = self._authorized_client(req, scope)
            if app is None or client_id != app.client_id:
                raise ResourceNotFound(f"There is no app {app_id} of yours")
        return app

    def _is_key_of(self, req: falcon.Request, app: App) -> bool:
        return app.developer_api_key in (req.get_param("hapikey"), bearer(req))

    def _authorized_client(self, req: falcon.Request, scope: str) -> str | None:
        """Whose token it is; None for the key of another developer."""
        value = req.get_param("hapikey") or bearer(req)
        if any(value == app.developer_api_key for app in list(self.emulator.apps.values())):
            return None
        token = self.emulator.grants.access_tokens.get(bearer(req))
        if token is None:
            raise Unauthenticated
        self._check(token, scope)
        return token.client_id

    def _check(self, token: AccessToken, scope: str) -> None:
        """Private apps have no such API, whatever their scopes."""
        now = self.now()
        if token.expires_at is not None and token.expires_at <= now:
            raise TokenExpired(token.expires_at, now)
        if token.private or scope not in token.scopes:
            raise MissingScopes([scope])
