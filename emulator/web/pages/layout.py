"""The frame of every page for people. It says that this is an emulator; nothing on it is inline."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import falcon

from emulator.web.html import Child, Markup, el

NAVIGATION = (
    ("Accounts", "/"),
    ("Deliveries", "/_ui/deliveries"),
    ("Requests", "/_ui/requests"),
    ("Marketplace", "/marketplace/apps"),
    ("Controls", "/_ui/controls"),
)


def show(
    resp: falcon.Response,
    title: str,
    *content: Child,
    status: int = 200,
    current: str = "",
    form_target: str = "",
    narrow: bool = False,
) -> None:
    """Write a page. `form_target` is the one other origin that a form on it may lead to."""
    resp.status = status
    resp.content_type = "text/html; charset=utf-8"
    resp.data = _document(title, content, current, narrow).encode("utf-8", "replace")
    resp.set_header("Content-Security-Policy", _policy(form_target))
    resp.set_header("Referrer-Policy", "no-referrer")
    resp.set_header("X-Content-Type-Options", "nosniff")
    resp.set_header("Cache-Control", "no-store")


def _policy(form_target: str) -> str:
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none';"
        f" form-action 'self' {form_target}"
    ).strip()


def _document(title: str, content: tuple[Child, ...], current: str, narrow: bool) -> str:
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", f"{title} · HubSpot emulator"),
        el("link", rel="stylesheet", href="/_ui/style.css"),
        el("link", rel="icon", type="image/svg+xml", href="/_ui/icon.svg"),
    )
    main = el("main", *content, id="content", class_="narrow" if narrow else None)
    body = el("body", el("a", "Skip to content", href="#content", class_="skip"), _header(current, narrow), main)
    return "<!doctype html>" + el("html", head, body, lang="en")


def _header(current: str, narrow: bool) -> Markup:
    links = [
        el("a", name, href=address, aria_current="page" if name == current else None) for name, address in NAVIGATION
    ]
    return el(
        "header",
        el("p", el("strong", "HubSpot emulator"), el("span", "Not HubSpot: made-up data on this machine")),
        None if narrow else el("nav", links, aria_label="Main"),
    )


def notice(text: str, *, bad: bool = False) -> Markup:
    return el("p", text, class_="notice bad" if bad else "notice", role="alert" if bad else "status")


def table(headings: list[str], rows: list[list[Child]], empty: str, caption: str) -> Markup:
    """A table that scrolls within itself on a narrow screen."""
    if not rows:
        return el("p", empty, class_="empty")
    head = el("thead", el("tr", [el("th", heading, scope="col") for heading in headings]))
    body = el("tbody", [el("tr", [el("td", cell) for cell in row]) for row in rows])
    inner = el("table", el("caption", caption, class_="hidden"), head, body)
    return el("div", inner, class_="scroll", tabindex=0, role="region", aria_label=caption)


def field(label: str, control: Child, hint: str | None = None) -> Markup:
    return el("label", el("span", label), control, el("small", hint) if hint else None)


def button(text: str, *, kind: str = "", **attributes: str | int | bool | None) -> Markup:
    return el("button", text, type="submit", class_=kind or None, **attributes)


def back_to(resp: falcon.Response, address: str) -> None:
    """After a form was handled: see other."""
    resp.status = 303
    resp.set_header("Location", address)


@cache
def _static(name: str) -> bytes:
    return files("emulator.web").joinpath("static", name).read_bytes()


class StaticFile:
    def __init__(self, name: str, content_type: str) -> None:
        self._name = name
        self._content_type = content_type

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = self._content_type
        resp.data = _static(self._name)
        resp.set_header("Cache-Control", "max-age=300")
