"""One app: where it is installed, how to install it, what it hears of, how it is configured."""

from __future__ import annotations

from urllib.parse import urlencode

import falcon

from emulator.control.fields import Rejected
from emulator.control.portals import issue_token
from emulator.oauth.apps import App
from emulator.oauth.grants import Install
from emulator.web.html import Child, Markup, el
from emulator.web.pages.forms import button, field, hidden, post, read_form, select
from emulator.web.pages.layout import heading, notice, section, success, trail
from emulator.web.pages.page import Page, account_address, app_address
from emulator.web.pages.subscriptions import done_with, subscriptions_section
from emulator.web.pages.tables import Column, facts, minute, nothing, table

_DONE = {"made": "The app is there. Install it in an account to begin.", "edited": "Saved. It holds from now on."}


class AppPage(Page):
    def on_get(self, req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        app = self.app(app_id)
        done = _DONE.get(req.get_param("done") or "")
        self._show(resp, app, success(done) if done else done_with(req, app))

    def on_post(self, req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        """A token, as if the app had been installed. It is shown once, here."""
        app, form = self.app(app_id), read_form(req)
        portal = self.portal(form.text("hub_id"))
        try:
            answer = issue_token(self.emulator, portal, {"client_id": app.client_id})
        except Rejected as rejected:
            self._show(resp, app, notice(str(rejected), bad=True), status=400)
            return
        given = [("Access token", _secret(answer["access_token"])), ("Refresh token", _secret(answer["refresh_token"]))]
        self._show(resp, app, success(f"Installed in {portal.name}, with all scopes of the app.", facts(given)))

    def _show(self, resp: falcon.Response, app: App, message: Child, status: int = 200) -> None:
        address = app_address(app)
        self.show(
            resp,
            app.name,
            heading(
                app.name,
                el("a", "Deliveries", href=f"/_ui/deliveries?app_id={app.app_id}", class_="button"),
                el("a", "Edit", href=f"{address}/edit", class_="button"),
                crumbs=trail(("Apps", "/_ui/apps")),
                below=self._facts(app),
            ),
            message,
            self._installs(app),
            subscriptions_section(app, f"{address}/subscriptions"),
            _configuration(app),
            status=status,
            current="Apps",
        )

    def _facts(self, app: App) -> Markup:
        now = self.emulator.clock.now_ms()
        with self.emulator.lock:
            grants = self.emulator.grants
            live = sum(
                1
                for token in grants.access_tokens.values()
                if token.client_id == app.client_id and (token.expires_at is None or token.expires_at > now)
            )
            refresh = sum(1 for grant in grants.refresh_tokens.values() if grant.client_id == app.client_id)
        return facts(
            [
                ("App id", el("code", str(app.app_id))),
                ("Client id", el("code", app.client_id)),
                ("Client secret", _hidden(app.client_secret)),
                ("Access tokens", f"{live:,} live"),
                ("Refresh tokens", f"{refresh:,}"),
            ]
        )

    def _installs(self, app: App) -> Markup:
        with self.emulator.lock:
            installs = [each for each in self.emulator.grants.installs.values() if each.client_id == app.client_id]
        portals = [
            (str(portal.hub_id), f"{portal.name} ({portal.hub_id})") for portal in self.emulator.portals.values()
        ]
        empty = nothing("Not installed anywhere yet. Open the install link, as a customer would.")
        return section(
            "Accounts",
            table(
                "Accounts",
                ("Account", Column("Id", "number"), "Since", "By", Column("Scopes", "number")),
                self._rows(installs),
                empty,
            ),
            post(
                hidden({"op": "token"}),
                field("Account", select("hub_id", portals)),
                el("div", button("Install without asking"), class_="actions"),
                class_="filters",
            )
            if portals
            else el("p", "There is no account yet: ", el("a", "New account", href="/_ui/accounts/new"), "."),
            beside=_install_links(app),
            note="Installing without asking gives you an access token to call the API with.",
        )

    def _rows(self, installs: list[Install]) -> list[list[Child]]:
        rows: list[list[Child]] = []
        for install in installs:
            portal = self.emulator.portals.get(install.hub_id)
            user = portal.user(install.user_id) if portal else None
            rows.append(
                [
                    el("a", portal.name, href=account_address(portal)) if portal else "closed",
                    str(install.hub_id),
                    minute(install.installed_at),
                    user.email if user else str(install.user_id),
                    str(len(install.approved)),
                ]
            )
        return rows


def _secret(value: str) -> Markup:
    return el("code", value, class_="secret", data_copy=True)


def _install_links(app: App) -> Child:
    scopes = [*app.required_scopes, *app.conditional_scopes]
    links = []
    for uri in app.redirect_uris:
        query = {"client_id": app.client_id, "redirect_uri": uri, "scope": " ".join(scopes)}
        if app.optional_scopes:
            query["optional_scope"] = " ".join(app.optional_scopes)
        address = f"/oauth/authorize?{urlencode(query)}"
        links.append(el("a", "Install link", href=address, title=f"Leads to {uri}", class_="button main"))
    return links[:1] or el("span", "No redirect address: there can be no install link.", class_="quiet")


def _configuration(app: App) -> Markup:
    webhook = app.webhook
    rotation = f"yes, the old one works {app.refresh_grace_s} s longer" if app.rotate_refresh_tokens else "no"
    return section(
        "Configuration",
        facts(
            [
                ("Redirect addresses", _codes(app.redirect_uris)),
                ("Required scopes", _codes(app.required_scopes)),
                ("Conditionally required scopes", _codes(app.conditional_scopes)),
                ("Optional scopes", _codes(app.optional_scopes)),
                ("Webhooks go to", el("code", webhook.target_url) if webhook else "nowhere"),
                ("Concurrent requests", str(webhook.max_concurrent_requests) if webhook else "–"),
                ("Time-out", f"{webhook.timeout_ms:,} ms" if webhook else "–"),
                ("Access tokens live", f"{app.access_token_ttl_s:,} s"),
                ("Codes live", f"{app.code_ttl_s:,} s"),
                ("Refresh tokens rotate", rotation),
                ("Access tokens after uninstall", "live on" if app.tokens_outlive_uninstall else "die"),
                ("Developer API key", _hidden(app.developer_api_key)),
                *_distribution(app),
            ]
        ),
        beside=el("a", "Edit", href=f"{app_address(app)}/edit"),
    )


def _hidden(value: str) -> Markup:
    return el("details", el("summary", "Show"), el("code", value))


def _distribution(app: App) -> list[tuple[str, Child]]:
    """How it comes to accounts, where that is out of the ordinary."""
    rows: list[tuple[str, Child]] = []
    if app.listing is not None:
        rows.append(("Marketplace", el("a", "Listed", href=f"/marketplace/apps/{app.app_id}")))
    if app.install_cap is not None:
        rows.append(("Most accounts", f"{app.install_cap:,}"))
    if app.verified_domain is not None:
        rows.append(("Verified domain", app.verified_domain))
    if app.private_distribution:
        rows.append(("Only for accounts", ", ".join(map(str, app.allowed_portals)) or "none"))
    if app.user_level:
        rows.append(("Acts for", "a user"))
    return rows


def _codes(values: tuple[str, ...]) -> Child:
    return el("ul", [el("li", el("code", value)) for value in values], class_="plain") if values else "none"
