"""What the consent page says and asks, whether the app or the marketplace led to it."""

from __future__ import annotations

from urllib.parse import urlsplit

import falcon

from emulator.crm.owners import User
from emulator.oauth.apps import App
from emulator.oauth.consent import ConsentRequest, may_approve
from emulator.oauth.grants import Install
from emulator.oauth.scopes import in_words
from emulator.portals import Portal
from emulator.web.html import Child, Markup, el
from emulator.web.pages.layout import button, notice, show


def ask(
    resp: falcon.Response,
    request: ConsentRequest,
    portal: Portal,
    install: Install | None,
    scopes: frozenset[str],
    action: str,
) -> None:
    target = urlsplit(request.redirect_uri)
    origin = f"{target.scheme}://{target.netloc}"
    show(
        resp,
        f"Connect {request.app.name}",
        el("h1", f"Connect {request.app.name} to HubSpot"),
        el("p", el("strong", portal.name), el("br"), f"{portal.hub_id} · {region(portal)}", class_="account"),
        _standing(request.app),
        notice("Connected already: granting again adds what is new.") if install else None,
        el(
            "form",
            el("input", type="hidden", name="hub_id", value=portal.hub_id),
            _permissions(request, scopes),
            el("fieldset", el("legend", "Who is granting this?"), [_user(user, portal) for user in portal.users]),
            _who_may(portal, request.unapproved(install, scopes)),
            el(
                "p",
                button("Grant access", kind="main", name="decision", value="grant"),
                button("Cancel", name="decision", value="cancel"),
                class_="actions",
            ),
            method="post",
            action=action,
        ),
        el("p", "You will go back to ", el("code", origin), class_="quiet"),
        form_target=origin,
        narrow=True,
    )


def refuse(resp: falcon.Response, message: str, status: int = 200) -> None:
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


def wanted_scopes(form: list[tuple[str, str]]) -> list[str] | None:
    """The optional scopes left on, when the form offered to switch them off."""
    if ("offered", "optional") not in form:
        return None
    return [value for name, value in form if name == "optional"]


def region(portal: Portal) -> str:
    return {"na1": "North America", "eu1": "Europe"}.get(portal.hublet, portal.hublet)


def _standing(app: App) -> Child:
    """How far HubSpot vouches for the developer: developers.hubspot.com/docs/api/developer-identity"""
    if app.listing is not None:
        return None
    if app.verified_domain is not None:
        return notice(f"By {app.verified_domain}. This app is not listed on the HubSpot Marketplace.")
    return notice("This app's developer is not verified. Connect it only if you trust where the link came from.")


def _permissions(request: ConsentRequest, scopes: frozenset[str]) -> Child:
    rows = [el("li", in_words(scope), el("code", scope)) for scope in request.scopes]
    optional = [_optional(scope) for scope in request.optional_scopes if scope in scopes]
    return [
        el("h2", "It will be able to"),
        el("ul", rows, optional, class_="permissions"),
        el("input", type="hidden", name="offered", value="optional") if optional else None,
    ]


def _optional(scope: str) -> Markup:
    box = el("input", type="checkbox", name="optional", value=scope, checked=True)
    return el("li", el("label", box, f" {in_words(scope)} (optional)"), el("code", scope))


def _user(user: User, portal: Portal) -> Markup:
    role = "Super Admin" if user.super_admin else "User"
    if user.marketplace_access:
        role = "User with App Marketplace access"
    chosen = user == next((each for each in portal.users if each.super_admin), portal.users[0])
    choice = el("input", type="radio", name="user_id", value=user.user_id, checked=chosen)
    return el(
        "label", choice, el("span", user.name or user.email, el("small", f"{user.email} · {role}")), class_="choice"
    )


def _who_may(portal: Portal, unapproved: frozenset[str]) -> Child:
    if not unapproved or all(map(may_approve, portal.users)):
        return None
    return el(
        "p",
        "Not everything here is approved in this account yet: that takes a Super Admin, or App Marketplace access.",
        class_="quiet",
    )
