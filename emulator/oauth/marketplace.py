"""Installs that start at HubSpot's marketplace, without a state of the app's.

developers.hubspot.com/docs/apps/developer-platform/list-apps/understand-app-install-flow
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.oauth.apps import App, Flow, Listing
from emulator.oauth.consent import ConsentRefused, ConsentRequest, from_listing, grant_code, with_query

if TYPE_CHECKING:
    from emulator.world import Emulator


class NotListed(Exception):
    """The message names the app."""


@dataclass
class MarketplaceInstall:
    """One install under way. HubSpot's returnUrl leads back to it."""

    id: str
    client_id: str
    hub_id: int
    # Consents without being asked, for whoever steers the emulator; None: a person is asked.
    user_id: int | None = None
    # What the app minted for its own user, with partner sign-in.
    state: str | None = None
    # The consent was given, and this came of it.
    code: str | None = None

    @property
    def path(self) -> str:
        return f"/app-install/{self.hub_id}/{self.id}"


class Marketplace:
    """Changed under the emulator's own lock."""

    def __init__(self) -> None:
        self.installs: dict[str, MarketplaceInstall] = {}

    def begin(self, app: App, hub_id: int, user_id: int | None = None) -> MarketplaceInstall:
        listing_of(app)
        begun = MarketplaceInstall(uuid.uuid4().hex, app.client_id, hub_id, user_id)
        self.installs[begun.id] = begun
        return begun

    def clear(self) -> None:
        self.installs.clear()


def listing_of(app: App) -> Listing:
    """Raises NotListed."""
    if app.listing is None:
        raise NotListed(f"{app.name} is not listed on the marketplace")
    return app.listing


def request_of(app: App) -> ConsentRequest:
    """Raises NotListed."""
    return from_listing(app, listing_of(app))


def return_url_of(emulator: Emulator, install: MarketplaceInstall) -> str:
    """Without a query: apps append `?state=` to it."""
    return emulator.ui_origin(emulator.portal(install.hub_id).hublet) + install.path


def first_address(emulator: Emulator, install: MarketplaceInstall) -> str:
    """Where the browser goes when the Install button is pressed.

    With partner sign-in the app learns who its own user is before any consent.
    """
    listing = listing_of(emulator.apps[install.client_id])
    return_url = return_url_of(emulator, install)
    if listing.flow is not Flow.PARTNER_SIGN_IN:
        return return_url
    return with_query(listing.install_url, {"step": "authorize", "returnUrl": return_url})


def consent_to(emulator: Emulator, install: MarketplaceInstall, user_id: int, wanted: list[str] | None = None) -> str:
    """The address that brings the app the code of a user's consent.

    Raises ConsentRefused.
    """
    app, portal = emulator.apps[install.client_id], emulator.portal(install.hub_id)
    user = portal.user(user_id)
    if user is None:
        raise ConsentRefused("Choose a user of this account, and whether to connect the app.")
    emulator.moves.check_consent(portal.hub_id)
    with emulator.lock:
        install.code = grant_code(request_of(app), emulator.grants, portal, user, emulator.clock.now_ms(), wanted)
    return _with_code(listing_of(app), install, install.code, return_url_of(emulator, install))


def _with_code(listing: Listing, install: MarketplaceInstall, code: str, return_url: str) -> str:
    if listing.flow is Flow.PARTNER_SIGN_IN:
        given = {"step": "finalize", "code": code, "state": install.state or "", "returnUrl": return_url}
    else:
        given = {"code": code, "returnUrl": return_url}
    return with_query(listing.install_url, given)
