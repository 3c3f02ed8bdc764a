"""HubSpot's consent page: choose an account, see what the app asks for, grant or cancel."""

from __future__ import annotations

from urllib.parse import parse_qsl

import falcon

from emulator.limits import Meter
from emulator.oauth.consent import ConsentRefused, ConsentRequest, grant_code, read
from emulator.portals import Portal
from emulator.web.exchange import raw_body
from emulator.web.gate import ApiResource, call_of
from emulator.web.html import Markup, el
from emulator.web.origin import refuse_strangers
from emulator.web.pages.consent_form import ask, refuse, region, wanted_scopes
from emulator.web.pages.forms import whole
from emulator.web.pages.layout import show

Form = list[tuple[str, str]]


class Consent(ApiResource):
    """/oauth/authorize and /oauth/{hub_id}/authorize"""

    meter = Meter.NONE

    def on_get(self, req: falcon.Request, resp: falcon.Response, hub_id: str | None = None) -> None:
        try:
            request = read(self.emulator.apps, _query(req))
            if hub_id is None:
                self._choose_account(req, resp, request)
                return
            portal = self._portal(hub_id)
            if self._elsewhere(req, resp, portal):
                return
            install = self.emulator.grants.install(request.app.client_id, portal.hub_id)
            request.check_account(portal, install, self.emulator.grants.installed_in(request.app.client_id))
            scopes = request.granted(portal, install)
        except ConsentRefused as refused:
            refuse(resp, str(refused))
        else:
            ask(resp, request, portal, install, scopes, f"{req.path}?{req.query_string}")

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str | None = None) -> None:
        refuse_strangers(req, self.emulator.options.origins.values())
        form = parse_qsl(raw_body(req).decode("utf-8", "replace"), keep_blank_values=True)
        try:
            request = read(self.emulator.apps, _query(req))
            portal = self._portal(dict(form).get("hub_id") or hub_id or "")
            call_of(req).hub_id, call_of(req).app_id = portal.hub_id, request.app.app_id
            address = self._decide(request, portal, form)
        except ConsentRefused as refused:
            refuse(resp, str(refused), status=400)
        else:
            resp.status = 302
            resp.set_header("Location", address)

    def _decide(self, request: ConsentRequest, portal: Portal, form: Form) -> str:
        given = dict(form)
        if given.get("decision") == "cancel":
            return request.back(error="access_denied", error_description="The user canceled the authorization.")
        user_id = given.get("user_id", "")
        user = portal.user(whole(user_id) or 0)
        if user is None or given.get("decision") != "grant":
            raise ConsentRefused("Choose a user of this account, and whether to connect the app.")
        with self.emulator.lock:
            grants = self.emulator.grants
            return request.back(code=grant_code(request, grants, portal, user, self.now(), wanted_scopes(form)))

    def _portal(self, text: str) -> Portal:
        portal = self.emulator.portals.get(whole(text) or 0)
        if portal is None:
            raise ConsentRefused(f"You don't have access to account {text[:20]}.")
        self.emulator.moves.check_consent(portal.hub_id)
        return portal

    def _elsewhere(self, req: falcon.Request, resp: falcon.Response, portal: Portal) -> bool:
        """An account of another region is asked on that region's host, where the browser is moved."""
        origin = self.emulator.ui_origin(portal.hublet)
        own = self.emulator.ui_origin(self.hublet(req))
        if origin == own:
            return False
        resp.status = 302
        resp.set_header("Location", f"{origin}{req.path}?{req.query_string}")
        return True

    def hublet(self, req: falcon.Request) -> str:
        hublet: str = req.context.hublet
        return hublet

    def _choose_account(self, req: falcon.Request, resp: falcon.Response, request: ConsentRequest) -> None:
        cards = [self._card(req, portal) for portal in list(self.emulator.portals.values())]
        empty = el("p", "There are no accounts yet. POST /_emulator/portals makes one.", class_="empty")
        show(
            resp,
            "Choose an account",
            el("h1", "Choose an account"),
            el("p", el("strong", request.app.name), " will be connected to it."),
            el("div", cards, class_="cards") if cards else empty,
            narrow=True,
        )

    def _card(self, req: falcon.Request, portal: Portal) -> Markup:
        kind = portal.account_type.replace("_", " ").lower()
        return el(
            "a",
            el("strong", portal.name),
            el("span", f"{portal.hub_id} · {region(portal)} · {kind}"),
            href=f"{self._origin(req, portal)}/oauth/{portal.hub_id}/authorize?{req.query_string}",
            class_="card",
        )

    def _origin(self, req: falcon.Request, portal: Portal) -> str:
        """Links stay on the host that the browser knows, unless the account lives in another region."""
        return "" if portal.hublet == self.hublet(req) else self.emulator.ui_origin(portal.hublet)


def _query(req: falcon.Request) -> dict[str, str]:
    return dict(parse_qsl(req.query_string, keep_blank_values=True))
