"""What happens to an app's place in an account: marketplace installs, permissions switched off, region moves."""

from __future__ import annotations

from typing import Any

import falcon

from emulator.control.fields import Fields, Rejected
from emulator.control.resources import ControlResource, body_of
from emulator.instants import iso
from emulator.oauth.apps import App, Flow
from emulator.oauth.consent import ConsentRefused
from emulator.oauth.marketplace import NotListed, consent_to, first_address, listing_of, return_url_of
from emulator.portals import Portal
from emulator.web.exchange import reply
from emulator.world import Emulator


class InstallControl(ControlResource):
    def app(self, fields: Fields) -> App:
        """Raises Rejected."""
        app = self.emulator.apps.get(fields.text("client_id"))
        if app is None:
            raise Rejected(f"no app with client_id {fields.text('client_id')}")
        return app


class MarketplaceInstalls(InstallControl):
    """A user presses Install on the app's listing, and consents when asked. `url` is where the browser goes next."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal = self.portal(hub_id)
        fields = Fields(body_of(req), ("client_id", "user_id"))
        app = self.app(fields)
        user_id = fields.whole("user_id", portal.users[0].user_id)
        try:
            reply(resp, self._begin(app, portal, user_id), 201)
        except (ConsentRefused, NotListed) as refused:
            raise Rejected(str(refused)) from None

    def _begin(self, app: App, portal: Portal, user_id: int) -> dict[str, Any]:
        flow = listing_of(app).flow
        if flow is Flow.OWN_SITE:
            return {"flow": flow, "url": listing_of(app).install_url, "return_url": None}
        if self.emulator.grants.install(app.client_id, portal.hub_id):
            raise Rejected("only first installs start at the marketplace, and the app is connected already")
        begun = self.emulator.begin_marketplace_install(app, portal, user_id)
        signs_in = flow is Flow.PARTNER_SIGN_IN
        url = first_address(self.emulator, begun) if signs_in else consent_to(self.emulator, begun, user_id)
        return {"flow": flow, "url": url, "return_url": return_url_of(self.emulator, begun)}


class Permissions(InstallControl):
    """A super admin switches optional permissions of an app off; the required ones cannot be."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal = self.portal(hub_id)
        fields = Fields(body_of(req), ("client_id", "switched_off"))
        app, scopes = self.app(fields), frozenset(fields.texts("switched_off"))
        if unknown := sorted(scopes - set(app.optional_scopes)):
            raise Rejected(f"switched_off: {unknown[0]} is not an optional scope of the app")
        with self.emulator.lock:
            install = self.emulator.grants.install(app.client_id, portal.hub_id)
            if install is None:
                raise Rejected(f"portal {portal.hub_id} has no such app installed")
            self.emulator.grants.switch_off(app, portal.hub_id, scopes)
            reply(resp, {"hub_id": portal.hub_id, "approved": sorted(install.approved)})


class Move(ControlResource):
    """The account moves to another region's data centre. Its calls answer 477 for `migrating_s` of virtual time."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal = self.portal(hub_id)
        fields = Fields(body_of(req), ("hublet", "migrating_s", "healed_by"))
        hublet = fields.choice("hublet", self.emulator.options.origins)
        end = self.emulator.move(
            portal,
            hublet,
            lasts_s=fields.amount("migrating_s", 0, high=30 * 86_400),
            refreshing_heals=fields.choice("healed_by", ("refreshing", "authorizing"), "refreshing") == "refreshing",
        )
        reply(resp, {"hub_id": portal.hub_id, "hublet": hublet, "migrating_until": iso(end)})


def routes(emulator: Emulator) -> list[tuple[str, ControlResource]]:
    portal = "/_emulator/portals/{hub_id}"
    return [
        (f"{portal}/marketplace-install", MarketplaceInstalls(emulator)),
        (f"{portal}/permissions", Permissions(emulator)),
        (f"{portal}/move", Move(emulator)),
    ]
