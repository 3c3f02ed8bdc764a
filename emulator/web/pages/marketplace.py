"""HubSpot's marketplace: listings with their Install button, and where a returnUrl leads."""

from __future__ import annotations

from urllib.parse import parse_qsl

import falcon

from emulator.oauth.apps import App, Flow
from emulator.oauth.consent import ConsentRefused
from emulator.oauth.marketplace import MarketplaceInstall, consent_to, first_address, listing_of, request_of
from emulator.oauth.scopes import in_words
from emulator.portals import Portal
from emulator.web.exchange import raw_body
from emulator.web.html import Markup, el
from emulator.web.pages.consent_form import ask, refuse, wanted_scopes
from emulator.web.pages.forms import read_form, whole
from emulator.web.pages.layout import button, field, heading, notice, show, trail
from emulator.web.pages.page import NoSuchPage, Page
from emulator.web.pages.tables import nothing
from emulator.world import Emulator

_FLOWS = {
    Flow.OWN_SITE: "continues on the app's own site",
    Flow.WITHOUT_SIGN_IN: "asks for consent here, then comes to the app with a code",
    Flow.PARTNER_SIGN_IN: "signs in with the app first, then asks for consent here",
}


class Marketplace(Page):
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        listed = [app for app in list(self.emulator.apps.values()) if app.listing is not None]
        empty = nothing("No app is listed. POST /_emulator/apps with a listing puts one here.")
        self.show(
            resp,
            "Marketplace",
            heading("Marketplace", crumbs=trail(("Apps", "/_ui/apps"))),
            el("div", [_card(app) for app in listed], class_="cards") if listed else empty,
            current="Apps",
        )


def _card(app: App) -> Markup:
    return el(
        "a",
        el("strong", app.name),
        el("span", _FLOWS[listing_of(app).flow].capitalize()),
        href=f"/marketplace/apps/{app.app_id}",
        class_="card",
    )


class ListingPage(Page):
    """Choose an account and install. Only first installs go this way: others are the app's own affair."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        self._show(resp, self._app(app_id))

    def on_post(self, req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        app = self._app(app_id)
        hub_id = read_form(req).text("hub_id")
        if hub_id not in map(str, self.emulator.portals):
            self._show(resp, app, "Choose an account.")
            return
        resp.status = 303
        resp.set_header("Location", self._first_address(app, self.portal(hub_id)))

    def _first_address(self, app: App, portal: Portal) -> str:
        listing = listing_of(app)
        if listing.flow is Flow.OWN_SITE or self.emulator.grants.install(app.client_id, portal.hub_id):
            return listing.install_url
        return first_address(self.emulator, self.emulator.begin_marketplace_install(app, portal))

    def _app(self, text: str) -> App:
        for app in list(self.emulator.apps.values()):
            if str(app.app_id) == text and app.listing is not None:
                return app
        raise NoSuchPage(f"There is no app {text[:30]} on the marketplace.")

    def _show(self, resp: falcon.Response, app: App, problem: str = "") -> None:
        request = request_of(app)
        accounts = [
            el("option", f"{portal.name} ({portal.hub_id}){self._installed(app, portal)}", value=portal.hub_id)
            for portal in list(self.emulator.portals.values())
        ]
        scopes = [el("li", in_words(scope), el("code", scope)) for scope in request.scopes]
        show(
            resp,
            app.name,
            el("h1", app.name),
            notice(problem, bad=True) if problem else None,
            el("p", f"The install {_FLOWS[listing_of(app).flow]}.", class_="quiet"),
            el("h2", "It asks for"),
            el("ul", scopes, class_="permissions"),
            el("h2", "Where to"),
            el(
                "form",
                field("Account", el("select", accounts, name="hub_id")),
                el("p", button("Install app", kind="main"), class_="actions"),
                method="post",
            ),
            status=400 if problem else 200,
            current="Apps",
            form_target=_origins(self.emulator, app),
            narrow=True,
        )

    def _installed(self, app: App, portal: Portal) -> str:
        return " · connected" if self.emulator.grants.install(app.client_id, portal.hub_id) else ""


def _origins(emulator: Emulator, app: App) -> str:
    """Where a form of these pages may lead to: the app, or HubSpot's page in the account's region."""
    scheme, _, rest = listing_of(app).install_url.partition("://")
    return " ".join([f"{scheme}://{rest.partition('/')[0]}", *emulator.options.origins.values()])


class Return(Page):
    """A returnUrl: the app comes back with its state, or after the code was exchanged."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, hub_id: str, install_id: str) -> None:
        install, app, portal = self._install(hub_id, install_id)
        if install.code is not None:
            self._show_outcome(resp, app, portal)
            return
        if listing_of(app).flow is Flow.PARTNER_SIGN_IN and not self._take_state(req, install):
            message = f"{app.name} did not say who signed in: it came back without a state."
            show(resp, "Not connected", el("h1", "Not connected"), notice(message, bad=True), _again(app), narrow=True)
            return
        self._go_on(req, resp, install, app, portal)

    def _go_on(
        self, req: falcon.Request, resp: falcon.Response, install: MarketplaceInstall, app: App, portal: Portal
    ) -> None:
        try:
            if install.user_id is not None:
                resp.set_header("Location", consent_to(self.emulator, install, install.user_id))
                resp.status = 302
                return
            request = request_of(app)
            connected = self.emulator.grants.install(app.client_id, portal.hub_id)
            request.check_account(portal, connected, self.emulator.grants.installed_in(app.client_id))
            ask(resp, request, portal, connected, request.granted(portal, connected), req.path)
        except ConsentRefused as refused:
            refuse(resp, str(refused))

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str, install_id: str) -> None:
        install, app, _ = self._install(hub_id, install_id)
        form = parse_qsl(raw_body(req).decode("utf-8", "replace"), keep_blank_values=True)
        given = dict(form)
        if given.get("decision") == "cancel":
            self.emulator.end_marketplace_install(install)
            resp.set_header("Location", f"/marketplace/apps/{app.app_id}")
            resp.status = 303
            return
        try:
            user_id = given.get("user_id", "")
            address = consent_to(self.emulator, install, whole(user_id) or 0, wanted_scopes(form))
        except ConsentRefused as refused:
            refuse(resp, str(refused), status=400)
        else:
            resp.set_header("Location", address)
            resp.status = 302

    def _install(self, hub_id: str, install_id: str) -> tuple[MarketplaceInstall, App, Portal]:
        portal = self.portal(hub_id)
        install = self.emulator.marketplace.installs.get(install_id)
        app = self.emulator.apps.get(install.client_id) if install else None
        if install is None or install.hub_id != portal.hub_id or app is None or app.listing is None:
            raise NoSuchPage("There is no such install under way. Begin again on the marketplace.")
        return install, app, portal

    def _take_state(self, req: falcon.Request, install: MarketplaceInstall) -> bool:
        state = req.get_param("state")
        if state:
            with self.emulator.lock:
                install.state = state
        return install.state is not None

    def _show_outcome(self, resp: falcon.Response, app: App, portal: Portal) -> None:
        """The app appears as connected once it has exchanged the code, and not before."""
        if self.emulator.grants.install(app.client_id, portal.hub_id):
            title, message = "Connected", notice(f"{app.name} is connected to {portal.name}.")
        else:
            title = "Not connected"
            message = notice(f"{app.name} has not exchanged the code it was given, so it is not connected.", bad=True)
        show(resp, title, el("h1", title), message, _again(app), narrow=True)


def _again(app: App) -> Markup:
    return el("p", el("a", f"Back to {app.name} on the marketplace", href=f"/marketplace/apps/{app.app_id}"))
