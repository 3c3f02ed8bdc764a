"""An authorize URL, checked as HubSpot's consent page checks it.

HubSpot shows these errors on its own page; the app never hears of them.
developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from emulator.crm.owners import User
from emulator.oauth.apps import App, Listing
from emulator.oauth.grants import Code, Grants, Install
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

    def granted(self, portal: Portal, install: Install | None, wanted: Collection[str] | None = None) -> frozenset[str]:
        """All that was asked for, without the optional scopes that the account cannot have or its admins do not want.

        `wanted` are the optional scopes left on by whoever grants. Raises ConsentRefused when the account lacks a
        scope that is not optional.
        """
        if not all(available(scope, portal.tier) for scope in self.scopes):
            raise ConsentRefused(
                "This account doesn't have access to some HubSpot features that are required by this app."
            )
        off = install.switched_off if install else frozenset()
        optional = {scope for scope in self.optional_scopes if available(scope, portal.tier)} - off
        return frozenset((*self.scopes, *(optional if wanted is None else optional.intersection(wanted))))

    def check_account(self, portal: Portal, install: Install | None, installed_in: int) -> None:
        """Whether the app may be connected to this account at all; where it is already, it may always.

        Raises ConsentRefused.
        """
        if portal.account_type == "APP_DEVELOPER":
            raise ConsentRefused("Apps can't be installed in developer accounts. Use a test account instead.")
        if install is not None:
            return
        app = self.app
        if app.private_distribution and portal.hub_id not in app.allowed_portals:
            raise ConsentRefused(
                "This app can't be installed in this account. Its developer hasn't allowed the account."
            )
        if app.listing is None and app.install_cap is not None and installed_in >= app.install_cap:
            raise ConsentRefused(
                "This app can't be installed right now: it has reached its install limit. Please contact the app"
                " developer."
            )

    def check_user(self, user: User, install: Install | None, scopes: frozenset[str]) -> None:
        """What nobody entitled to has approved yet takes a super admin, or access to the marketplace.

        developers.hubspot.com/changelog/new-permission-requirements-for-installing-public-apps
        Raises ConsentRefused.
        """
        if not may_approve(user) and self.unapproved(install, scopes):
            raise ConsentRefused(
                "You don't have permission to connect this app. Ask a Super Admin, or someone with App Marketplace"
                " access, to connect it."
            )

    def unapproved(self, install: Install | None, scopes: frozenset[str]) -> frozenset[str]:
        return scopes - (install.approved if install else frozenset())

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
        return with_query(self.redirect_uri, parameters)


def with_query(address: str, parameters: Mapping[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(parameters)}"


def grant_code(
    request: ConsentRequest,
    grants: Grants,
    portal: Portal,
    user: User,
    now: int,
    wanted: Collection[str] | None = None,
) -> str:
    """The code that a user's consent makes. Called under the emulator's lock.

    Raises ConsentRefused.
    """
    install = grants.install(request.app.client_id, portal.hub_id)
    request.check_account(portal, install, grants.installed_in(request.app.client_id))
    scopes = request.granted(portal, install, wanted)
    request.check_user(user, install, scopes)
    return grants.new_code(request.code(portal, user, scopes, now + request.app.code_ttl_s * 1000), portal.hublet)


def may_approve(user: User) -> bool:
    return user.super_admin or user.marketplace_access


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
    return ConsentRequest(app, redirect_uri, scopes, optional, query.get("state"), *_challenge(query))


def _challenge(query: Mapping[str, str]) -> tuple[str | None, str | None]:
    """RFC 7636: without a method the challenge is the verifier itself.

    Raises ConsentRefused.
    """
    challenge = query.get("code_challenge") or None
    method = query.get("code_challenge_method") or "plain"
    if challenge and method not in ("plain", "S256"):
        raise ConsentRefused("Authorization failed because the code_challenge_method is not supported.")
    return challenge, method if challenge else None


def from_listing(app: App, listing: Listing) -> ConsentRequest:
    """What an install that starts at the marketplace asks for; it carries no state of the app's."""
    scopes = tuple(dict.fromkeys((*app.required_scopes, *listing.scopes)))
    return ConsentRequest(app, listing.install_url, scopes, listing.optional_scopes, None, None, None)
