"""HubSpot's consent page: choose an account, see what the app asks for, grant or cancel."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import falcon

from emulator.crm.owners import User
from emulator.limits import Meter
from emulator.oauth.consent import ConsentRefused, ConsentRequest, read
from emulator.oauth.scopes import in_words
from emulator.portals import Portal
from emulator.web.exchange import raw_body
from emulator.web.gate import ApiResource, call_of
from emulator.web.html import Child, Markup, el
from emulator.web.pages.layout import button, show


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
            scopes = request.granted(portal)
        except ConsentRefused as refused:
            _refuse(resp, str(refused))
        else:
            self._ask(req, resp, request, portal, scopes)

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str | None = None) -> None:
        form = dict(parse_qsl(raw_body(req).decode("utf-8", "replace"), keep_blank_values=True))
        try:
            request = read(self.emulator.apps, _query(req))
            portal = self._portal(form.get("hub_id") or hub_id or "")
            call_of(req).hub_id, call_of(req).app_id = portal.hub_id, request.app.app_id
            address = self._decide(request, portal, form)
        except ConsentRefused as refused:
            _refuse(resp, str(refused), status=400)
        else:
            resp.status = 302
            resp.set_header("Location", address)

    def _decide(self, request: ConsentRequest, portal: Portal, form: dict[str, str]) -> str:
        if form.get("decision") == "cancel":
            return request.back(error="access_denied", error_description="The user canceled the authorization.")
        user_id = form.get("user_id", "")
        user = portal.user(int(user_id)) if user_id.isdigit() else None
        if user is None or form.get("decision") != "grant":
            raise ConsentRefused("Choose a user of this account, and whether to connect the app.")
        scopes = request.granted(portal)
        with self.emulator.lock:
            install = self.emulator.grants.install(request.app.client_id, portal.hub_id)
            request.check_user(user, install, scopes)
            expires_at = self.now() + request.app.code_ttl_s * 1000
            code = self.emulator.grants.new_code(request.code(portal, user, scopes, expires_at), portal.hublet)
        return request.back(code=code)

    def _portal(self, text: str) -> Portal:
        portal = self.emulator.portals.get(int(text)) if text.isdigit() else None
        if portal is None:
            raise ConsentRefused(f"You don't have access to account {text[:20]}.")
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
        cards = [
            el(
                "a",
                el("strong", portal.name),
                el("span", f"{portal.hub_id} · {_region(portal)}"),
                href=f"{self._origin(req, portal)}/oauth/{portal.hub_id}/authorize?{req.query_string}",
                class_="card",
            )
            for portal in self.emulator.portals.values()
        ]
        empty = el("p", "There are no accounts yet. POST /_emulator/portals makes one.", class_="empty")
        show(
            resp,
            "Choose an account",
            el("h1", "Choose an account"),
            el("p", el("strong", request.app.name), " will be connected to it."),
            el("div", cards, class_="cards") if cards else empty,
            narrow=True,
        )

    def _origin(self, req: falcon.Request, portal: Portal) -> str:
        """Links stay on the host that the browser knows, unless the account lives in another region."""
        return "" if portal.hublet == self.hublet(req) else self.emulator.ui_origin(portal.hublet)

    def _ask(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        request: ConsentRequest,
        portal: Portal,
        scopes: frozenset[str],
    ) -> None:
        install = self.emulator.grants.install(request.app.client_id, portal.hub_id)
        target = urlsplit(request.redirect_uri)
        show(
            resp,
            f"Connect {request.app.name}",
            el("h1", f"Connect {request.app.name} to HubSpot"),
            el("p", el("strong", portal.name), el("br"), f"{portal.hub_id} · {_region(portal)}", class_="account"),
            _permissions(request, scopes),
            el("p", "Connected already: granting again adds what is new.", class_="notice") if install else None,
            el(
                "form",
                el("input", type="hidden", name="hub_id", value=portal.hub_id),
                el("fieldset", el("legend", "Who is granting this?"), [_user(user, portal) for user in portal.users]),
                el(
                    "p",
                    button("Grant access", kind="main", name="decision", value="grant"),
                    button("Cancel", name="decision", value="cancel"),
                    class_="actions",
                ),
                method="post",
                action=f"{req.path}?{req.query_string}",
            ),
            el("p", "You will go back to ", el("code", f"{target.scheme}://{target.netloc}"), class_="quiet"),
            form_target=f"{target.scheme}://{target.netloc}",
            narrow=True,
        )


def _query(req: falcon.Request) -> dict[str, str]:
    return dict(parse_qsl(req.query_string, keep_blank_values=True))


def _region(portal: Portal) -> str:
    return {"na1": "North America", "eu1": "Europe"}.get(portal.hublet, portal.hublet)


def _user(user: User, portal: Portal) -> Markup:
    role = "Super Admin" if user.super_admin else "User"
    if user.marketplace_access:
        role = "User with App Marketplace access"
    chosen = user == next((each for each in portal.users if each.super_admin), portal.users[0])
    choice = el("input", type="radio", name="user_id", value=user.user_id, checked=chosen)
    return el(
        "label", choice, el("span", user.name or user.email, el("small", f"{user.email} · {role}")), class_="choice"
    )


def _permissions(request: ConsentRequest, scopes: frozenset[str]) -> Child:
    rows = [el("li", in_words(scope), el("code", scope)) for scope in request.scopes]
    optional = [
        el("li", in_words(scope), " (optional)", el("code", scope))
        for scope in request.optional_scopes
        if scope in scopes
    ]
    return [el("h2", "It will be able to"), el("ul", rows, optional, class_="permissions")]


def _refuse(resp: falcon.Response, message: str, status: int = 200) -> None:
    """HubSpot's page is one file for good and bad links alike, so it answers 200."""
    show(
        resp,
        "Couldn't complete the connection",
        el("h1", "Couldn't complete the connection"),
        el("p", message, class_="notice bad", role="alert"),
        el("p", "The app is not told of this. Go back to it and start again.", class_="quiet"),
        status=status,
        narrow=True,
    )
