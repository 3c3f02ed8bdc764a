"""The frame of every page for people. It says that this is an emulator; nothing on it is inline."""

from __future__ import annotations

import mimetypes
from functools import cache
from importlib.resources import files

import falcon

from emulator.web.html import Child, Markup, el

NAVIGATION = (
    ("Accounts", "/"),
    ("Apps", "/_ui/apps"),
    ("Deliveries", "/_ui/deliveries"),
    ("Requests", "/_ui/requests"),
    ("Faults", "/_ui/faults"),
    ("Clock", "/_ui/clock"),
)
STYLES = ("base", "frame", "data", "forms")
STATIC = (*(f"{name}.css" for name in STYLES), "live.js", "icon.svg")


def show(
    resp: falcon.Response,
    title: str,
    *content: Child,
    status: int = 200,
    current: str = "",
    form_target: str = "",
    frame_source: str = "",
    narrow: bool = False,
    beside: Child = None,
) -> None:
    """Write a page. `form_target` and `frame_source` are the one other origin that a form leads to, a frame shows."""
    resp.status = status
    resp.content_type = "text/html; charset=utf-8"
    resp.data = _document(title, content, current, narrow, beside).encode("utf-8", "replace")
    resp.set_header("Content-Security-Policy", _policy(form_target, frame_source))
    # With none at all, browsers would not say which origin a form was sent from.
    resp.set_header("Referrer-Policy", "same-origin")
    resp.set_header("X-Content-Type-Options", "nosniff")
    resp.set_header("Cache-Control", "no-store")


def _policy(form_target: str, frame_source: str) -> str:
    frames = f" frame-src {frame_source};" if frame_source else ""
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self';"
        f"{frames} base-uri 'none'; frame-ancestors 'none'; form-action 'self' {form_target}"
    ).strip()


def _document(title: str, content: tuple[Child, ...], current: str, narrow: bool, beside: Child) -> str:
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", f"{title} · HubSpot emulator"),
        [el("link", rel="stylesheet", href=f"/_ui/static/{name}.css") for name in STYLES],
        el("link", rel="icon", type="image/svg+xml", href="/_ui/static/icon.svg"),
        el("script", src="/_ui/static/live.js", defer=True),
    )
    main = el("main", *content, id="content", class_="narrow" if narrow else None, tabindex=-1)
    skip = el("a", "Skip to content", href="#content", class_="skip")
    body = el("body", skip, _header(current, narrow, beside), main)
    return "<!doctype html>" + el("html", head, body, lang="en")


def _header(current: str, narrow: bool, beside: Child) -> Markup:
    links = [
        el("a", name, href=address, aria_current="page" if name == current else None) for name, address in NAVIGATION
    ]
    brand = [el("span", class_="mark", aria_hidden="true"), el("strong", "HubSpot emulator")]
    return el(
        "header",
        el("p", el("span", brand) if narrow else el("a", brand, href="/"), el("small", "Not HubSpot"), class_="brand"),
        None if narrow else el("nav", links, aria_label="Main"),
        beside,
    )


def heading(title: str, *actions: Child, crumbs: Child = None, below: Child = None) -> Markup:
    """The top of a page: where it is, what it is, what can be done there."""
    return el(
        "div",
        el("div", el("p", crumbs, class_="crumbs") if crumbs else None, el("h1", title), below),
        el("div", *actions, class_="actions") if actions else None,
        class_="heading",
    )


def trail(*steps: tuple[str, str]) -> Child:
    """Links to what a page is part of. The page itself is the heading below them, so nothing follows the last."""
    between = el("span", " / ", aria_hidden="true")
    return [[between if place else None, el("a", name, href=address)] for place, (name, address) in enumerate(steps)]


def notice(*content: Child, bad: bool = False) -> Markup:
    return el("div", *content, class_="notice bad" if bad else "notice", role="alert" if bad else "status")


def success(*content: Child) -> Markup:
    """What was just done."""
    return el("div", *content, class_="notice good", role="status")


def section(title: str, *content: Child, note: Child = None, beside: Child = None, name: str = "") -> Markup:
    return el(
        "section",
        el("div", el("h2", title), beside, class_="subheading"),
        el("p", note, class_="quiet") if note else None,
        *content,
        id=name or None,
    )


def field(label: str, control: Child, hint: Child = None) -> Markup:
    """A control with its label around it."""
    return el("label", el("span", label), control, el("small", hint) if hint else None, class_="field")


def button(label: Child, *, kind: str = "", **attributes: str | int | bool | None) -> Markup:
    return el("button", label, type="submit", class_=kind or None, **attributes)


def back_to(resp: falcon.Response, address: str) -> None:
    """After a form was handled: see other."""
    resp.status = 303
    resp.set_header("Location", address)


@cache
def _static(name: str) -> bytes:
    return files("emulator.web").joinpath("static", name).read_bytes()


class StaticFile:
    def __init__(self, name: str) -> None:
        self._name = name
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self._content_type = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = self._content_type
        resp.data = _static(self._name)
        resp.set_header("Cache-Control", "no-cache")
        resp.set_header("X-Content-Type-Options", "nosniff")
