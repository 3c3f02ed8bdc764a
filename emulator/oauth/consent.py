"""An authorize URL, checked as HubSpot's consent page checks it.

HubSpot shows these errors on its own page; the app never hears of them.
developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from emulator.crm.owners import User
from emulator.oauth.apps import App
from emulator.oauth.grants import Code, Install
from emulator.oauth.scopes import available, split
from emulator.portals import Portal


class ConsentRefused(Exception):
    """The message is what HubSpot's page says."""


@dataclass(frozen=True)
class ConsentRequest:
    app: App
    redirect_uri: str
    scopes: tuple[str, ...]
    optional_scopes: tuple[str, ...]
    state: str | None
    challenge: str | None
    challenge_method: str | None

    def granted(self, portal: Portal) -> frozenset[str]:
        """All that was asked for, without the optional scopes whose feature the account does not have.

        Raises ConsentRefused when it lacks one that is not optional.
        """
        if not all(available(scope, portal.tier) for scope in self.scopes):
            raise ConsentRefused(
                "This account doesn't have access to some HubSpot features that are required by this app."
            )
        optional = [scope for scope in self.optional_scopes if available(scope, portal.tier)]
        return frozenset((*self.scopes, *optional))

    def check_user(self, user: User, install: Install | None, scopes: frozenset[str]) -> None:
        """What nobody entitled to has approved yet takes a super admin, or access to the marketplace.

        developers.hubspot.com/changelog/new-permission-requirements-for-installing-public-apps
        Raises ConsentRefused.
        """
        approved = install.approved if install else frozenset()
        if scopes - approved and not (user.super_admin or user.marketplace_access):
            raise ConsentRefused(
                "You don't have permission to connect this app. Ask a Super Admin, or someone with App Marketplace"
                " access, to connect it."
            )

    def code(self, portal: Portal, user: User, scopes: frozenset[str], expires_at: int) -> Code:
        return Code(
            self.app.client_id,
            portal.hub_id,
            user.user_id,
            scopes,
            self.redirect_uri,
            expires_at,
            self.challenge,
            self.challenge_method,
        )

    def back(self, **parameters: str) -> str:
        """The address that the browser is sent to: the app's own, with the answer and its state."""
        if self.state is not None:
            parameters["state"] = self.state
        separator = "&" if urlsplit(self.redirect_uri).query else "?"
        return f"{self.redirect_uri}{separator}{urlencode(parameters)}"


def read(apps: Mapping[str, App], query: Mapping[str, str]) -> ConsentRequest:
    """Raises ConsentRefused."""
    app = apps.get(query.get("client_id", ""))
    if app is None:
        raise ConsentRefused("This install link is not valid: an invalid app client_id was provided.")
    redirect_uri = query.get("redirect_uri", "")
    if redirect_uri not in app.redirect_uris:
        raise ConsentRefused(
            f"Authorization failed as the redirect URL '{redirect_uri}' doesn't match the app's registered redirect"
            " URL."
        )
    scopes = split(query.get("scope"))
    # The documentation's prose has an s, the official clients have none.
    optional = split(query.get("optional_scope") or query.get("optional_scopes"))
    if not set(app.required_scopes) <= set(scopes):
        raise ConsentRefused("Authorization failed because the provided scopes are insufficient.")
    allowed = {*app.required_scopes, *app.conditional_scopes}
    if not set(scopes) <= allowed or not set(optional) <= set(app.optional_scopes):
        raise ConsentRefused("The app developer doesn't have permissions to request the set of scopes.")
    return ConsentRequest(
        app,
        redirect_uri,
        scopes,
        optional,
        query.get("state"),
        query.get("code_challenge"),
        query.get("code_challenge_method", "plain") if query.get("code_challenge") else None,
    )
