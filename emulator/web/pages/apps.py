"""Which apps there are; and the form that configures one."""

from __future__ import annotations

import random
import uuid
from dataclasses import replace

import falcon

from emulator.control.apps import read_app
from emulator.control.fields import Rejected
from emulator.oauth.apps import App
from emulator.web.html import Child, Markup, el
from emulator.web.pages.forms import Form, button, checkbox, digits, field, post, read_form, text
from emulator.web.pages.layout import back_to, heading, notice, section, trail
from emulator.web.pages.page import Page, app_address, said
from emulator.web.pages.tables import Column, nothing, table
from emulator.world import Emulator

_LISTS = ("redirect_uris", "required_scopes", "conditional_scopes", "optional_scopes")
_NUMBERS = ("access_token_ttl_s", "code_ttl_s", "refresh_grace_s")
# What the form cannot change of an app that is there.
_FIXED = ("client_id", "app_id", "subscriptions")


class Apps(Page):
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        apps = list(self.emulator.apps.values())
        new = el("a", "New app", href="/_ui/apps/new", class_="button main")
        market = el("a", "Marketplace", href="/marketplace/apps", class_="button")
        columns: list[Column | str] = [
            "App",
            Column("App id", "number"),
            Column("Client id", "code"),
            Column("Accounts", "number"),
            Column("Subscriptions", "number"),
            Column("Webhooks go to", "code"),
        ]
        self.show(
            resp,
            "Apps",
            heading("Apps", market, new if apps else None),
            table("Apps", columns, [self._row(app) for app in apps], _none()),
            current="Apps",
        )

    def _row(self, app: App) -> list[Child]:
        with self.emulator.lock:
            installs = sum(1 for client_id, _ in self.emulator.grants.installs if client_id == app.client_id)
        return [
            el("a", el("strong", app.name), href=app_address(app)),
            str(app.app_id),
            app.client_id,
            f"{installs:,}",
            f"{len(app.subscriptions):,}",
            app.webhook.target_url if app.webhook else el("span", "nowhere", class_="quiet"),
        ]


def _none() -> Markup:
    return nothing(
        el("strong", "No apps yet."),
        el("br"),
        "An app has a client id and secret, redirect addresses, scopes, and the address its webhooks go to.",
        el("br"),
        el("a", "New app", href="/_ui/apps/new", class_="button main"),
    )


class NewApp(Page):
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        _show_form(self, resp, _fresh(self.emulator), None, None)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = read_form(req)
        try:
            if not form.text("client_id") or not form.text("client_secret"):
                raise Rejected("An app needs a client_id and a client_secret.")
            app = read_app(described(form), None, self.emulator.clock.now_ms())
            if any(app.client_id == each.client_id or app.app_id == each.app_id for each in _apps(self.emulator)):
                raise Rejected("There is an app with this client id or app id already. Choose others.")
        except Rejected as rejected:
            _show_form(self, resp, form, None, str(rejected))
        else:
            self.emulator.add_app(app)
            back_to(resp, said(app_address(app), "made"))


class EditApp(Page):
    def on_get(self, _req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        app = self.app(app_id)
        _show_form(self, resp, _as_form(app), app, None)

    def on_post(self, req: falcon.Request, resp: falcon.Response, app_id: str) -> None:
        app, form = self.app(app_id), read_form(req)
        try:
            secret = form.text("client_secret") or app.client_secret
            order = {**described(form), "client_id": app.client_id, "app_id": app.app_id, "client_secret": secret}
            wanted = read_app(order, app, self.emulator.clock.now_ms())
        except Rejected as rejected:
            _show_form(self, resp, form, app, str(rejected))
            return
        edited = {name: getattr(wanted, name) for name in _edited(form)}
        with self.emulator.lock:
            self.emulator.add_app(replace(self.app(app_id), **edited))
        back_to(resp, said(app_address(app), "edited"))


def _apps(emulator: Emulator) -> list[App]:
    return list(emulator.apps.values())


def _edited(form: Form) -> list[str]:
    """What the form is about; an app may have more to it."""
    return [name for name in described(form) if name not in _FIXED] + ([] if form.text("target_url") else ["webhook"])


def described(form: Form) -> dict[str, object]:
    """What the form says, as the control API takes it.

    Raises Rejected.
    """
    body: dict[str, object] = {
        "client_id": form.text("client_id"),
        "client_secret": form.text("client_secret"),
        "name": form.text("name") or form.text("client_id"),
        "rotate_refresh_tokens": form.text("rotate_refresh_tokens") == "yes",
    }
    if form.text("app_id"):
        body["app_id"] = _whole(form, "app_id")
    body |= {name: form.lines(name) for name in _LISTS}
    body |= {name: _whole(form, name) for name in _NUMBERS if form.text(name)}
    if form.text("target_url"):
        body["webhook"] = {
            "target_url": form.text("target_url"),
            "max_concurrent_requests": _whole(form, "max_concurrent_requests"),
            "timeout_ms": _whole(form, "timeout_ms"),
        }
    return body


def _whole(form: Form, name: str) -> int:
    number = form.number(name)
    if number is None:
        raise Rejected(f"{name} must be a whole number, not {form.text(name)[:40]!r}.")
    return number


def _fresh(emulator: Emulator) -> Form:
    dice = random.Random()
    taken = {app.app_id for app in _apps(emulator)}
    while (app_id := dice.randrange(1_000_000, 99_999_999)) in taken:
        continue
    return Form(
        [
            ("client_id", str(uuid.uuid4())),
            ("client_secret", str(uuid.uuid4())),
            ("app_id", str(app_id)),
            ("redirect_uris", "http://localhost:3000/oauth/callback"),
            ("required_scopes", "oauth"),
            ("conditional_scopes", "crm.objects.contacts.read\ncrm.objects.contacts.write"),
        ]
    )


def _as_form(app: App) -> Form:
    webhook = app.webhook
    return Form(
        [
            ("name", app.name),
            *((name, "\n".join(getattr(app, name))) for name in _LISTS),
            *((name, str(getattr(app, name))) for name in _NUMBERS),
            ("rotate_refresh_tokens", "yes" if app.rotate_refresh_tokens else ""),
            ("target_url", webhook.target_url if webhook else ""),
            ("max_concurrent_requests", str(webhook.max_concurrent_requests if webhook else 10)),
            ("timeout_ms", str(webhook.timeout_ms if webhook else 5_000)),
        ]
    )


def _show_form(page: Page, resp: falcon.Response, form: Form, app: App | None, error: str | None) -> None:
    title = f"Edit {app.name}" if app else "New app"
    crumbs = trail(("Apps", "/_ui/apps"), *([(app.name, app_address(app))] if app else []))
    page.show(
        resp,
        title,
        heading(title, crumbs=crumbs),
        notice(error, bad=True) if error else None,
        post(
            _identity(form, app),
            _consent(form),
            _webhooks(form),
            _tokens(form),
            el(
                "p",
                button("Save" if app else "Create app", kind="main"),
                el("a", "Cancel", href=app_address(app) if app else "/_ui/apps", class_="button quiet"),
                class_="actions",
            ),
        ),
        status=400 if error else 200,
        current="Apps",
    )


def _identity(form: Form, app: App | None) -> Markup:
    fixed = (
        []
        if app
        else [
            field("App id", digits("app_id", form.text("app_id"), required=True)),
            field("Client id", text("client_id", form.text("client_id"), required=True)),
        ]
    )
    kept = {"placeholder": "unchanged"} if app else {}
    secret = field("Client secret", text("client_secret", form.text("client_secret"), required=app is None, **kept))
    return section("The app", el("div", field("Name", text("name", form.text("name"))), fixed, secret, class_="grid"))


def _area(label: str, name: str, form: Form, hint: str) -> Markup:
    return field(label, el("textarea", f"\n{form.text(name)}", name=name, rows=5, spellcheck="false"), hint)


def _consent(form: Form) -> Markup:
    return section(
        "Consent",
        el(
            "div",
            _area("Redirect addresses", "redirect_uris", form, "One per line: https, or http on localhost"),
            _area("Required scopes", "required_scopes", form, "Every install link must ask for these"),
            _area("Conditionally required scopes", "conditional_scopes", form, "A link may ask for these"),
            _area("Optional scopes", "optional_scopes", form, "Granted if the account has the feature"),
            class_="grid",
        ),
    )


def _webhooks(form: Form) -> Markup:
    return section(
        "Webhooks",
        el(
            "div",
            field(
                "Target address", text("target_url", form.text("target_url"), placeholder="http://localhost:3000/hooks")
            ),
            field("Concurrent requests", digits("max_concurrent_requests", form.text("max_concurrent_requests", "10"))),
            field("Time-out in ms", digits("timeout_ms", form.text("timeout_ms", "5000"))),
            class_="grid",
        ),
        note="Without a target address nothing is sent.",
    )


def _tokens(form: Form) -> Markup:
    return section(
        "Tokens",
        el(
            "div",
            field("Access tokens live (s)", digits("access_token_ttl_s", form.text("access_token_ttl_s", "1800"))),
            field("Codes live (s)", digits("code_ttl_s", form.text("code_ttl_s", "600"))),
            field(
                "A rotated refresh token still works (s)", digits("refresh_grace_s", form.text("refresh_grace_s", "0"))
            ),
            class_="grid",
        ),
        checkbox(
            "rotate_refresh_tokens",
            "yes",
            "Rotate refresh tokens: each refresh makes a new one",
            checked=form.text("rotate_refresh_tokens") == "yes",
        ),
    )
